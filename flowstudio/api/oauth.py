"""Signing in with GitHub or Google, and linking their accounts.

A browser is sent away with a signed cookie and comes back with it. Whatever goes wrong ends on a
page of ours with a short code (`services.outside.REFUSALS`), and with no session.
"""

from typing import Annotated, Any

from fastapi import Path, Query, Request
from fastapi.responses import RedirectResponse, Response

from flowstudio.api.cookies import set_cookies
from flowstudio.api.deps import CurrentActor, CurrentOrigin, CurrentStudio
from flowstudio.api.flow_cookie import FlowCookie
from flowstudio.api.oauth_clients import ProviderClients, provider_clients
from flowstudio.api.problems import responses
from flowstudio.api.returning import SIGN_IN_PAGE, refuse, returned
from flowstudio.api.routing import new_router, verb
from flowstudio.api.schemas.identities import LinkIn, LinkOut, ProviderOut, ProvidersOut
from flowstudio.errors import NotFoundError, StepError
from flowstudio.security.redirects import safe_next
from flowstudio.services.access import Actor
from flowstudio.services.origin import Origin
from flowstudio.services.outside import OutsideRefusedError, Refusal, providers
from flowstudio.services.studio import Studio

router = new_router("providers")

ProviderId = Annotated[str, Path(max_length=20, description="github or google.")]
Next = Annotated[str | None, Query(description="A page of this site to go on with.")]
Invitation = Annotated[str | None, Query(max_length=300, description="The secret of one.")]
_AWAY = "Sends the browser on; where something is refused, to the sign-in page with `error`."


@router.get(
    "/auth/providers",
    operation_id="provider_list",
    summary="List the providers to sign in with",
    openapi_extra=verb("session.open"),
)
async def list_providers(studio: CurrentStudio) -> ProvidersOut:
    """Those that whoever runs this server has set up."""
    known = providers(studio.parts.settings)
    return ProvidersOut(items=[ProviderOut.model_validate(provider) for provider in known])


@router.get(
    "/auth/oauth/{provider}/start",
    operation_id="provider_start",
    summary="Begin to sign in with a provider",
    status_code=302,
    response_class=RedirectResponse,
    response_description=_AWAY,
    openapi_extra=verb("session.open"),
)
async def start(
    provider: ProviderId,
    request: Request,
    studio: CurrentStudio,
    next: Next = None,  # noqa: A002 - its name in the address
    invitation: Invitation = None,
) -> Response:
    """Open it in a browser: it goes to the provider, and comes back signed in."""
    kept = {"next": safe_next(next), "invitation": invitation or ""}
    try:
        return await _send_away(request, studio, provider, kept)
    except OutsideRefusedError as refusal:
        return refuse(SIGN_IN_PAGE, refusal)


@router.get(
    "/auth/oauth/{provider}/callback",
    operation_id="provider_callback",
    summary="Come back from a provider",
    status_code=302,
    response_class=RedirectResponse,
    response_description=_AWAY,
    openapi_extra=verb("session.open"),
)
async def come_back(
    provider: ProviderId,
    request: Request,
    studio: CurrentStudio,
    actor: CurrentActor,
    origin: CurrentOrigin,
) -> Response:
    """Where providers send browsers; only the browser that began the flow gets anywhere."""
    settings = studio.parts.settings
    cookie = FlowCookie(settings, studio.parts.ring)
    request.scope["session"] = cookie.read(request)
    page = SIGN_IN_PAGE
    try:
        clients = provider_clients(settings)
        kept = await clients.kept(request, provider) or {}
        page = kept["next"] if "session" in kept else SIGN_IN_PAGE
        response = await _finish(request, studio, actor, origin, provider)
    except OutsideRefusedError as refusal:
        response = refuse(page, refusal)
    cookie.clear(response)
    return response


@router.post(
    "/auth/oauth/{provider}/link",
    operation_id="identity_link",
    summary="Begin to link an account",
    responses=responses(404, 502),
    openapi_extra=verb("identity.link"),
)
async def link(
    provider: ProviderId,
    given: LinkIn,
    request: Request,
    response: Response,
    studio: CurrentStudio,
    actor: CurrentActor,
) -> LinkOut:
    """Gives the provider's address, for the browser that asks; it needs a recent password."""
    studio.identities.check_link(actor)
    kept = {"next": safe_next(given.next), "user": actor.id, "session": actor.session_id}
    try:
        away = await _send_away(request, studio, provider, kept)
    except OutsideRefusedError as refusal:
        kind = NotFoundError if refusal.code == Refusal.PROVIDER_UNKNOWN else StepError
        raise kind(str(refusal)) from refusal
    response.headers.append("set-cookie", away.headers["set-cookie"])
    return LinkOut(url=away.headers["location"])


async def _send_away(
    request: Request, studio: Studio, provider: str, kept: dict[str, Any]
) -> Response:
    settings = studio.parts.settings
    request.scope["session"] = {}
    url = await provider_clients(settings).begin(request, provider, kept)
    response = RedirectResponse(url, 302)
    FlowCookie(settings, studio.parts.ring).write(response, request.session)
    return response


async def _finish(
    request: Request, studio: Studio, actor: Actor, origin: Origin, provider: str
) -> Response:
    settings = studio.parts.settings
    clients: ProviderClients = provider_clients(settings)
    kept = await clients.kept(request, provider) or {}
    account = await clients.account(request, provider)
    response = RedirectResponse(kept["next"], 302)
    if "session" not in kept:
        sign_in = await studio.identities.sign_in(actor, account, origin, kept["invitation"])
        set_cookies(response, settings, sign_in)
        return response
    linker = await returned(studio, actor, kept, origin)
    await studio.identities.link(linker, account)
    return response
