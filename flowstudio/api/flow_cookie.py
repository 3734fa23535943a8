"""What a browser carries while it is away at a provider: signed, short-lived, used once.

Only the browser that began comes back with it, so a link made elsewhere leads nowhere. It holds the
PKCE verifier, which is worth nothing without the code and the secret of this server.
"""

from collections.abc import MutableMapping
from typing import Any

from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.requests import Request
from starlette.responses import Response

from flowstudio.security.keyring import KeyRing
from flowstudio.settings import Settings

#: Seconds a person has at the provider.
PATIENCE_S = 600
_PURPOSE = "oauth-state"
_LONGEST = 3_500

Flow = MutableMapping[str, Any]


class FlowCookie:
    """Reads and writes that cookie."""

    def __init__(self, settings: Settings, ring: KeyRing) -> None:
        self._is_secure = settings.is_secure
        self.name = "__Host-fs_flow" if settings.is_secure else "fs_flow"
        # The library signs with the last one, and believes them all.
        keys = [key.secret for key in reversed(ring.derive(_PURPOSE))]
        self._serializer = URLSafeTimedSerializer(keys, salt=_PURPOSE)

    def read(self, request: Request) -> dict[str, Any]:
        """What was kept; nothing if it was made up, changed, or is too old."""
        text = request.cookies.get(self.name, "")
        if not text or len(text) > _LONGEST:
            return {}
        try:
            flow = self._serializer.loads(text, max_age=PATIENCE_S)
        except BadData:
            return {}
        return flow if isinstance(flow, dict) else {}

    def write(self, response: Response, flow: Flow) -> None:
        """Keep it for the next minutes."""
        self._set(response, str(self._serializer.dumps(dict(flow))), PATIENCE_S)

    def clear(self, response: Response) -> None:
        """Forget it."""
        self._set(response, "", 0)

    def _set(self, response: Response, text: str, age_s: int) -> None:
        response.set_cookie(
            self.name,
            text,
            max_age=age_s,
            path="/",
            secure=self._is_secure,
            httponly=True,
            samesite="lax",
        )
