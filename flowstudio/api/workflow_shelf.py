"""Tags and folders of stored workflows, and the trash."""

from flowstudio.api.deps import CurrentActor, CurrentStudio
from flowstudio.api.problems import responses
from flowstudio.api.routing import new_router, verb
from flowstudio.api.schemas.base import Id
from flowstudio.api.schemas.workflows import (
    FolderIn,
    FolderMoveIn,
    LabelsOut,
    MovedOut,
    TagsIn,
    WorkflowOut,
)

router = new_router("workflows")


@router.put(
    "/workflows/{workflow_id}/tags",
    operation_id="workflow_tag",
    summary="Tag a workflow",
    responses=responses(404, 422),
    openapi_extra=verb("workflow.edit"),
)
async def set_tags(
    workflow_id: Id, body: TagsIn, actor: CurrentActor, studio: CurrentStudio
) -> WorkflowOut:
    """With these and no others; capitals make no other tag."""
    record = await studio.workflows.set_tags(actor, workflow_id, body.tags)
    return WorkflowOut.model_validate(record)


@router.put(
    "/workflows/{workflow_id}/folder",
    operation_id="workflow_move",
    summary="Put a workflow into a folder",
    responses=responses(404, 422),
    openapi_extra=verb("workflow.edit"),
)
async def set_folder(
    workflow_id: Id, body: FolderIn, actor: CurrentActor, studio: CurrentStudio
) -> WorkflowOut:
    """Folders need no making: they are there as long as something is in them."""
    record = await studio.workflows.set_folder(actor, workflow_id, body.folder)
    return WorkflowOut.model_validate(record)


@router.post(
    "/workflows/{workflow_id}/restore",
    operation_id="workflow_restore",
    summary="Take a workflow out of the trash",
    responses=responses(404, 409),
    openapi_extra=verb("workflow.restore"),
)
async def restore_workflow(
    workflow_id: Id, actor: CurrentActor, studio: CurrentStudio
) -> WorkflowOut:
    """Back to where it was."""
    return WorkflowOut.model_validate(await studio.workflows.restore(actor, workflow_id))


@router.get(
    "/projects/{project_id}/labels",
    operation_id="workflow_labels",
    summary="List the tags and folders of a project",
    responses=responses(404),
    openapi_extra=verb("workflow.read"),
)
async def list_labels(project_id: Id, actor: CurrentActor, studio: CurrentStudio) -> LabelsOut:
    """With how many workflows each has; a folder inside another counts for itself."""
    return LabelsOut.model_validate(await studio.workflows.labels(actor, project_id))


@router.post(
    "/projects/{project_id}/folders/move",
    operation_id="workflow_move_folder",
    summary="Rename or move a folder",
    responses=responses(404, 422),
    openapi_extra=verb("workflow.edit"),
)
async def move_folder(
    project_id: Id, body: FolderMoveIn, actor: CurrentActor, studio: CurrentStudio
) -> MovedOut:
    """With everything in it."""
    moved = await studio.workflows.move_folder(actor, project_id, body.before, body.after)
    return MovedOut(workflows=moved)
