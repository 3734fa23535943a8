"""Slots of schedules: claimed, begun, and told of afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast

from sqlalchemy import CursorResult, delete, exists, func, select, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from flowstudio.graph.ids import new_id
from flowstudio.store.runs import UNFINISHED
from flowstudio.store.tables.runs import RunRow
from flowstudio.store.tables.schedules import ScheduleRow, ScheduleSlotRow

#: `claimed`: its run is to be begun; `queued`: after the former; `failed`: it could not be begun.
SlotState = Literal["claimed", "queued", "begun", "missed", "skipped", "failed"]

#: Slots of a schedule that are kept.
MOST_KEPT = 5_000
#: Among how many of the latest slots unfinished runs are looked for.
_LOOKED_AT = 100


@dataclass(frozen=True, slots=True)
class SlotRecord:
    """A time of a schedule that has come.

    Attributes:
        run_status: of its run; "" when there is none, or none any more.
        is_retried: its run has failed, and is tried again by itself.
    """

    id: str
    schedule_id: str
    slot_utc: datetime
    run_id: str
    state: SlotState
    reason: str
    fired_at: datetime | None
    run_status: str
    is_retried: bool

    @property
    def goes_on(self) -> bool:
        """Whether its run has not ended, or is about to be begun."""
        is_open = self.run_status in UNFINISHED or self.is_retried
        return self.state == "claimed" or (self.state == "begun" and is_open)


@dataclass(frozen=True, slots=True)
class Fate:
    """What is to become of a slot, with the reason if it is not the usual."""

    slot: datetime
    state: SlotState
    reason: str = ""


_QUERY = select(ScheduleSlotRow, col(RunRow.status), col(RunRow.retry_at)).join(
    RunRow, col(RunRow.id) == col(ScheduleSlotRow.run_id), isouter=True
)


def add_slots(session: Session, schedule_id: str, fates: Sequence[Fate]) -> None:
    """Write down what becomes of slots, and forget the oldest; what is written already stays."""
    if not fates:
        return
    moments = [fate.slot for fate in fates]
    written = select(col(ScheduleSlotRow.slot_utc)).where(
        col(ScheduleSlotRow.schedule_id) == schedule_id,
        col(ScheduleSlotRow.slot_utc) >= min(moments),
    )
    known = set(session.execute(written).scalars())
    for fate in (fate for fate in fates if fate.slot not in known):
        run_id = new_id() if fate.state in ("claimed", "queued") else ""
        session.add(
            ScheduleSlotRow(
                id=new_id(),
                schedule_id=schedule_id,
                slot_utc=fate.slot,
                run_id=run_id,
                state=fate.state,
                reason=fate.reason,
            )
        )
    session.flush()
    _forget(session, schedule_id)


def _forget(session: Session, schedule_id: str) -> None:
    oldest = (
        select(col(ScheduleSlotRow.slot_utc))
        .where(col(ScheduleSlotRow.schedule_id) == schedule_id)
        .order_by(col(ScheduleSlotRow.slot_utc).desc())
        .limit(1)
        .offset(MOST_KEPT - 1)
        .scalar_subquery()
    )
    session.execute(
        delete(ScheduleSlotRow).where(
            col(ScheduleSlotRow.schedule_id) == schedule_id,
            col(ScheduleSlotRow.slot_utc) < oldest,
            col(ScheduleSlotRow.state).not_in(("claimed", "queued")),
        ),
        execution_options={"synchronize_session": False},
    )


def list_slots(
    session: Session, schedule_id: str, *, limit: int, before: datetime | None = None
) -> list[SlotRecord]:
    """Slots of a schedule, the latest first; before the one given."""
    query = _QUERY.where(col(ScheduleSlotRow.schedule_id) == schedule_id)
    if before is not None:
        query = query.where(col(ScheduleSlotRow.slot_utc) < before)
    found = session.execute(query.order_by(col(ScheduleSlotRow.slot_utc).desc()).limit(limit))
    return [_record(*each) for each in found]


def get_slot(session: Session, slot_id: str) -> SlotRecord:
    """A slot that there is."""
    return _record(*session.execute(_QUERY.where(col(ScheduleSlotRow.id) == slot_id)).one())


def find_latest(session: Session, schedule_ids: Sequence[str]) -> dict[str, SlotRecord]:
    """The latest slot of each of these schedules, by the schedule's id."""
    inner = aliased(ScheduleSlotRow)
    latest = (
        select(func.max(col(inner.slot_utc)))
        .where(col(inner.schedule_id) == col(ScheduleSlotRow.schedule_id))
        .scalar_subquery()
    )
    found = session.execute(
        _QUERY.where(
            col(ScheduleSlotRow.schedule_id).in_(schedule_ids),
            col(ScheduleSlotRow.slot_utc) == latest,
        )
    )
    return {row.schedule_id: _record(row, *rest) for row, *rest in found}


def list_claimed(session: Session, limit: int) -> list[SlotRecord]:
    """Slots whose run is to be begun, the oldest first."""
    query = _QUERY.where(col(ScheduleSlotRow.state) == "claimed")
    found = session.execute(query.order_by(col(ScheduleSlotRow.slot_utc)).limit(limit))
    return [_record(*each) for each in found]


def count_queued(session: Session, schedule_id: str) -> int:
    """How many slots wait for the former's run to end."""
    query = select(func.count()).where(
        col(ScheduleSlotRow.schedule_id) == schedule_id, col(ScheduleSlotRow.state) == "queued"
    )
    found: int = session.execute(query).scalar_one()
    return found


def has_open(session: Session) -> bool:
    """Whether a slot of any schedule is still to be begun."""
    query = select(exists().where(col(ScheduleSlotRow.state).in_(("claimed", "queued"))))
    return bool(session.execute(query).scalar_one())


def has_queued(session: Session) -> bool:
    """Whether a slot of any schedule waits for the former's run to end."""
    query = select(exists().where(col(ScheduleSlotRow.state) == "queued"))
    return bool(session.execute(query).scalar_one())


def list_unfinished(
    session: Session, schedule_id: str, before: datetime | None = None
) -> list[str]:
    """Ids of a schedule's runs that go on, are to be tried again or about to be begun; oldest first.

    With `before`, only of slots before that one.
    """
    found = [
        slot.run_id
        for slot in list_slots(session, schedule_id, limit=_LOOKED_AT, before=before)
        if slot.goes_on
    ]
    return found[::-1]


def release_queued(session: Session) -> None:
    """Claim the first waiting slot of every schedule whose runs have all ended, unless paused."""
    first = (
        select(col(ScheduleSlotRow.schedule_id), func.min(col(ScheduleSlotRow.slot_utc)))
        .join(ScheduleRow, col(ScheduleRow.id) == col(ScheduleSlotRow.schedule_id))
        .where(col(ScheduleSlotRow.state) == "queued", col(ScheduleRow.is_paused).is_(False))
        .group_by(col(ScheduleSlotRow.schedule_id))
    )
    for schedule_id, slot in session.execute(first).all():
        if not list_unfinished(session, schedule_id):
            found = _find_id(session, schedule_id, slot)
            settle(session, found, "queued", "claimed")


def _find_id(session: Session, schedule_id: str, slot: datetime) -> str:
    query = select(col(ScheduleSlotRow.id)).where(
        col(ScheduleSlotRow.schedule_id) == schedule_id, col(ScheduleSlotRow.slot_utc) == slot
    )
    found: str = session.execute(query).scalar_one()
    return found


def drop_queued(session: Session, schedule_id: str, before: datetime, reason: str) -> None:
    """Skip what still waits and is older than that."""
    session.execute(
        update(ScheduleSlotRow)
        .where(
            col(ScheduleSlotRow.schedule_id) == schedule_id,
            col(ScheduleSlotRow.state) == "queued",
            col(ScheduleSlotRow.slot_utc) < before,
        )
        .values(state="skipped", reason=reason, run_id=""),
        execution_options={"synchronize_session": False},
    )


def settle(
    session: Session, slot_id: str, seen: SlotState, state: SlotState, **values: Any
) -> bool:
    """Change what becomes of a slot, if nobody else has since it was seen."""
    done = session.execute(
        update(ScheduleSlotRow)
        .where(col(ScheduleSlotRow.id) == slot_id, col(ScheduleSlotRow.state) == seen)
        .values(state=state, **values),
        execution_options={"synchronize_session": False},
    )
    return cast("CursorResult[Any]", done).rowcount == 1


def _record(row: ScheduleSlotRow, status: str | None, retry_at: datetime | None) -> SlotRecord:
    is_retried = status == "failed" and retry_at is not None
    return SlotRecord(**row.model_dump(), run_status=status or "", is_retried=is_retried)
