"""Whether a live feed should go on: the tab is still there, and still its person's to see."""

from collections.abc import Awaitable, Callable
from typing import Self

import reflex as rx
from reflex_base.registry import RegistrationContext

from flowstudio.ui.backend import backend, is_open
from flowstudio.ui.guard import check_again

_CHECK_S = 15.0
_latest: dict[tuple[str, str], "Feed"] = {}


class Feed:
    """One live feed; a tab has at most one of a kind, such as that of the page it shows."""

    def __init__(
        self,
        state: rx.State,
        verb: str,
        still: Callable[[], Awaitable[object]] | None,
        kind: str,
        about: str,
    ) -> None:
        self._state = state
        self._verb = verb
        self._still = still
        self.about = about
        self._token = state.router.session.client_token
        self._key = (self._token, kind)
        self._check_at = backend().clock.monotonic() + _CHECK_S

    async def goes_on(self) -> bool:
        """False once the tab was closed or went elsewhere, or the server stops; asked at each turn.

        Every 15 seconds the person is looked at again, as at an event.

        Raises:
            NotSignedInError: the session has ended.
            NotFoundError: what the feed shows is not theirs to see any more.
        """
        if not self._is_wanted:
            return False
        now = backend().clock.monotonic()
        if now >= self._check_at:
            self._check_at = now + _CHECK_S
            await check_again(self._state, self._verb)
            if self._still is not None:
                await self._still()
        return True

    @property
    def _is_wanted(self) -> bool:
        namespace = RegistrationContext.get().app.event_namespace
        is_here = namespace is not None and self._token in namespace.token_to_sid
        return is_here and is_open() and _latest.get(self._key) is self

    @property
    def is_renewed(self) -> bool:
        """Another feed of this tab has begun, about the same."""
        latest = _latest.get(self._key)
        return latest is not None and latest is not self and latest.about == self.about

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if _latest.get(self._key) is self:
            del _latest[self._key]


def open_feed(
    state: rx.State,
    verb: str,
    still: Callable[[], Awaitable[object]] | None = None,
    kind: str = "page",
    about: str = "",
) -> Feed:
    """Begin a feed of this tab, by default that of its page; the one before it ends.

    It is forgotten at the end of its `with`.

    Args:
        state: of the handler that feeds.
        verb: the handler's own.
        still: raises when the person may not see what is fed any more.
        kind: of the feed, when it is not that of the page.
        about: the id of what it tells of.
    """
    feed = Feed(state, verb, still, kind, about)
    _latest[state.router.session.client_token, kind] = feed
    return feed
