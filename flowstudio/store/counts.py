"""How much there is of everything."""

from dataclasses import dataclass

from sqlmodel import Session, text

_COUNTS = (
    'SELECT (SELECT count(*) FROM "user" WHERE is_active),'
    " (SELECT count(*) FROM \"user\" WHERE is_active AND role='admin'),"
    " (SELECT count(*) FROM run WHERE status IN ('queued', 'running')),"
    " (SELECT count(*) FROM run WHERE status IN ('waiting', 'paused')),"
    " (SELECT coalesce(max(seq), 0) FROM audit_entry)"
)


@dataclass(frozen=True, slots=True)
class Counts:
    """Of the whole installation; people and admins are the active ones."""

    people: int
    admins: int
    open_runs: int
    waiting_runs: int
    audit_entries: int


def count_all(session: Session) -> Counts:
    """Count everything at one moment."""
    return Counts(*session.connection().execute(text(_COUNTS)).one())
