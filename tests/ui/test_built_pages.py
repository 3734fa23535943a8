"""Which file the address of a page is answered with."""

import pytest
from starlette.types import Message, Receive, Scope, Send

from flowstudio.ui.built_pages import BuiltPages, name_pages
from flowstudio.ui.routes import page_routes

BEFORE = 'export default {"ssr": false, "prerender": true, "build": "build"};'


async def file_of(path: str, kind: str = "http") -> str:
    asked: list[str] = []

    async def site(scope: Scope, _receive: Receive, _send: Send) -> None:
        asked.append(scope["path"])

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(_message: Message) -> None:
        pass

    await BuiltPages(site, page_routes())({"type": kind, "path": path}, receive, send)
    return asked[0]


@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("/", "/"),
        ("/runs", "/runs/"),
        ("/runs/", "/runs/"),
        ("/runs/42", "/runs/_/"),
        ("/runs/42/", "/runs/_/"),
        ("/runs/compare", "/runs/compare/"),
        ("/workflows/42/versions", "/workflows/_/versions/"),
        ("/schedules/new", "/schedules/new/"),
    ],
)
async def test_a_page_is_answered_with_the_file_of_its_route(path: str, file: str) -> None:
    assert await file_of(path) == file


@pytest.mark.parametrize(
    "path", ["/runs/42/more", "/nowhere", "/assets/root-1a2b3c4d.js", "/api/v1/runs"]
)
async def test_what_is_no_page_is_left_as_it_is(path: str) -> None:
    assert await file_of(path) == path


async def test_a_socket_has_no_file() -> None:
    assert await file_of("/runs", "websocket") == "/runs"


def test_pages_with_an_id_are_named_to_the_build() -> None:
    routes = ["/", "/runs", "/runs/[run_id]", "/w/[slug]/[id]"]
    named = name_pages(routes, BEFORE)
    assert named == (
        'export default {"ssr": false, "prerender": ({ getStaticPaths }) => '
        '[...getStaticPaths(), ...["/runs/_", "/w/_/_"]], "build": "build"};'
    )
    assert name_pages(routes, named) == named


def test_settings_of_another_shape_are_not_built_with() -> None:
    with pytest.raises(ValueError, match=r"adapt flowstudio/ui/built_pages\.py"):
        name_pages(["/runs/[run_id]"], 'export default {"prerender": {"paths": true}};')


def test_what_is_served_unbuilt_names_none() -> None:
    assert name_pages(["/runs/[run_id]"], "export default {};") == "export default {};"
