"""Workflows changed by several people at once."""

from dataclasses import asdict
from typing import Annotated

from fastapi import BackgroundTasks, Query

from flowstudio.api.deps import CurrentActor, CurrentStudio
from flowstudio.api.problems import responses
from flowstudio.api.routing import new_router, verb
from flowstudio.api.schemas.base import Id
from flowstudio.api.schemas.changes import (
    BatchIn,
    ChangeOut,
    EditorOut,
    HistoryOut,
    RefusedOut,
    SubmittedOut,
)
from flowstudio.services.changes import Batch, Change, problems_of

router = new_router("changes")


@router.get(
    "/workflows/{workflow_id}/editor",
    operation_id="workflow_open",
    summary="Open a workflow in an editor",
    responses=responses(404),
    openapi_extra=verb("workflow.read"),
)
async def open_workflow(workflow_id: Id, actor: CurrentActor, studio: CurrentStudio) -> EditorOut:
    """The document with its problems, its nodes' faces, and what the caller may do."""
    opened = await studio.changes.open(actor, workflow_id)
    record, project_id = opened.workflow.record, opened.workflow.record.project_id
    return EditorOut(
        id=record.id,
        project_id=project_id,
        project=opened.project,
        revision=record.revision,
        updated_at=record.updated_at.isoformat(),
        published_version=record.published_version,
        is_changed=record.is_changed,
        document=opened.workflow.document.dump(),
        problems=problems_of(opened.workflow.problems),
        faces={key: asdict(face) for key, face in opened.faces.items()},
        may_edit=project_id in actor.projects_with("workflow.edit"),
        may_run=project_id in actor.projects_with("workflow.run"),
        me={"id": actor.id, "name": opened.person},
    )


@router.post(
    "/workflows/{workflow_id}/operations",
    operation_id="change_submit",
    summary="Change a workflow together with others",
    responses=responses(404, 409, 422),
    openapi_extra=verb("workflow.edit"),
)
async def submit_change(
    workflow_id: Id,
    body: BatchIn,
    actor: CurrentActor,
    studio: CurrentStudio,
    after: BackgroundTasks,
) -> SubmittedOut:
    """Each operation is applied to what the workflow is by then, or refused with its reason.

    Changes of different properties all hold; of the same property, the last one.
    """
    batch = Batch(body.client, body.batch, body.base_revision, body.operations)
    change = await studio.changes.submit(actor, workflow_id, batch)
    if change.operations:
        after.add_task(studio.changes.look_over, actor, workflow_id, change.revision)
    refused = [RefusedOut(index=index, message=message) for index, message in change.refused]
    return SubmittedOut(**_out(change).model_dump(), refused=refused)


@router.get(
    "/workflows/{workflow_id}/changes",
    operation_id="change_list",
    summary="List what happened after a revision",
    responses=responses(404, 422),
    openapi_extra=verb("workflow.read"),
)
async def list_changes(
    workflow_id: Id,
    actor: CurrentActor,
    studio: CurrentStudio,
    after: Annotated[int, Query(ge=0, le=2**53)] = 0,
) -> HistoryOut:
    """For an editor that was away."""
    history = await studio.changes.list_changes(actor, workflow_id, after)
    return HistoryOut(
        revision=history.revision,
        is_whole=history.is_whole,
        changes=[_out(change) for change in history.changes],
    )


def _out(change: Change) -> ChangeOut:
    return ChangeOut.model_validate(change)
