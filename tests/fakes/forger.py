"""An OpenID provider that signs whatever ID token a test wants, on a loopback socket.

    async with Forger(callback) as google:
        google.claims = {"aud": "another-client"}

It stands for a provider that was taken over, or for somebody on the way to it. What it says is
right in every part a test does not change.
"""

import base64
import json
import secrets
import time
from typing import Any, Self
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from tests.fakes.http_server import Answer, HttpServer, Request

CLIENT_ID = "flowstudio.apps.example.com"
CLIENT_SECRET = "a-client-secret-that-is-long-enough-for-hs256"  # noqa: S105


class Forger:
    """The provider.

    Attributes:
        claims: what an ID token says differently; None leaves a claim out.
        metadata: what its discovery document says differently.
        answer: what its redirect says differently.
        forge: makes the ID token of the right claims; None leaves the token out.
    """

    def __init__(self) -> None:
        self.claims: dict[str, Any] = {}
        self.metadata: dict[str, Any] = {}
        self.answer: dict[str, str] = {}
        self.forge = self.signed
        self.server = HttpServer()
        self._key = RSAKey.generate_key(2048, {"kid": "1", "use": "sig", "alg": "RS256"})
        self._nonces: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        self.server.answers |= {
            "/.well-known/openid-configuration": lambda _: Answer.of_json(self._discovery()),
            "/jwks": lambda _: Answer.of_json({"keys": [self._key.as_dict(private=False)]}),
            "/auth": self._authorize,
            "/token": self._token,
        }
        await self.server.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.server.__aexit__()

    @property
    def issuer(self) -> str:
        return self.server.url("")

    def settings(self) -> dict[str, str]:
        """What FlowStudio has to be told to use it as Google."""
        return {
            "google_issuer": self.issuer,
            "google_client_id": CLIENT_ID,
            "google_client_secret": CLIENT_SECRET,
        }

    def signed(self, claims: dict[str, Any]) -> str:
        """As it should be."""
        return jwt.encode({"alg": "RS256", "kid": "1"}, claims, self._key)

    def signed_by_another(self, claims: dict[str, Any]) -> str:
        """With the right key id, and a key nobody knows."""
        key = RSAKey.generate_key(2048, {"kid": "1"})
        return jwt.encode({"alg": "RS256", "kid": "1"}, claims, key)

    def signed_with_the_secret(self, claims: dict[str, Any]) -> str:
        """By HS256 with the client's own secret."""
        return jwt.encode({"alg": "HS256", "kid": "1"}, claims, OctKey.import_key(CLIENT_SECRET))

    def signed_with_the_public_key(self, claims: dict[str, Any]) -> str:
        """By HS256 with what everybody knows: RS256 taken for HS256."""
        # The library refuses such a key by itself, so its text is signed as plain bytes.
        key = OctKey.import_key(base64.urlsafe_b64encode(self._key.as_pem(private=False)).decode())
        return jwt.encode({"alg": "HS256", "kid": "1"}, claims, key)

    def unsigned(self, claims: dict[str, Any]) -> str:
        """With the algorithm `none`."""
        return f"{_part({'alg': 'none', 'kid': '1'})}.{_part(claims)}."

    def altered(self, claims: dict[str, Any]) -> str:
        """Signed, and then changed."""
        head, _, signature = self.signed(claims | {"sub": "somebody else"}).split(".")
        return f"{head}.{_part(claims)}.{signature}"

    def _discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/auth",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "id_token_signing_alg_values_supported": ["RS256"],
        } | self.metadata

    def _authorize(self, request: Request) -> Answer:
        asked = {name: values[-1] for name, values in request.query.items()}
        code = secrets.token_hex(8)
        self._nonces[code] = asked["nonce"]
        reply = {"code": code, "state": asked["state"]} | self.answer
        return Answer.redirect(f"{asked['redirect_uri']}?{urlencode(reply)}")

    def _token(self, request: Request) -> Answer:
        body = dict(part.split("=", 1) for part in request.body.decode().split("&"))
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": "7",
            "iat": now,
            "exp": now + 600,
            "nonce": self._nonces.pop(body["code"]),
            "email": "ada@example.com",
            "email_verified": True,
        } | self.claims
        kept = {name: value for name, value in claims.items() if value is not None}
        token = {"access_token": "at", "token_type": "Bearer", "expires_in": 600}
        return Answer.of_json(token | ({"id_token": self.forge(kept)} if self.forge else {}))


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
