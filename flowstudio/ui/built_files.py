"""Files of the built page whose names change with their content, sent from memory.

The browser wants a dozen of them at once before it can draw anything.
"""

import gzip
from functools import lru_cache
from pathlib import Path

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

_FOLDER = "/assets/"
_KINDS = {".js": b"text/javascript; charset=utf-8", ".css": b"text/css; charset=utf-8"}


class BuiltFiles:
    """Answers `GET /assets/…` in one piece, compressed; leaves everything else to the site.

    Args:
        app: the site, which knows these files too.
        pages: the folder of the built pages; what is read from it is kept.
    """

    def __init__(self, app: ASGIApp, pages: Path) -> None:
        self._app = app
        self._folder = pages / "assets"
        self._names = {path.name for path in self._folder.glob("*") if path.suffix in _KINDS}
        self._read = lru_cache(maxsize=len(self._names))(self._compressed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file, or pass the request on."""
        name = self._name_of(scope)
        if not name:
            await self._app(scope, receive, send)
            return
        body = self._read(name)
        headers = [
            (b"content-type", _KINDS[Path(name).suffix]),
            (b"content-encoding", b"gzip"),
            (b"content-length", str(len(body)).encode()),
            (b"vary", b"Accept-Encoding"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _name_of(self, scope: Scope) -> str:
        if scope["type"] != "http" or scope["method"] != "GET":
            return ""
        path = scope["path"]
        name = path.removeprefix(_FOLDER)
        if name == path or name not in self._names:
            return ""
        headers = Headers(scope=scope)
        is_plain = "gzip" in headers.get("accept-encoding", "") and "range" not in headers
        return name if is_plain else ""

    def _compressed(self, name: str) -> bytes:
        beside = self._folder / f"{name}.gz"
        if beside.exists():
            return beside.read_bytes()
        return gzip.compress((self._folder / name).read_bytes())
