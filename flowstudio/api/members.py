"""Members of a project."""

from flowstudio.api.deps import CurrentActor, CurrentStudio
from flowstudio.api.problems import responses
from flowstudio.api.routing import new_router, verb
from flowstudio.api.schemas.base import After, Id, Limit, PageOut, page_out
from flowstudio.api.schemas.projects import MemberIn, MemberOut

router = new_router("members")


@router.get(
    "/projects/{project_id}/members",
    operation_id="member_list",
    summary="List members",
    responses=responses(404),
    openapi_extra=verb("member.read"),
)
async def list_members(
    project_id: Id,
    actor: CurrentActor,
    studio: CurrentStudio,
    limit: Limit = 50,
    after: After = None,
) -> PageOut[MemberOut]:
    """With their roles."""
    found = await studio.members.list_members(actor, project_id, limit=limit, after=after)
    return page_out(MemberOut, found)


@router.patch(
    "/projects/{project_id}/members/{user_id}",
    operation_id="member_edit",
    summary="Change a member's role",
    responses=responses(404, 409),
    openapi_extra=verb("member.edit"),
)
async def edit_member(
    project_id: Id, user_id: Id, body: MemberIn, actor: CurrentActor, studio: CurrentStudio
) -> MemberOut:
    """A project always keeps an owner."""
    return MemberOut.model_validate(
        await studio.members.set_role(actor, project_id, user_id, body.role)
    )


@router.delete(
    "/projects/{project_id}/members/{user_id}",
    operation_id="member_remove",
    summary="Remove a member, or leave",
    status_code=204,
    responses=responses(404, 409),
    openapi_extra=verb("member.remove"),
)
async def remove_member(
    project_id: Id, user_id: Id, actor: CurrentActor, studio: CurrentStudio
) -> None:
    """Owners remove others; everybody may leave, but for the last owner."""
    await studio.members.remove(actor, project_id, user_id)
