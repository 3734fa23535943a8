"""Telling people that a schedule missed its times, or paused itself."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from flowstudio.services.schedule_words import day_and_time
from flowstudio.services.wall_clock import read_zone
from flowstudio.store import notices
from flowstudio.store.notices import Members, Notice, People
from flowstudio.store.schedules import ScheduleRecord


def tell_of_missed(
    session: Session, schedule: ScheduleRecord, missed: Sequence[datetime], now: datetime
) -> None:
    """Tell whoever it belongs to, once for all slots that were missed together."""
    times = "a time" if len(missed) == 1 else f"{len(missed):,} times"
    zone = read_zone(schedule.zone)
    _tell(
        session,
        schedule,
        f"{_name(schedule)} missed {times}",
        f"The studio was off, or the schedule was paused. The last one missed was "
        f"{day_and_time(missed[-1], zone)}.",
        f"missed:{missed[-1].isoformat()}",
        now,
    )


def tell_of_pause(session: Session, schedule: ScheduleRecord, reason: str, now: datetime) -> None:
    """Tell those who may change it that a schedule paused itself."""
    title = f"{_name(schedule)} has paused itself"
    # Whom it belongs to may be the very person who is gone.
    _tell(session, schedule, title, reason, f"paused:{schedule.revision}", now, Members())


def _tell(  # noqa: PLR0913 - what a notice is
    session: Session,
    schedule: ScheduleRecord,
    title: str,
    body: str,
    what: str,
    now: datetime,
    to: Members | None = None,
) -> None:
    owner = People([schedule.owner_id]) if schedule.owner_id else Members()
    notices.add(
        session,
        Notice(
            type="schedule_missed",
            to=to or owner,
            key=f"schedule:{schedule.id}:{what}",
            title=title,
            at=now,
            body=body,
            link=f"/schedules/{schedule.id}",
            project_id=schedule.project_id,
            workflow_id=schedule.workflow_id,
        ),
    )


def _name(schedule: ScheduleRecord) -> str:
    return f"The schedule {schedule.name or 'of ' + schedule.workflow}"
