"""The API's document and its page, made once from the routes."""

import base64
import hashlib
import json
from functools import cached_property
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from flowstudio.api.docs_page import THEME_SCRIPT, page
from flowstudio.api.openapi import build_document


def add_docs(app: FastAPI) -> None:
    """Serve `/api/openapi.json` and `/api/docs`; both are for anyone."""
    documents = _Documents(app)
    app.add_route("/api/openapi.json", documents.as_json, include_in_schema=False)
    app.add_route("/api/docs", documents.as_page, include_in_schema=False)


class _Documents:
    def __init__(self, app: FastAPI) -> None:
        self._app = app

    async def as_json(self, request: Request) -> Response:
        """The OpenAPI document."""
        return _reply(request, self._json, "application/json", {})

    async def as_page(self, request: Request) -> Response:
        """The page that people read."""
        policy = {"Content-Security-Policy": _policy()}
        return _reply(request, self._page, "text/html; charset=utf-8", policy)

    @cached_property
    def _document(self) -> dict[str, Any]:
        return build_document(self._app)

    @cached_property
    def _json(self) -> bytes:
        return json.dumps(self._document, ensure_ascii=False).encode()

    @cached_property
    def _page(self) -> bytes:
        return page(self._document).encode()


def _reply(request: Request, body: bytes, kind: str, headers: dict[str, str]) -> Response:
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = headers | {"ETag": etag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match", "").removeprefix("W/") == etag:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=kind, headers=headers)


def _policy() -> str:
    script = base64.b64encode(hashlib.sha256(THEME_SCRIPT.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{script}'; style-src 'self'; font-src 'self'; "
        "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
