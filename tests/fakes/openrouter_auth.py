"""OpenRouter's page that gives an app a key, and the exchange behind it, on a loopback socket.

    async with OpenRouterAuth() as openrouter:
        settings = Settings(**openrouter.settings())

As OpenRouter does, it takes any callback address and knows no `state`; unlike it, PKCE with S256 is
demanded. A code works once.
"""

import secrets
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlencode, urlsplit

from tests.fakes.github import s256
from tests.fakes.http_server import Answer, HttpServer, Request


@dataclass(frozen=True)
class KeyGrant:
    challenge: str


class OpenRouterAuth:
    """The provider.

    Attributes:
        user_id: who answers the page.
        keys: given away so far.
        callbacks: where browsers were sent back to.
        refusals: why it refused, in order.
    """

    def __init__(self, user_id: str = "user_2ada") -> None:
        self.user_id = user_id
        self.denies = False
        self.keys: list[str] = []
        self.callbacks: list[str] = []
        self.refusals: list[str] = []
        self.server = HttpServer()
        self._codes: dict[str, KeyGrant] = {}

    async def __aenter__(self) -> Self:
        self.server.answers |= {"/auth": self._authorize, "/api/v1/auth/keys": self._exchange}
        await self.server.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.server.__aexit__()

    def settings(self) -> dict[str, str]:
        """What FlowStudio has to be told to use it."""
        return {
            "openrouter_auth_url": self.server.url("/auth"),
            "openrouter_base_url": self.server.url("/api/v1"),
        }

    def _authorize(self, request: Request) -> Answer:
        asked = {name: values[-1] for name, values in request.query.items()}
        callback = asked.get("callback_url", "")
        if urlsplit(callback).scheme not in {"http", "https"}:
            return self._refuse(400, "callback_url must be an address")
        if (
            asked.get("code_challenge_method") != "S256"
            or len(asked.get("code_challenge", "")) != 43
        ):
            return self._refuse(400, "Invalid code_challenge_method")
        self.callbacks.append(callback)
        if self.denies:
            return Answer.redirect(f"{callback}?{urlencode({'error': 'access_denied'})}")
        code = f"auth_code_{secrets.token_hex(8)}"
        self._codes[code] = KeyGrant(asked["code_challenge"])
        mark = "&" if urlsplit(callback).query else "?"
        return Answer.redirect(f"{callback}{mark}{urlencode({'code': code})}")

    def _exchange(self, request: Request) -> Answer:
        if request.method != "POST":
            return self._refuse(405, "Method Not Allowed")
        given = request.json()
        grant = self._codes.pop(given.get("code", ""), None)
        if grant is None or s256(given.get("code_verifier", "")) != grant.challenge:
            return self._refuse(403, "Invalid code or code_verifier")
        if given.get("code_challenge_method") != "S256":
            return self._refuse(400, "Invalid code_challenge_method")
        key = f"sk-or-v1-{secrets.token_hex(32)}"
        self.keys.append(key)
        return Answer.of_json({"key": key, "user_id": self.user_id})

    def _refuse(self, status: int, message: str) -> Answer:
        self.refusals.append(message)
        return Answer.of_json({"error": {"code": status, "message": message}}, status)
