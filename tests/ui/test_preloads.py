"""What the browser is told to load with a page."""

import json
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from flowstudio.ui.preloads import Preloads, read_links


def route(path: str, name: str) -> dict[str, Any]:
    return {
        "path": path,
        "module": f"/assets/{name}.js",
        "imports": ["/assets/shared.js", "/assets/more.js"],
        "css": [f"/assets/{name}.css"],
    }


@pytest.fixture
def links(tmp_path: Path) -> dict[str, str]:
    """Of a site with a page of a run, one beside it at a fixed address, and the first page."""
    (tmp_path / "assets").mkdir()
    routes = {
        "root": {"path": "", "module": "/assets/root.js", "imports": [], "css": []},
        "run": route("runs/:run_id", "run"),
        "compare": route("runs/compare", "compare"),
    }
    text = f"window.__reactRouterManifest={json.dumps({'routes': routes})};"
    (tmp_path / "assets" / "manifest-1a2b3c4d.js").write_text(text)
    (tmp_path / "__spa-fallback.html").write_text('<link href="/assets/shared.js"/>')
    return read_links(tmp_path)


async def link_of(links: dict[str, str], path: str, kind: bytes = b"text/html") -> str:
    sent: list[Message] = []

    async def page(_scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [(b"content-type", kind)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    await Preloads(page, links)({"type": "http", "path": path}, receive, send)
    return dict(sent[0]["headers"]).get(b"link", b"").decode()


async def test_a_page_with_an_id_names_what_the_shared_file_does_not(links: dict[str, str]) -> None:
    assert await link_of(links, "/runs/42") == (
        "</assets/run.js>; rel=modulepreload, </assets/more.js>; rel=modulepreload, "
        "</assets/run.css>; rel=preload; as=style"
    )


@pytest.mark.parametrize("path", ["/", "/runs/compare", "/runs/42/more", "/nowhere"])
async def test_other_pages_name_their_code_themselves(links: dict[str, str], path: str) -> None:
    assert await link_of(links, path) == ""


async def test_only_pages_name_code(links: dict[str, str]) -> None:
    assert await link_of(links, "/runs/42", b"application/json") == ""


def test_without_a_built_site_there_is_nothing_to_name(tmp_path: Path) -> None:
    assert read_links(tmp_path) == {}
