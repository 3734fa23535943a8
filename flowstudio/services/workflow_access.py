"""The way to a stored workflow: whoever asks may do so, and it is where it should be."""

from sqlmodel import Session

from flowstudio.errors import ConflictError, NotFoundError
from flowstudio.services.access import Actor, Target, authorize
from flowstudio.store import workflows as store
from flowstudio.store.workflows import StoredWorkflow, WorkflowRecord

#: Of no project: whoever is asked about it is a stranger there.
NO_PROJECT = "-"


def allowed_in(
    session: Session, actor: Actor, verb: str, workflow_id: str, *, is_trashed: bool | None = False
) -> StoredWorkflow:
    """A workflow that the actor may do this to.

    Args:
        session: of the transaction.
        actor: who asks.
        verb: what for.
        workflow_id: of the workflow.
        is_trashed: whether it has to be in the trash, or None if both will do.

    Raises:
        NotFoundError: there is none, or none that the actor may see, or it is in the trash.
        ConflictError: it should be in the trash and is not.
    """
    found = store.find_workflow(session, workflow_id)
    project_id = found.record.project_id if found is not None else NO_PROJECT
    authorize(actor, verb, Target("workflow", workflow_id, project_id))
    if found is None or (found.record.deleted_at is not None and is_trashed is False):
        message = "There is no such workflow."
        raise NotFoundError(message)
    if found.record.deleted_at is None and is_trashed:
        message = "This workflow is not in the trash."
        raise ConflictError(message)
    return found


def target_of(record: WorkflowRecord) -> Target:
    """A workflow as the audit log names it."""
    return Target("workflow", record.id, record.project_id)


def channel_of(workflow_id: str) -> str:
    """The channel of everybody who has a workflow open."""
    return f"workflow:{workflow_id}"
