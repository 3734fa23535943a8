"""`flowstudio --server URL schedules …`."""

import sys
from typing import Any

from flowstudio.cli.remote import current_server
from flowstudio.cli.remote_events import follow
from flowstudio.cli.remote_run import as_object
from flowstudio.cli.results import tell
from flowstudio.cli.schedules import print_schedule, print_schedules, print_state

_FIELDS = (
    "name",
    "workflow",
    "words",
    "zone",
    "next_at",
    "next_times",
    "is_paused",
    "paused_reason",
)
_SLOT_FIELDS = ("slot_utc", "state", "run_id", "reason")


def list_schedules(limit: int, *, paused: bool, as_json: bool) -> None:
    """Schedules of the projects the key reaches."""
    found = current_server().pages("schedules", limit, paused=True if paused else None)
    print_schedules([_row(item) for item in found], as_json=as_json)


def show(schedule_id: str, limit: int, *, as_json: bool) -> None:
    """A schedule with what became of its latest times."""
    server = current_server()
    row = _row(server.get(f"schedules/{schedule_id}"))
    found = server.pages(f"schedules/{schedule_id}/slots", limit)
    slots = [{name: slot[name] for name in _SLOT_FIELDS} for slot in found]
    print_schedule(row, slots, as_json=as_json)


def pause(schedule_id: str, *, as_json: bool) -> None:
    """Begin nothing until it is resumed."""
    print_state(_row(current_server().post(f"schedules/{schedule_id}/pause")), as_json=as_json)


def resume(schedule_id: str, *, as_json: bool) -> None:
    """Begin again what comes."""
    print_state(_row(current_server().post(f"schedules/{schedule_id}/resume")), as_json=as_json)


def run(schedule_id: str, *, as_json: bool) -> None:
    """Run it now, and wait for the end."""
    server = current_server()
    run_id = server.post(f"schedules/{schedule_id}/run")["run_id"]
    for _event in follow(server, run_id):
        pass
    sys.exit(tell(as_object(server, run_id), as_json=as_json))


def _row(item: dict[str, Any]) -> dict[str, Any]:
    return {"schedule_id": item["id"]} | {name: item[name] for name in _FIELDS}
