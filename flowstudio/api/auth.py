"""Signing in and out, and getting back in."""

from fastapi import Request, Response

from flowstudio.api.cookies import clear_cookies, set_cookies
from flowstudio.api.deps import CurrentActor, CurrentOrigin, CurrentStudio
from flowstudio.api.problems import responses
from flowstudio.api.routing import new_router, verb
from flowstudio.api.schemas.auth import (
    ForgotIn,
    ForgotOut,
    LinkTokenIn,
    LogInIn,
    ProveIn,
    RegisterIn,
    ResetIn,
    TokenOut,
    VerifiedOut,
)
from flowstudio.services.accounts import NewPerson
from flowstudio.services.cookies import cookie_names, read_cookie
from flowstudio.services.sessions import SignIn
from flowstudio.services.studio import Studio

router = new_router("auth")


@router.post(
    "/auth/register",
    operation_id="auth_register",
    summary="Make an account",
    status_code=201,
    responses=responses(404, 409),
    openapi_extra=verb("account.register"),
)
async def register(
    body: RegisterIn,
    response: Response,
    actor: CurrentActor,
    studio: CurrentStudio,
    origin: CurrentOrigin,
) -> TokenOut:
    """Signs the new person in. A mail asks them to confirm their address."""
    new = NewPerson(body.email, body.name, body.password.get_secret_value())
    invitation = body.invitation.get_secret_value()
    return _signed_in(
        response, studio, await studio.accounts.register(actor, new, origin, invitation)
    )


@router.post(
    "/auth/login",
    operation_id="auth_login",
    summary="Sign in",
    openapi_extra=verb("session.open"),
)
async def log_in(
    body: LogInIn,
    response: Response,
    actor: CurrentActor,
    studio: CurrentStudio,
    origin: CurrentOrigin,
) -> TokenOut:
    """Sets the cookies of a session, and gives its access token."""
    password = body.password.get_secret_value()
    return _signed_in(
        response, studio, await studio.sessions.log_in(actor, body.email, password, origin)
    )


@router.post(
    "/auth/refresh",
    operation_id="auth_refresh",
    summary="Stay signed in",
    responses=responses(409),
    openapi_extra=verb("session.refresh"),
)
async def refresh(
    request: Request, response: Response, studio: CurrentStudio, origin: CurrentOrigin
) -> TokenOut:
    """Replaces the refresh token in its cookie, which is good once; 409 means another tab did."""
    name = cookie_names(studio.parts.settings).refresh
    token = read_cookie(request.headers.get("cookie", ""), name)
    return _signed_in(response, studio, await studio.sessions.refresh(token, origin))


@router.post(
    "/auth/logout",
    operation_id="auth_logout",
    summary="Sign out",
    status_code=204,
    openapi_extra=verb("session.close"),
)
async def log_out(
    request: Request, response: Response, actor: CurrentActor, studio: CurrentStudio
) -> None:
    """Ends the session and takes its cookies away, also when its access token has expired."""
    name = cookie_names(studio.parts.settings).access
    bearer = request.headers.get("authorization", "").partition(" ")[2].strip()
    token = bearer or read_cookie(request.headers.get("cookie", ""), name)
    await studio.sessions.close_by(actor, token)
    clear_cookies(response, studio.parts.settings)


@router.post(
    "/auth/verify",
    operation_id="auth_verify",
    summary="Confirm an e-mail address",
    responses=responses(409),
    openapi_extra=verb("account.recover"),
)
async def verify(
    body: LinkTokenIn, actor: CurrentActor, studio: CurrentStudio, origin: CurrentOrigin
) -> VerifiedOut:
    """By the secret of the link mailed to it; good once, for a day."""
    token = body.token.get_secret_value()
    return VerifiedOut(email=await studio.accounts.verify_email(actor, token, origin))


@router.post(
    "/auth/forgot",
    operation_id="auth_forgot",
    summary="Ask for a new password",
    status_code=202,
    openapi_extra=verb("account.recover"),
)
async def forgot(
    body: ForgotIn, actor: CurrentActor, studio: CurrentStudio, origin: CurrentOrigin
) -> ForgotOut:
    """The reply is the same whether the address has an account or not."""
    await studio.accounts.forgot_password(actor, body.email, origin)
    return ForgotOut(
        detail="If the address has an account, a link to choose a new password is on its way."
    )


@router.post(
    "/auth/reset",
    operation_id="auth_reset",
    summary="Choose a new password by a link",
    status_code=204,
    openapi_extra=verb("account.recover"),
)
async def reset(
    body: ResetIn, actor: CurrentActor, studio: CurrentStudio, origin: CurrentOrigin
) -> None:
    """The link is good once, for an hour. Every session of the person ends."""
    token, password = body.token.get_secret_value(), body.password.get_secret_value()
    await studio.accounts.reset_password(actor, token, password, origin)


@router.post(
    "/auth/prove",
    operation_id="auth_prove",
    summary="Give the password again",
    status_code=204,
    responses=responses(409),
    openapi_extra=verb("session.prove"),
)
async def prove(body: ProveIn, actor: CurrentActor, studio: CurrentStudio) -> None:
    """For a quarter of an hour, what needs a recent password can be done."""
    await studio.sessions.prove(actor, body.password.get_secret_value())


def _signed_in(response: Response, studio: Studio, sign_in: SignIn) -> TokenOut:
    set_cookies(response, studio.parts.settings, sign_in)
    return TokenOut(access_token=sign_in.access_token, expires_in=sign_in.expires_in_s)
