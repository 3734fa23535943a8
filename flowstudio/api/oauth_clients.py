"""Our side of OAuth: to GitHub in its own way, to Google by OpenID Connect.

Every flow uses PKCE with S256 (RFC 7636) and a state that only the browser carries. What comes out
is an account as the provider tells of it; what it may do here, `IdentityService` decides.
"""

import logging
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import httpx2
from authlib.integrations.base_client import (  # type: ignore[import-untyped]
    MismatchingStateError,
    OAuthError,
)
from authlib.integrations.starlette_client import OAuth  # type: ignore[import-untyped]
from joserfc.errors import JoseError
from starlette.requests import Request

from flowstudio.services.outside import OutsideAccount, OutsideRefusedError, Refusal, providers
from flowstudio.settings import Settings

log = logging.getLogger(__name__)
# It would write verifiers into the log.
logging.getLogger("authlib").setLevel(logging.INFO)

#: What a flow keeps under Authlib's own names, besides what we add to it.
Kept = Mapping[str, Any]
_TIMEOUT_S = 10.0
_ALGORITHMS = "id_token_signing_alg_values_supported"
_SIGNED = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384"})
#: OpenID Connect Core 1.0, section 2.
_LONGEST_SUBJECT = 255
_FAULTS = (OAuthError, JoseError, httpx2.HTTPError, LookupError, TypeError, ValueError)


class ProviderClients:
    """One client for each provider that this server is registered with."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._oauth = OAuth()
        configured = {provider.id for provider in providers(settings)}
        if "github" in configured:
            self._register_github(settings)
        if "google" in configured:
            self._register_google(settings)
        self._configured = configured

    async def begin(self, request: Request, provider: str, kept: Kept) -> str:
        """Prepare a flow in `request.session`; gives the address the browser goes to.

        Raises:
            OutsideRefusedError: the provider is not set up, or cannot be reached.
        """
        client = self._client(provider)
        try:
            if provider == "google":
                await self._discover(client)
            made = await client.create_authorization_url(self._callback(provider))
        except _FAULTS as error:
            raise _failed(provider, error) from error
        names = ("state", "code_verifier", "nonce")
        flow = {name: made[name] for name in names if name in made}
        await client.save_authorize_data(
            request, redirect_uri=self._callback(provider), **flow, **kept
        )
        return str(made["url"])

    async def kept(self, request: Request, provider: str) -> Kept | None:
        """What `begin` was given, if this browser began the flow whose state came back."""
        client = self._client(provider)
        state = request.query_params.get("state", "")
        kept: Kept | None = await client.framework.get_state_data(request.session, state)
        return kept

    async def account(self, request: Request, provider: str) -> OutsideAccount:
        """Trade the code of a callback for the account behind it.

        Raises:
            OutsideRefusedError: no code, not our state, or the provider refused the trade.
        """
        client = self._client(provider)
        try:
            if provider == "github":
                return await self._github(client, request)
            return await self._google(client, request)
        except MismatchingStateError as error:
            raise OutsideRefusedError(Refusal.STATE) from error
        except OAuthError as error:
            if error.error == "access_denied":
                raise OutsideRefusedError(Refusal.DENIED) from error
            raise _failed(provider, error) from error
        except _FAULTS as error:
            raise _failed(provider, error) from error

    async def _github(self, client: Any, request: Request) -> OutsideAccount:
        token = await client.authorize_access_token(request)
        user = (await client.get("user", token=token)).raise_for_status().json()
        emails = (await client.get("user/emails", token=token)).raise_for_status().json()
        # The address on the public profile is free text; only this list says what was verified.
        primary = [e["email"] for e in emails if e["primary"] is True and e["verified"] is True]
        return OutsideAccount.told(
            "github",
            self._settings.github_url.rstrip("/"),
            subject=str(int(user["id"])),
            email=str(primary[0]) if primary else "",
            label=str(user["login"]),
            name=str(user["name"] or user["login"]),
        )

    async def _google(self, client: Any, request: Request) -> OutsideAccount:
        issuer = self._settings.google_issuer
        await self._discover(client)
        # A code that another issuer gave must not be traded here (RFC 9207).
        if request.query_params.get("iss", issuer) != issuer:
            raise OutsideRefusedError(Refusal.STATE)
        options = {
            "iss": {"essential": True, "value": issuer},
            "aud": {"essential": True, "value": client.client_id},
        }
        token = await client.authorize_access_token(request, claims_options=options, leeway=30)
        claims = token["userinfo"]
        email = str(claims.get("email") or "")
        return OutsideAccount.told(
            "google",
            issuer,
            subject=_subject(claims["sub"]),
            email=email if claims.get("email_verified") is True else "",
            label=email,
            name=str(claims.get("name") or ""),
        )

    async def _discover(self, client: Any) -> None:
        metadata = await client.load_server_metadata()
        if metadata["issuer"] != self._settings.google_issuer:
            message = f"Its metadata names another issuer: {metadata['issuer']!r}."
            raise ValueError(message)
        # Only what somebody with the private key can have signed, whatever else is offered.
        offered = metadata.get(_ALGORITHMS, ())
        metadata[_ALGORITHMS] = [name for name in offered if name in _SIGNED] or ["RS256"]

    def _client(self, provider: str) -> Any:
        if provider not in self._configured:
            raise OutsideRefusedError(Refusal.PROVIDER_UNKNOWN)
        return self._oauth.create_client(provider)

    def _callback(self, provider: str) -> str:
        return callback_url(self._settings, provider)

    def _register_github(self, settings: Settings) -> None:
        url = settings.github_url.rstrip("/")
        self._oauth.register(
            "github",
            client_id=settings.github_client_id,
            client_secret=settings.github_client_secret.get_secret_value(),
            authorize_url=f"{url}/login/oauth/authorize",
            access_token_url=f"{url}/login/oauth/access_token",
            api_base_url=f"{settings.github_api_url.rstrip('/')}/",
            client_kwargs=_options("read:user user:email")
            | {"token_endpoint_auth_method": "client_secret_post"},
        )

    def _register_google(self, settings: Settings) -> None:
        issuer = settings.google_issuer.rstrip("/")
        self._oauth.register(
            "google",
            client_id=settings.google_client_id,
            client_secret=settings.google_client_secret.get_secret_value(),
            server_metadata_url=f"{issuer}/.well-known/openid-configuration",
            client_kwargs=_options("openid email profile"),
        )


@lru_cache(maxsize=8)
def provider_clients(settings: Settings) -> ProviderClients:
    """The clients of this server; they remember what providers tell of themselves."""
    return ProviderClients(settings)


def callback_url(settings: Settings, provider: str) -> str:
    """The address a provider sends browsers back to, as it is registered there."""
    return f"{settings.base_url}/api/v1/auth/oauth/{provider}/callback"


def _options(scope: str) -> dict[str, Any]:
    return {"scope": scope, "code_challenge_method": "S256", "timeout": _TIMEOUT_S}


def _subject(text: object) -> str:
    if not isinstance(text, str) or not 0 < len(text) <= _LONGEST_SUBJECT:
        message = "The subject of an ID token must have 1 to 255 characters."
        raise ValueError(message)
    return text


def _failed(provider: str, error: Exception) -> OutsideRefusedError:
    # Its words may come from the address the browser was sent to: shown as a literal, and cut.
    log.warning("Signing in with %s failed: %s", provider, repr(error)[:300])
    return OutsideRefusedError(Refusal.PROVIDER_FAILED)
