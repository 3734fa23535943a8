import base64
import hashlib
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from flowstudio.settings import Settings
from flowstudio.ui.doors import OriginDoor, SecurityHeaders, content_policy
from flowstudio.ui.origins import page_origins
from flowstudio.ui.same_host import use_page_port


async def page(scope: Scope, _receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    kind = b"text/html" if scope["path"] == "/" else b"text/javascript"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]})
    await send({"type": "http.response.body", "body": b""})


async def call(app: Any, kind: str, origin: str | None, **more: Any) -> Message:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"origin", origin.encode())] if origin else []
    await app({"type": kind, "path": "/", "headers": headers, **more}, receive, send)
    return sent[0]


DOOR = OriginDoor(page, ["http://127.0.0.1:3000", "http://localhost:3000"])


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://127.0.0.1:3001",
        "https://127.0.0.1:3000",
        "http://127.0.0.1:3000.evil.example",
        "null",
    ],
)
async def test_another_origin_gets_neither_socket_nor_write(origin: str) -> None:
    assert (await call(DOOR, "websocket", origin))["type"] == "websocket.close"
    assert (await call(DOOR, "http", origin, method="POST"))["status"] == 403


@pytest.mark.parametrize("origin", ["http://127.0.0.1:3000", "HTTP://LOCALHOST:3000", None])
async def test_the_own_origin_and_programs_without_one_pass(origin: str | None) -> None:
    assert (await call(DOOR, "websocket", origin))["type"] == "websocket.accept"
    assert (await call(DOOR, "http", origin, method="POST"))["status"] == 200


async def test_reading_needs_no_origin() -> None:
    assert (await call(DOOR, "http", "https://evil.example", method="GET"))["status"] == 200


async def headers_of(path: str) -> dict[bytes, bytes]:
    app = SecurityHeaders(page, "default-src 'self'")
    return dict((await call(app, "http", None, method="GET", path=path))["headers"])


async def test_pages_are_checked_again_and_files_named_by_content_are_kept() -> None:
    html = await headers_of("/")
    assert html[b"content-security-policy"] == b"default-src 'self'"
    assert html[b"cache-control"] == b"no-cache"
    assert b"immutable" in (await headers_of("/assets/routes-DbYcByay.js"))[b"cache-control"]
    assert b"cache-control" not in await headers_of("/boot.js")


def test_only_the_inline_scripts_of_the_built_pages_may_run(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(
        '<script>one()</script><script src="/x.js"></script><script type="module">two()</script>'
    )
    policy = content_policy(tmp_path)
    for script in (b"one()", b"two()"):
        digest = base64.b64encode(hashlib.sha256(script).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert policy.count("sha256-") == 2


def test_the_origins_are_this_server_and_those_in_the_settings() -> None:
    settings = Settings(host="192.0.2.7", port=4000, allowed_origins=("https://flows.example/",))
    assert page_origins(settings) == (
        "http://127.0.0.1:4000",
        "http://localhost:4000",
        "http://192.0.2.7:4000",
        "https://flows.example",
    )


def test_listening_everywhere_allows_no_more_origins() -> None:
    assert page_origins(Settings(host="::", port=4000)) == (
        "http://127.0.0.1:4000",
        "http://localhost:4000",
    )


def test_the_page_connects_to_the_port_it_came_from() -> None:
    source = "a; endpoint.hostname = frontend_hostname; b"
    patched = use_page_port(source)
    assert "endpoint.port = window.location.port;" in patched
    assert use_page_port(patched) == patched


def test_another_reflex_is_not_patched_silently() -> None:
    with pytest.raises(ValueError, match="same_host"):
        use_page_port("something else")
