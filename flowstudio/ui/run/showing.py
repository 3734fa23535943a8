"""What the run's page is sent of the run, part by part; see assets/components/run/."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from flowstudio.clock import utc_now
from flowstudio.engine.contract import NodeType
from flowstudio.engine.events import FINISHED
from flowstudio.graph.document import Document
from flowstudio.services.runs import RunView
from flowstudio.services.step_details import StepDetail
from flowstudio.services.timelines import Timeline
from flowstudio.ui.run.bars import bar
from flowstudio.ui.run.details import detail as detail_of
from flowstudio.ui.run.feed import output_key
from flowstudio.ui.run.present import node_names, node_states, step_rows
from flowstudio.ui.run.sending import Sender
from flowstudio.ui.widgets.drawing import draw_large

#: A picture of more nodes tells nobody anything, and slows the page down.
_MOST_DRAWN = 300
Types = Mapping[str, NodeType[Any]]


def picture(sender: Sender, document: Document, types: Types) -> bool:
    """The graph, unless it is too large; gives whether there is one."""
    if len(document.nodes) > _MOST_DRAWN:
        return False
    sender.put("picture", asdict(draw_large(document, types)))
    return True


def states(sender: Sender, document: Document, timeline: Timeline, *, has_picture: bool) -> None:
    """How each node of the picture stands."""
    if has_picture:
        for name, state in node_states(document, timeline).items():
            sender.put(f"state:{name}", state)


def timeline(
    sender: Sender, run: RunView, line: Timeline, opened: Mapping[str, int], types: Types
) -> None:
    """The bars that are to be seen, of which only changed ones are sent."""
    origin = run.started_at or run.created_at
    rows = [bar(row, origin, types) for row in line.rows(opened)]
    for row in rows:
        sender.put(f"bar:{row['key']}", row)
    is_live = run.status not in FINISHED and run.status != "queued"
    end = run.finished_at or line.last_at or origin
    head = {
        "order": [row["key"] for row in rows],
        "origin": origin.isoformat(),
        "end": max(1, round((end - origin).total_seconds() * 1000)),
        "live": is_live,
    }
    if sender.is_new("of:timeline", repr(head)):
        now = round((utc_now() - origin).total_seconds() * 1000)
        sender.put("timeline", head | {"now": now})


def steps(
    sender: Sender, document: Document, line: Timeline, types: Types, most: int
) -> list[tuple[str, str, str]]:
    """The cards of the first nodes; gives the live name, path and type of each output to show."""
    names = node_names(document)
    rows = step_rows(document, names[:most], line, types)
    for row in rows:
        sender.put(f"step:{row.name}", asdict(row))
    sender.put("steps", {"names": names[:most], "left": max(0, len(names) - most)})
    return [(output_key(row.name), row.path, row.type) for row in rows if row.has_output]


def mark(line: Timeline, path: str, status: str) -> str:
    """Changes when the details of a step have to be shown anew."""
    place = line.places.get(path)
    if not path or place is None:
        return path
    step = line.book.steps.get(path)
    said = (step.status, step.attempts, step.seq) if step else (place.ended_at,)
    return f"{path} {status in FINISHED} {said} {place.spans[-1:]}"


def detail(
    sender: Sender, found: StepDetail, types: Types, run: RunView, *, can_rerun: bool
) -> None:
    """One step in full."""
    sender.put("detail", detail_of(found, types, run, can_rerun=can_rerun))
