from types import SimpleNamespace
from typing import Any

import pytest
from reflex_base.registry import RegistrationContext

from flowstudio.errors import NotFoundError, NotSignedInError
from flowstudio.runtime import Runtime
from flowstudio.store import sessions, users
from flowstudio.ui import backend, presence
from flowstudio.ui.presence import Feed, open_feed
from tests.fakes.clock import TurnedClock
from tests.people import person, sign_in

VERB = "run.read"


class Tab:
    """As much of a State as a feed looks at."""

    def __init__(self, token: str, cookie: str) -> None:
        headers = SimpleNamespace(raw_headers={"cookie": cookie})
        self.router = SimpleNamespace(headers=headers, session=SimpleNamespace(client_token=token))


@pytest.fixture
def open_tabs(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The tabs that Reflex knows of."""
    tabs: dict[str, str] = {"tab": "socket"}
    app = SimpleNamespace(event_namespace=SimpleNamespace(token_to_sid=tabs))
    monkeypatch.setattr(RegistrationContext, "get", lambda: SimpleNamespace(app=app))
    return tabs


@pytest.fixture
def tab(timed: Runtime, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The tab of somebody who is signed in."""
    monkeypatch.setattr(backend, "_open", [timed])
    tokens = sign_in(timed.studio.parts, person(timed.studio.parts))
    return Tab("tab", f"fs_at={tokens.access_token}")


async def nothing() -> None:
    pass


def end_sessions(runtime: Runtime) -> None:
    parts = runtime.studio.parts
    user = parts.records.read_now(lambda s: users.find_user_by_email(s, "ann@example.com"))
    parts.records.write_now(lambda s: sessions.revoke_sessions(s, user.id, parts.clock.now()))


@pytest.mark.usefixtures("open_tabs")
async def test_a_feed_ends_within_15_seconds_of_its_session(
    timed: Runtime, clock: TurnedClock, tab: Any
) -> None:
    feed: Feed = open_feed(tab, VERB)
    assert await feed.goes_on()
    end_sessions(timed)
    clock.turn(14)
    assert await feed.goes_on()
    clock.turn(1)
    with pytest.raises(NotSignedInError):
        await feed.goes_on()


@pytest.mark.usefixtures("open_tabs")
async def test_a_feed_ends_when_what_it_shows_is_out_of_reach(clock: TurnedClock, tab: Any) -> None:
    async def lost() -> None:
        message = "There is no such run."
        raise NotFoundError(message)

    feed = open_feed(tab, VERB, lost)
    assert await feed.goes_on()
    clock.turn(15)
    with pytest.raises(NotFoundError):
        await feed.goes_on()


async def test_a_feed_ends_with_its_tab(tab: Any, open_tabs: dict[str, str]) -> None:
    feed = open_feed(tab, VERB, nothing)
    assert await feed.goes_on()
    open_tabs.clear()
    assert not await feed.goes_on()


@pytest.mark.usefixtures("open_tabs")
async def test_a_feed_ends_with_the_server(tab: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    feed = open_feed(tab, VERB, nothing)
    monkeypatch.setattr(backend, "_open", [])
    assert not await feed.goes_on()


@pytest.mark.usefixtures("open_tabs")
async def test_a_tabs_next_feed_ends_the_one_before(tab: Any) -> None:
    first = open_feed(tab, VERB)
    with open_feed(tab, VERB) as second:
        assert not await first.goes_on()
        assert await second.goes_on()
    assert not await second.goes_on()


@pytest.mark.usefixtures("open_tabs")
async def test_a_feed_that_breaks_off_is_forgotten(tab: Any) -> None:
    before = len(presence._latest)
    with pytest.raises(NotFoundError), open_feed(tab, VERB):
        raise NotFoundError(VERB)
    assert len(presence._latest) == before


@pytest.mark.usefixtures("open_tabs")
def test_a_feed_is_renewed_by_another_about_the_same_alone(tab: Any) -> None:
    first = open_feed(tab, VERB, about="one")
    second = open_feed(tab, VERB, about="one")
    assert first.is_renewed
    assert not second.is_renewed
    open_feed(tab, VERB, about="other")
    assert not second.is_renewed
