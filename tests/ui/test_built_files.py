"""The files of the built page: how they are cut, and how they are sent."""

import gzip
from pathlib import Path

import pytest
from starlette.types import Message, Receive, Scope, Send

from flowstudio.ui.built_files import BuiltFiles
from flowstudio.ui.chunks import group_chunks


async def ask(pages: Path, path: str, method: str = "GET", **headers: str) -> list[Message]:
    """What is sent; the site behind answers everything with 404."""
    sent: list[Message] = []

    async def site(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 404, "headers": []})

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    pairs = [(name.replace("_", "-").encode(), each.encode()) for name, each in headers.items()]
    scope = {"type": "http", "method": method, "path": path, "headers": pairs}
    await BuiltFiles(site, pages)(scope, receive, send)
    return sent


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "page-1a2b3c4d.js").write_text("export {}")
    (tmp_path / "assets" / "font.woff2").write_bytes(b"font")
    (tmp_path / "secret.js").write_text("none of its business")
    return tmp_path


async def test_code_is_sent_compressed_and_in_one_piece(pages: Path) -> None:
    start, body = await ask(pages, "/assets/page-1a2b3c4d.js", accept_encoding="gzip, br")
    headers = dict(start["headers"])
    assert start["status"] == 200
    assert headers[b"content-type"].startswith(b"text/javascript")
    assert headers[b"content-length"] == str(len(body["body"])).encode()
    assert gzip.decompress(body["body"]) == b"export {}"


async def test_what_was_compressed_before_is_sent_as_it_is(pages: Path) -> None:
    (pages / "assets" / "page-1a2b3c4d.js.gz").write_bytes(b"compressed before")
    _, body = await ask(pages, "/assets/page-1a2b3c4d.js", accept_encoding="gzip")
    assert body["body"] == b"compressed before"


@pytest.mark.parametrize(
    ("path", "method", "headers"),
    [
        ("/assets/page-1a2b3c4d.js", "GET", {}),
        ("/assets/page-1a2b3c4d.js", "HEAD", {"accept_encoding": "gzip"}),
        ("/assets/page-1a2b3c4d.js", "GET", {"accept_encoding": "gzip", "range": "bytes=0-1"}),
        ("/assets/font.woff2", "GET", {"accept_encoding": "gzip"}),
        ("/assets/../secret.js", "GET", {"accept_encoding": "gzip"}),
        ("/page-1a2b3c4d.js", "GET", {"accept_encoding": "gzip"}),
    ],
)
async def test_everything_else_is_left_to_the_site(
    pages: Path, path: str, method: str, headers: dict[str, str]
) -> None:
    (answer,) = await ask(pages, path, method, **headers)
    assert answer["status"] == 404


def test_the_bundlers_settings_are_patched_once() -> None:
    patched = group_chunks("codeSplitting: { groups: [ { name: 'env' } ] }")
    assert "lucide-react" in patched
    assert group_chunks(patched) == patched


def test_other_settings_of_the_bundler_are_noticed() -> None:
    with pytest.raises(ValueError, match=r"vite\.config\.js has changed"):
        group_chunks("something else")
