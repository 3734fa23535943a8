"""Projects."""

from flowstudio.api.deps import CurrentActor, CurrentStudio
from flowstudio.api.problems import responses
from flowstudio.api.routing import new_router, verb
from flowstudio.api.schemas.base import After, Id, Limit, PageOut, page_out
from flowstudio.api.schemas.projects import ProjectIn, ProjectOut, TransferIn

router = new_router("projects")


@router.get(
    "/projects",
    operation_id="project_list",
    summary="List projects",
    openapi_extra=verb("project.list"),
)
async def list_projects(
    actor: CurrentActor, studio: CurrentStudio, limit: Limit = 50, after: After = None
) -> PageOut[ProjectOut]:
    """Those in which the caller has a role, in the order they were made."""
    return page_out(
        ProjectOut, await studio.projects.list_projects(actor, limit=limit, after=after)
    )


@router.post(
    "/projects",
    operation_id="project_create",
    summary="Make a project",
    status_code=201,
    responses=responses(422),
    openapi_extra=verb("project.create"),
)
async def create_project(body: ProjectIn, actor: CurrentActor, studio: CurrentStudio) -> ProjectOut:
    """The caller owns it."""
    return ProjectOut.model_validate(await studio.projects.create(actor, body.name))


@router.get(
    "/projects/{project_id}",
    operation_id="project_get",
    summary="Read a project",
    responses=responses(404),
    openapi_extra=verb("project.read"),
)
async def get_project(project_id: Id, actor: CurrentActor, studio: CurrentStudio) -> ProjectOut:
    """A project in which the caller has a role."""
    return ProjectOut.model_validate(await studio.projects.get(actor, project_id))


@router.patch(
    "/projects/{project_id}",
    operation_id="project_edit",
    summary="Rename a project",
    responses=responses(404, 422),
    openapi_extra=verb("project.edit"),
)
async def edit_project(
    project_id: Id, body: ProjectIn, actor: CurrentActor, studio: CurrentStudio
) -> ProjectOut:
    """Its id stays."""
    return ProjectOut.model_validate(await studio.projects.rename(actor, project_id, body.name))


@router.delete(
    "/projects/{project_id}",
    operation_id="project_delete",
    summary="Delete a project",
    status_code=204,
    responses=responses(404, 409),
    openapi_extra=verb("project.delete"),
)
async def delete_project(project_id: Id, actor: CurrentActor, studio: CurrentStudio) -> None:
    """With its workflows, runs and credentials; runs must have ended."""
    await studio.projects.delete(actor, project_id)


@router.post(
    "/projects/{project_id}/transfer",
    operation_id="project_transfer",
    summary="Make another member the owner",
    status_code=204,
    responses=responses(404, 409),
    openapi_extra=verb("project.transfer"),
)
async def transfer_project(
    project_id: Id, body: TransferIn, actor: CurrentActor, studio: CurrentStudio
) -> None:
    """The caller stays as an editor; needs a recent proof of who they are."""
    await studio.projects.transfer(actor, project_id, body.user_id)
