"""Where the API stands: in front of the site, on the same port."""

import pytest
from starlette.types import Receive, Scope, Send

from flowstudio.api.mount import ApiFirst
from flowstudio.app import app


class Named:
    """Says which of the two was asked."""

    def __init__(self, name: str, asked: list[str]) -> None:
        self._name = name
        self._asked = asked

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - the shape of ASGI
        self._asked.append(self._name)


@pytest.mark.parametrize(
    ("kind", "path", "expected"),
    [
        ("http", "/api", "api"),
        ("http", "/api/", "api"),
        ("http", "/api/v1/me", "api"),
        ("http", "/apis", "site"),
        ("http", "/", "site"),
        ("http", "/x/api/v1/me", "site"),
        ("websocket", "/api/v1/me", "site"),
        ("lifespan", "", "site"),
    ],
)
async def test_only_requests_for_the_api_reach_it(kind: str, path: str, expected: str) -> None:
    asked: list[str] = []
    both = ApiFirst(Named("api", asked), Named("site", asked))
    scope = {"type": kind, "path": path} if path else {"type": kind}

    async def nothing(*_: object) -> dict[str, object]:
        return {}

    await both(scope, nothing, nothing)
    assert asked == [expected]


def test_reflex_offers_no_door_besides_its_websocket_and_health() -> None:
    # No page uploads files: its upload endpoint, and the folder it would serve, stay closed.
    assert app._api is not None
    app._add_optional_endpoints()
    paths = {getattr(route, "path", "") for route in app._api.routes}
    assert paths == {"/ping", "/_health", "/_event"}
