"""Who asks: found before anything of a request is read, and refused early where that is certain."""

from typing import NoReturn

from starlette.requests import Request

from flowstudio.api.rates import Rates
from flowstudio.errors import AccessDeniedError, NotSignedInError
from flowstudio.runtime import Runtime
from flowstudio.services.access import NOBODY, RULES, Actor, Rule
from flowstudio.services.addresses import client_address
from flowstudio.services.cookies import cookie_names, read_cookie
from flowstudio.services.log_context import note
from flowstudio.services.origin import Origin
from flowstudio.services.studio import Studio

_KEY_PREFIX = "fsk_"
_SECRET_QUERIES = frozenset({"access_token", "api_key", "apikey", "key", "refresh_token"})


async def admit(request: Request, verb: str) -> None:
    """Find the actor and let them in, or not; leaves `actor`, `origin` and `rate` in its state.

    Raises:
        NotSignedInError: what was shown is not good, or nothing was and the verb needs somebody.
        AccessDeniedError: the API key has not the scope.
        ThrottledError: the caller has made too many requests.
    """
    runtime: Runtime = request.app.state.runtime_of()
    rule = RULES[verb]
    origin = origin_of(request, runtime)
    request.state.origin = origin
    rates = _rates(request, runtime)
    try:
        actor = await _find(request, runtime, origin, rule)
    except NotSignedInError:
        _count(request, rates, f"address:{origin.address}")
        raise
    request.state.actor = actor
    note(user_id=actor.id)
    _count(request, rates, _caller(actor, origin))
    _check_scope(actor, verb, rule)


async def look_again(request: Request, verb: str) -> Actor:
    """Who asks, found anew: for replies that go on for long.

    Raises:
        NotSignedInError: they are not signed in any more, or their key has ended.
    """
    runtime: Runtime = request.app.state.runtime_of()
    return await _find(request, runtime, request.state.origin, RULES[verb])


def origin_of(request: Request, runtime: Runtime) -> Origin:
    """The other end of a request."""
    address = client_address(request.scope, runtime.settings.trusted_proxies)
    agent = request.headers.get("user-agent", "")[:300]
    agent = "".join(sign for sign in agent if sign.isprintable())
    return Origin(address, agent, getattr(request.state, "request_id", ""))


async def _find(request: Request, runtime: Runtime, origin: Origin, rule: Rule) -> Actor:
    _refuse_secrets_in_query(request)
    studio = runtime.studio
    sent = request.headers.getlist("authorization")
    if sent:
        return await _of_header(sent, studio, origin)
    name = cookie_names(runtime.settings).access
    token = read_cookie(request.headers.get("cookie", ""), name)
    try:
        if token:
            return await studio.sessions.actor(token, origin)
        _ask_to_sign_in()
    except NotSignedInError:
        # A browser sends its old cookie along, also when it comes to sign in anew.
        if rule.level != "anyone":
            raise
    return Actor(NOBODY.name, NOBODY.role, address=origin.address, request_id=origin.request_id)


def _ask_to_sign_in() -> NoReturn:
    message = "Sign in, or send an API key as Authorization: Bearer fsk_…"
    raise NotSignedInError(message)


async def _of_header(sent: list[str], studio: Studio, origin: Origin) -> Actor:
    scheme, _, token = sent[0].partition(" ")
    token = token.strip()
    if len(sent) > 1 or scheme.lower() != "bearer" or not token:
        message = "Send Authorization once, as: Bearer, a space, and an access token or API key."
        raise NotSignedInError(message)
    if token.startswith(_KEY_PREFIX):
        return await studio.keys.actor(token, origin)
    return await studio.sessions.actor(token, origin)


def _refuse_secrets_in_query(request: Request) -> None:
    for name, value in request.query_params.multi_items():
        if name.lower() in _SECRET_QUERIES or value.startswith(_KEY_PREFIX):
            message = (
                "Addresses end up in logs: send keys and tokens in the header Authorization. "
                "Revoke the one in this address."
            )
            raise NotSignedInError(message)


def _count(request: Request, rates: Rates, caller: str) -> None:
    request.state.rate = rates.count(caller)
    request.state.rate.check()


def _caller(actor: Actor, origin: Origin) -> str:
    if actor.key_id:
        return f"key:{actor.key_id}"
    return f"user:{actor.id}" if actor.id else f"address:{origin.address}"


def _rates(request: Request, runtime: Runtime) -> Rates:
    state = request.app.state
    if getattr(state, "rates", None) is None:
        state.rates = Rates(runtime.clock, runtime.settings.requests_per_minute)
    rates: Rates = state.rates
    return rates


def _check_scope(actor: Actor, verb: str, rule: Rule) -> None:
    if actor.scopes is None or rule.level == "anyone" or rule.scope in actor.scopes:
        return
    if rule.scope is None:
        raise AccessDeniedError(f"{verb} is for people who are signed in, not for API keys.")
    raise AccessDeniedError(f"{verb} needs an API key with the scope {rule.scope}.")
