"""What the routes of schedules take and give."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from flowstudio.api.schemas.base import Input, Output
from flowstudio.api.schemas.workflows import ID, WHEN, Usd
from flowstudio.services.schedules import ScheduleView

Kind = Literal["cron", "interval", "once"]
Misfire = Literal["skip", "once", "all"]
Overlap = Literal["skip", "queue", "cancel"]
SlotState = Literal["claimed", "queued", "begun", "missed", "skipped", "failed"]

_TIMING: JsonDict = {"kind": "cron", "expression": "0 9 * * 1-5", "zone": "Europe/Berlin"}
_NEXT: JsonDict = {"at": WHEN, "text": "Tue 24 Nov 2026, 13:00 CET"}
_SLOT: JsonDict = {
    "id": ID,
    "slot_utc": WHEN,
    "run_id": ID,
    "state": "begun",
    "reason": "",
    "fired_at": WHEN,
    "run_status": "succeeded",
}
_SCHEDULE: JsonDict = _TIMING | {
    "id": ID,
    "project_id": ID,
    "workflow_id": ID,
    "workflow": "Greet",
    "owner_id": ID,
    "owner": "Ann",
    "name": "Every morning",
    "start_at": None,
    "end_at": None,
    "jitter_s": 0,
    "misfire": "once",
    "misfire_most": 10,
    "overlap": "skip",
    "inputs": {},
    "max_cost_usd": None,
    "is_paused": False,
    "paused_reason": "",
    "next_at": WHEN,
    "created_at": WHEN,
    "updated_at": WHEN,
    "words": "At 09:00, Monday through Friday",
    "rule": "A time that the clocks skip comes once, at the moment they go forward; a time that "
    "comes twice counts the first time.",
    "next_times": [_NEXT],
    "last": _SLOT,
}
_Expression = Annotated[
    str,
    Field(
        max_length=200,
        description="A cron line, a length such as `15m`, or a time such as `2026-11-24T09:00`.",
    ),
]
_Zone = Annotated[str, Field(max_length=100, description="Such as `Europe/Berlin`.")]
_Moment = Annotated[
    str, Field(max_length=40, description="A time in the zone or with an offset; empty for none.")
]
_Jitter = Annotated[
    int, Field(ge=0, le=86_400, strict=True, description="Each slot is begun up to so much later.")
]
_Most = Annotated[
    int, Field(ge=1, le=100, strict=True, description="How many missed slots `all` makes up for.")
]
_Name = Annotated[str, Field(max_length=100)]


class TimingIn(Input):
    """When; nothing is kept."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"example": _TIMING})

    kind: Kind
    expression: _Expression
    zone: _Zone = "UTC"
    start: _Moment = ""
    end: _Moment = ""


class ScheduleIn(TimingIn):
    """A workflow, and when it is to run by itself."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"example": _TIMING | {"workflow_id": ID, "name": "Every morning"}},
    )

    workflow_id: str = Field(min_length=1, max_length=100)
    name: _Name = ""
    jitter_s: _Jitter = 0
    misfire: Misfire = "once"
    misfire_most: _Most = 10
    overlap: Overlap = "skip"
    inputs: dict[str, Any] = {}
    max_cost_usd: Usd | None = None


class ScheduleEditIn(Input):
    """What is to be different; what is left out stays."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"example": {"expression": "30 8 * * *"}}
    )

    kind: Kind | None = None
    expression: _Expression | None = None
    zone: _Zone | None = None
    start: _Moment | None = None
    end: _Moment | None = None
    name: _Name | None = None
    jitter_s: _Jitter | None = None
    misfire: Misfire | None = None
    misfire_most: _Most | None = None
    overlap: Overlap | None = None
    inputs: dict[str, Any] | None = None
    max_cost_usd: Usd | None = Field(None, description="Null takes the limit away.")

    def changes(self) -> dict[str, Any]:
        """What was given."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        return {
            name: value
            for name, value in given.items()
            if value is not None or name == "max_cost_usd"
        }


class NextTimeOut(Output):
    """A time to come."""

    model_config = ConfigDict(
        from_attributes=True, frozen=True, json_schema_extra={"example": _NEXT}
    )

    at: datetime
    text: str = Field(description="As clocks and calendars of the schedule's zone show it.")


class SchedulePreviewOut(Output):
    """What a schedule would do, or what is wrong with it."""

    model_config = ConfigDict(
        from_attributes=True,
        frozen=True,
        json_schema_extra={
            "example": {
                "words": _SCHEDULE["words"],
                "rule": _SCHEDULE["rule"],
                "times": [_NEXT],
                "problems": [],
            }
        },
    )

    words: str
    rule: str = Field(description="What becomes of times that clocks skip or show twice.")
    times: list[NextTimeOut] = Field(description="The next five.")
    problems: list[str] = Field(description="All of them, each beginning with its field.")


class SlotOut(Output):
    """A time that has come, and what became of it."""

    model_config = ConfigDict(
        from_attributes=True, frozen=True, json_schema_extra={"example": _SLOT}
    )

    id: str
    slot_utc: datetime
    run_id: str = Field(description="Empty when nothing was run.")
    state: SlotState
    reason: str
    fired_at: datetime | None = Field(description="When the run was begun.")
    run_status: str = Field(description="Empty when there is no run, or none any more.")


class ScheduleOut(Output):
    """When a workflow runs by itself."""

    model_config = ConfigDict(
        from_attributes=True, frozen=True, json_schema_extra={"example": _SCHEDULE}
    )

    id: str
    project_id: str
    workflow_id: str
    workflow: str = Field(description="Its name.")
    owner_id: str | None
    owner: str = Field(description="The person as whom it runs.")
    name: str
    kind: Kind
    expression: str
    zone: str
    start_at: datetime | None
    end_at: datetime | None
    jitter_s: int
    misfire: Misfire
    misfire_most: int
    overlap: Overlap
    inputs: dict[str, Any]
    max_cost_usd: Decimal | None
    is_paused: bool
    paused_reason: str = Field(description="Why it paused itself; empty when somebody did it.")
    next_at: datetime | None = Field(
        description="When the next slot is begun; null after the last."
    )
    created_at: datetime
    updated_at: datetime
    words: str
    rule: str = Field(description="What becomes of times that clocks skip or show twice.")
    next_times: list[NextTimeOut]
    last: SlotOut | None


def schedule_out(view: ScheduleView) -> ScheduleOut:
    """A schedule as routes give it."""
    own = set(ScheduleOut.model_fields) - {"words", "rule", "next_times", "last"}
    return ScheduleOut(
        **{name: getattr(view.record, name) for name in own},
        words=view.words,
        rule=view.rule,
        next_times=[NextTimeOut.model_validate(time) for time in view.next_times],
        last=SlotOut.model_validate(view.last) if view.last is not None else None,
    )
