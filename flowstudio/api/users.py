"""Everybody's accounts, for admins."""

from typing import Annotated, Literal

from fastapi import Query

from flowstudio.api.deps import CurrentActor, CurrentStudio
from flowstudio.api.problems import responses
from flowstudio.api.routing import new_router, verb
from flowstudio.api.schemas.base import After, Id, Limit, PageOut
from flowstudio.api.schemas.users import UserIn, UserOut

router = new_router("users")

Search = Annotated[str, Query(max_length=100, description="Part of a name or address.")]
Role = Annotated[Literal["guest", "user", "admin"] | None, Query(description="Only these.")]


@router.get(
    "/users",
    operation_id="user_list",
    summary="List people",
    openapi_extra=verb("user.read"),
)
async def list_users(
    actor: CurrentActor,
    studio: CurrentStudio,
    limit: Limit = 50,
    after: After = None,
    search: Search = "",
    role: Role = None,
) -> PageOut[UserOut]:
    """Everybody with an account, in the order they came."""
    page = await studio.users.list_users(
        actor, limit=limit, after=after, search=search, role=role or ""
    )
    return PageOut[UserOut](
        items=[UserOut.model_validate(user) for user in page.items], next=page.next
    )


@router.get(
    "/users/{user_id}",
    operation_id="user_get",
    summary="Read a person",
    responses=responses(404),
    openapi_extra=verb("user.read"),
)
async def get_user(user_id: Id, actor: CurrentActor, studio: CurrentStudio) -> UserOut:
    """One account."""
    return UserOut.model_validate(await studio.users.get(actor, user_id))


@router.patch(
    "/users/{user_id}",
    operation_id="user_edit",
    summary="Change a person's role, or shut them out",
    responses=responses(404, 409),
    openapi_extra=verb("user.edit"),
)
async def edit_user(
    user_id: Id, body: UserIn, actor: CurrentActor, studio: CurrentStudio
) -> UserOut:
    """Their sessions end at once. The last active admin stays one."""
    changed = await studio.users.edit(actor, user_id, role=body.role, is_active=body.is_active)
    return UserOut.model_validate(changed)


@router.delete(
    "/users/{user_id}",
    operation_id="user_delete",
    summary="Delete a person",
    status_code=204,
    responses=responses(404, 409),
    openapi_extra=verb("user.delete"),
)
async def delete_user(user_id: Id, actor: CurrentActor, studio: CurrentStudio) -> None:
    """Projects nobody else is in go with them. The last admin, and last owners of others' projects, stay."""
    await studio.users.delete(actor, user_id)
