"""Whether a browser tab still wants the live feed that was started for it."""

import reflex as rx
from reflex_base.registry import RegistrationContext

_latest: dict[str, "Feed"] = {}


class Feed:
    """One live feed; a tab has at most one, that of the page it shows."""

    def __init__(self, token: str) -> None:
        self._token = token

    @property
    def is_wanted(self) -> bool:
        """False once the tab was closed or went on to another page."""
        namespace = RegistrationContext.get().app.event_namespace
        is_here = namespace is not None and self._token in namespace.token_to_sid
        return is_here and _latest.get(self._token) is self

    def close(self) -> None:
        """Forget the feed."""
        if _latest.get(self._token) is self:
            del _latest[self._token]


def open_feed(state: rx.State) -> Feed:
    """Begin the feed of this tab's page; the one before it ends."""
    feed = _latest[state.router.session.client_token] = Feed(state.router.session.client_token)
    return feed
