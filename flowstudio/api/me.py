"""One's own account."""

from typing import Any

from fastapi import Response

from flowstudio.api.cookies import clear_cookies, set_cookies
from flowstudio.api.deps import CurrentActor, CurrentStudio
from flowstudio.api.problems import responses
from flowstudio.api.routing import new_router, verb
from flowstudio.api.schemas.auth import TokenOut
from flowstudio.api.schemas.base import Id, PageOut
from flowstudio.api.schemas.me import EndedOut, LeaveIn, MeIn, MeOut, PasswordIn, SessionOut
from flowstudio.services.access import Actor

router = new_router("account")


@router.get(
    "/me",
    operation_id="me_get",
    summary="Read one's own account",
    openapi_extra=verb("account.read"),
)
async def get_me(actor: CurrentActor, studio: CurrentStudio) -> MeOut:
    """Whose session or API key it is, and their roles."""
    return _me(actor, await studio.accounts.get(actor))


@router.patch(
    "/me",
    operation_id="me_edit",
    summary="Change name or address",
    responses=responses(409),
    openapi_extra=verb("account.edit"),
)
async def edit_me(body: MeIn, actor: CurrentActor, studio: CurrentStudio) -> MeOut:
    """A new address needs the password given lately, and counts once its link was opened."""
    return _me(actor, await studio.accounts.edit(actor, name=body.name, email=body.email))


@router.delete(
    "/me",
    operation_id="me_delete",
    summary="Delete one's own account",
    status_code=204,
    responses=responses(409),
    openapi_extra=verb("account.delete"),
)
async def delete_me(
    body: LeaveIn, response: Response, actor: CurrentActor, studio: CurrentStudio
) -> None:
    """Projects nobody else is in go with it. The last admin, and the last owner of others' projects, stay."""
    await studio.accounts.delete(actor, body.password.get_secret_value())
    clear_cookies(response, studio.parts.settings)


@router.post(
    "/me/password",
    operation_id="me_password",
    summary="Change the password",
    responses=responses(409),
    openapi_extra=verb("account.edit"),
)
async def change_password(
    body: PasswordIn, response: Response, actor: CurrentActor, studio: CurrentStudio
) -> TokenOut:
    """Every other session ends; this one goes on with new cookies."""
    sign_in = await studio.accounts.change_password(
        actor, body.password.get_secret_value(), body.new_password.get_secret_value()
    )
    set_cookies(response, studio.parts.settings, sign_in)
    return TokenOut(access_token=sign_in.access_token, expires_in=sign_in.expires_in_s)


@router.post(
    "/me/verification",
    operation_id="me_verification",
    summary="Send the link to confirm the address again",
    status_code=202,
    responses=responses(409),
    openapi_extra=verb("account.edit"),
)
async def send_verification(actor: CurrentActor, studio: CurrentStudio) -> None:
    """Links sent before are not good any more."""
    await studio.accounts.send_verification(actor)


@router.get(
    "/me/export",
    operation_id="me_export",
    summary="Export one's own data",
    openapi_extra=verb("account.export"),
)
async def export_me(actor: CurrentActor, studio: CurrentStudio) -> dict[str, Any]:
    """Everything kept about the caller, without secrets."""
    return await studio.accounts.export(actor)


@router.get(
    "/me/sessions",
    operation_id="session_list",
    summary="List one's own sessions",
    openapi_extra=verb("session.read"),
)
async def list_sessions(actor: CurrentActor, studio: CurrentStudio) -> PageOut[SessionOut]:
    """All that can still be used, the latest used first; there are 50 at most."""
    found = await studio.sessions.list_sessions(actor)
    return PageOut[SessionOut](items=[_session(actor, record) for record in found])


@router.delete(
    "/me/sessions/{session_id}",
    operation_id="session_revoke",
    summary="End a session",
    status_code=204,
    responses=responses(404),
    openapi_extra=verb("session.revoke"),
)
async def revoke_session(session_id: Id, actor: CurrentActor, studio: CurrentStudio) -> None:
    """Holds at once, also for pages that are open."""
    await studio.sessions.revoke(actor, session_id)


@router.post(
    "/me/sessions/revoke-others",
    operation_id="session_revoke_others",
    summary="End every other session",
    openapi_extra=verb("session.revoke"),
)
async def revoke_others(actor: CurrentActor, studio: CurrentStudio) -> EndedOut:
    """All but the one this request belongs to."""
    return EndedOut(ended=await studio.sessions.revoke_others(actor))


def _me(actor: Actor, user: Any) -> MeOut:
    return MeOut(
        id=user.id,
        email=user.email,
        name=user.name,
        role=user.role,
        email_verified_at=user.email_verified_at,
        created_at=user.created_at,
        has_password=user.password_hash is not None,
        projects=dict(actor.memberships),
        scopes=sorted(actor.scopes) if actor.scopes is not None else None,
    )


def _session(actor: Actor, record: Any) -> SessionOut:
    return SessionOut(
        id=record.id,
        method=record.method,
        user_agent=record.user_agent,
        address=record.address,
        created_at=record.created_at,
        refreshed_at=record.refreshed_at,
        expires_at=record.expires_at,
        is_current=record.id == actor.session_id,
    )
