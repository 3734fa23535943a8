"""Versions of a workflow that make themselves, so that nothing is lost by a change."""

from datetime import datetime, timedelta

from sqlmodel import Session

from flowstudio.store import versions as store
from flowstudio.store.versions import VersionRecord
from flowstudio.store.workflows import StoredWorkflow

MOST_CHECKPOINTS = 50
DUE_AFTER = timedelta(minutes=10)
DUE_AFTER_REVISIONS = 50


def checkpoint_if_due(
    session: Session, found: StoredWorkflow, now: datetime
) -> VersionRecord | None:
    """Keep what a workflow is before a change, when its last version is too old for that.

    To be called in the transaction of every change, with the workflow as it was before.
    """
    record = found.record
    newest = store.find_newest(session, record.id)
    since = newest.created_at if newest is not None else record.created_at
    behind = record.revision - (newest.revision if newest is not None else 0)
    if now - since < DUE_AFTER and behind < DUE_AFTER_REVISIONS:
        return None
    return checkpoint(session, found, now)


def checkpoint(session: Session, found: StoredWorkflow, now: datetime) -> VersionRecord | None:
    """Keep what a workflow is, unless its newest version is just that."""
    record = found.record
    newest = store.find_newest(session, record.id)
    if newest is not None and newest.revision == record.revision:
        return None
    made = store.add_version(
        session,
        body=found.body,
        workflow_id=record.id,
        kind="checkpoint",
        revision=record.revision,
        created_by=_changer(session, found),
        # Not when it was last changed, or the very next change would be due again.
        created_at=now,
    )
    store.prune_checkpoints(session, record.id, MOST_CHECKPOINTS)
    return made


def _changer(session: Session, found: StoredWorkflow) -> str | None:
    record = found.record
    if record.revision == 1:
        return record.created_by
    return store.find_changer(session, record.id, record.revision)
