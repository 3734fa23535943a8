"""The accounts elsewhere by which a person signs in."""

from flowstudio.api.deps import CurrentActor, CurrentStudio
from flowstudio.api.problems import responses
from flowstudio.api.routing import new_router, verb
from flowstudio.api.schemas.base import Id, PageOut
from flowstudio.api.schemas.identities import IdentityOut

router = new_router("account")


@router.get(
    "/me/identities",
    operation_id="identity_list",
    summary="List linked accounts",
    openapi_extra=verb("identity.read"),
)
async def list_identities(actor: CurrentActor, studio: CurrentStudio) -> PageOut[IdentityOut]:
    """All of them, oldest first; they are few."""
    found = await studio.identities.list_identities(actor)
    return PageOut[IdentityOut](items=[IdentityOut.model_validate(record) for record in found])


@router.delete(
    "/me/identities/{identity_id}",
    operation_id="identity_unlink",
    summary="Unlink an account",
    status_code=204,
    responses=responses(404, 409),
    openapi_extra=verb("identity.unlink"),
)
async def unlink(identity_id: Id, actor: CurrentActor, studio: CurrentStudio) -> None:
    """It is no way in any more; the last way in cannot be unlinked."""
    await studio.identities.unlink(actor, identity_id)
