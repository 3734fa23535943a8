"""Connecting OpenRouter: a browser goes there, and the project has a key when it comes back.

The key passes from OpenRouter to this server; no browser ever sees it.
"""

import hmac
from typing import Annotated, Any

from fastapi import Path, Query, Request
from fastapi.responses import RedirectResponse, Response

from flowstudio.api.deps import CurrentActor, CurrentOrigin, CurrentStudio
from flowstudio.api.flow_cookie import FlowCookie
from flowstudio.api.returning import SIGN_IN_PAGE, refuse, returned
from flowstudio.api.routing import PREFIX, new_router, verb
from flowstudio.security.redirects import safe_next
from flowstudio.services.connections import ConnectionService
from flowstudio.services.outside import OutsideRefusedError, Refusal

_CALLBACK = f"{PREFIX}/connect/openrouter/callback"
_FLOW = "openrouter"

router = new_router("credentials")


@router.get(
    "/connect/openrouter/start",
    operation_id="openrouter_start",
    summary="Connect OpenRouter to a project",
    status_code=302,
    response_class=RedirectResponse,
    response_description="Sends the browser to OpenRouter, or back with `error`.",
    openapi_extra=verb("session.open"),
)
async def start(
    project_id: Annotated[str, Query(min_length=1, max_length=100)],
    actor: CurrentActor,
    studio: CurrentStudio,
    next: Annotated[str | None, Query(description="A page of this site to go on with.")] = None,  # noqa: A002 - its name in the address
) -> Response:
    """Open it in a browser where an editor of the project is signed in.

    It goes to OpenRouter, and the project has a key of that person's own afterwards.
    """
    settings, page = studio.parts.settings, safe_next(next)
    if not actor.session_id:
        return refuse(SIGN_IN_PAGE, OutsideRefusedError(Refusal.SIGNED_OUT))
    service = ConnectionService(studio.parts, studio.credentials)
    try:
        away = service.depart(actor, project_id, f"{settings.base_url}{_CALLBACK}")
    except OutsideRefusedError as error:
        return refuse(page, error)
    flow = {
        "state": away.state,
        "verifier": away.verifier,
        "project": project_id,
        "user": actor.id,
        "session": actor.session_id,
        "next": page,
    }
    response = RedirectResponse(away.url, 302)
    FlowCookie(settings, studio.parts.ring).write(response, {_FLOW: flow})
    return response


@router.get(
    "/connect/openrouter/callback/{state}",
    operation_id="openrouter_callback",
    summary="Come back from OpenRouter",
    status_code=302,
    response_class=RedirectResponse,
    response_description="Sends the browser on; where something is refused, with `error`.",
    openapi_extra=verb("session.open"),
)
async def come_back(
    state: Annotated[str, Path(max_length=100)],
    request: Request,
    studio: CurrentStudio,
    actor: CurrentActor,
    origin: CurrentOrigin,
    code: Annotated[str | None, Query(max_length=1_000)] = None,
) -> Response:
    """Where OpenRouter sends browsers; only the browser that left gets anywhere."""
    cookie = FlowCookie(studio.parts.settings, studio.parts.ring)
    flow: dict[str, Any] = cookie.read(request).get(_FLOW, {})
    is_ours = bool(flow) and hmac.compare_digest(flow["state"].encode(), state.encode())
    page = flow["next"] if is_ours else SIGN_IN_PAGE
    try:
        code = _code(code, is_ours=is_ours)
        who = await returned(studio, actor, flow, origin)
        service = ConnectionService(studio.parts, studio.credentials)
        await service.arrive(who, flow["project"], code, flow["verifier"])
        response: Response = RedirectResponse(page, 302)
    except OutsideRefusedError as error:
        response = refuse(page, error)
    cookie.clear(response)
    return response


def _code(code: str | None, *, is_ours: bool) -> str:
    if not is_ours:
        raise OutsideRefusedError(Refusal.STATE)
    if not code:
        raise OutsideRefusedError(Refusal.DENIED)
    return code
