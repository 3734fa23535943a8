"""Setting the installation up: its first admin."""

from fastapi import Response

from flowstudio.api.cookies import set_cookies
from flowstudio.api.deps import CurrentActor, CurrentOrigin, CurrentStudio
from flowstudio.api.problems import responses
from flowstudio.api.routing import new_router, verb
from flowstudio.api.schemas.auth import SetupIn, SetupOut, TokenOut
from flowstudio.services.accounts import NewPerson

router = new_router("setup")


@router.get(
    "/setup",
    operation_id="setup_look",
    summary="See whether there is something to set up",
    openapi_extra=verb("instance.look"),
)
async def look(studio: CurrentStudio) -> SetupOut:
    """There is until somebody is an admin."""
    needed = await studio.accounts.needs_setup()
    return SetupOut(needed=needed, token_needed=needed and studio.accounts.needs_setup_token)


@router.post(
    "/setup",
    operation_id="setup_do",
    summary="Make the first admin",
    status_code=201,
    responses=responses(409),
    openapi_extra=verb("instance.setup"),
)
async def set_up(
    body: SetupIn,
    response: Response,
    actor: CurrentActor,
    studio: CurrentStudio,
    origin: CurrentOrigin,
) -> TokenOut:
    """Works once, and signs the admin in. A server others can reach asks for its setup token."""
    new = NewPerson(body.email, body.name, body.password.get_secret_value())
    sign_in = await studio.accounts.set_up(actor, new, origin, body.token.get_secret_value())
    set_cookies(response, studio.parts.settings, sign_in)
    return TokenOut(access_token=sign_in.access_token, expires_in=sign_in.expires_in_s)
