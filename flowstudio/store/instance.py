"""Facts about the whole installation."""

from sqlmodel import Session

from flowstudio.store.tables.audit import InstanceRow


def find_fact(session: Session, name: str) -> str | None:
    """A fact, or None."""
    row = session.get(InstanceRow, name)
    return row.value if row is not None else None


def set_fact(session: Session, name: str, value: str) -> None:
    """Set a fact."""
    row = session.get(InstanceRow, name) or InstanceRow(name=name, value=value)
    row.value = value
    session.add(row)
    session.flush()
