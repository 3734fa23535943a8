from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from flowstudio.errors import NotSignedInError
from flowstudio.security.redirects import safe_next
from flowstudio.ui.page_door import PageDoor

ROUTES = {"/": False, "/runs": False, "/runs/[run_id]": False, "/sign-in": True, "/setup": True}


async def site(scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"p", scope["path"].encode())]})  # fmt: skip


def read(shown: str) -> Any:
    if shown != "good":
        raise NotSignedInError
    return shown


async def ask(
    path: str, cookie: str = "", *, query: str = "", method: str = "GET", people: bool = True
) -> tuple[int, str]:
    sent: list[Message] = []

    async def is_set_up() -> bool:
        return people

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(b"cookie", f"fs_at={cookie}".encode())] if cookie else [],
    }
    await PageDoor(site, ROUTES, "fs_at", read, is_set_up)(scope, receive, send)
    headers = dict(sent[0]["headers"])
    return sent[0]["status"], (headers.get(b"location") or headers[b"p"]).decode()


async def test_a_page_leads_to_signing_in_and_back() -> None:
    assert await ask("/") == (303, "/sign-in")
    assert await ask("/runs/") == (303, "/sign-in?next=/runs")
    assert await ask("/runs/7", query="a=b&c=d") == (303, "/sign-in?next=/runs/7%3Fa%3Db%26c%3Dd")


@pytest.mark.parametrize("path", ["/runs//evil.example", "/runs/..%2f", "//evil.example/runs"])
async def test_a18_what_it_leads_back_to_is_a_page_of_this_site(path: str) -> None:
    status, target = await ask(path)
    if status == 303:
        assert safe_next(target.partition("next=")[2]) in {"/", path.rstrip("/")}


async def test_a_page_is_shown_to_whoever_is_signed_in() -> None:
    assert await ask("/runs", "good") == (200, "/runs")
    assert (await ask("/runs", "expired"))[0] == 303


@pytest.mark.parametrize(
    "path", ["/sign-in", "/assets/x.js", "/api/v1/me", "/ping", "/_event", "/boot.js", "/nowhere"]
)
async def test_what_is_no_page_for_the_signed_in_passes(path: str) -> None:
    assert (await ask(path))[0] == 200


async def test_before_anybody_exists_pages_lead_to_setting_up() -> None:
    assert await ask("/", people=False) == (303, "/setup")
    assert await ask("/sign-in", people=False) == (303, "/setup")
    assert (await ask("/setup", people=False))[0] == 200
    assert (await ask("/assets/x.js", people=False))[0] == 200


async def test_only_reading_leads_elsewhere() -> None:
    assert (await ask("/", method="POST"))[0] == 200
