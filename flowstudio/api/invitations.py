"""Invitations to projects."""

from datetime import timedelta

from flowstudio.api.deps import CurrentActor, CurrentStudio
from flowstudio.api.problems import responses
from flowstudio.api.routing import new_router, verb
from flowstudio.api.schemas.base import After, Id, Limit, PageOut, page_out
from flowstudio.api.schemas.projects import (
    AcceptedOut,
    InvitationIn,
    InvitationOut,
    MadeInvitationOut,
    OfferOut,
    TokenIn,
)

router = new_router("invitations")


@router.get(
    "/projects/{project_id}/invitations",
    operation_id="invitation_list",
    summary="List open invitations",
    responses=responses(404),
    openapi_extra=verb("invitation.read"),
)
async def list_invitations(
    project_id: Id,
    actor: CurrentActor,
    studio: CurrentStudio,
    limit: Limit = 50,
    after: After = None,
) -> PageOut[InvitationOut]:
    """Without their links."""
    found = await studio.invitations.list_invitations(actor, project_id, limit=limit, after=after)
    return page_out(InvitationOut, found)


@router.post(
    "/projects/{project_id}/invitations",
    operation_id="invitation_create",
    summary="Invite somebody",
    status_code=201,
    responses=responses(404, 409, 422),
    openapi_extra=verb("invitation.create"),
)
async def create_invitation(
    project_id: Id, body: InvitationIn, actor: CurrentActor, studio: CurrentStudio
) -> MadeInvitationOut:
    """By mail to one person, or as a link to pass on, which works once."""
    made = await studio.invitations.create(
        actor,
        project_id,
        body.role,
        email=body.email,
        life=timedelta(hours=body.expires_in_hours),
    )
    out = InvitationOut.model_validate(made.invitation)
    return MadeInvitationOut(**out.model_dump(), link=made.link)


@router.delete(
    "/projects/{project_id}/invitations/{invitation_id}",
    operation_id="invitation_revoke",
    summary="Withdraw an invitation",
    status_code=204,
    responses=responses(404, 409),
    openapi_extra=verb("invitation.revoke"),
)
async def revoke_invitation(
    project_id: Id, invitation_id: Id, actor: CurrentActor, studio: CurrentStudio
) -> None:
    """Its link does nothing any more."""
    await studio.invitations.revoke(actor, project_id, invitation_id)


@router.post(
    "/invitations/look",
    operation_id="invitation_look",
    summary="See what an invitation offers",
    responses=responses(404),
    openapi_extra=verb("invitation.look"),
)
async def look_at_invitation(body: TokenIn, actor: CurrentActor, studio: CurrentStudio) -> OfferOut:
    """For people without an account too."""
    return OfferOut.model_validate(await studio.invitations.look(actor, body.token))


@router.post(
    "/invitations/accept",
    operation_id="invitation_accept",
    summary="Accept an invitation",
    responses=responses(404, 409),
    openapi_extra=verb("invitation.answer"),
)
async def accept_invitation(
    body: TokenIn, actor: CurrentActor, studio: CurrentStudio
) -> AcceptedOut:
    """A mailed one only by the person it was sent to."""
    return AcceptedOut(project_id=await studio.invitations.accept(actor, body.token))


@router.post(
    "/invitations/decline",
    operation_id="invitation_decline",
    summary="Decline an invitation",
    status_code=204,
    responses=responses(404, 409),
    openapi_extra=verb("invitation.answer"),
)
async def decline_invitation(body: TokenIn, actor: CurrentActor, studio: CurrentStudio) -> None:
    """It cannot be accepted any more."""
    await studio.invitations.decline(actor, body.token)
