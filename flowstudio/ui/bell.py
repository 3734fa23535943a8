"""The bell of the top bar: how much is new, and the latest of it, as it happens."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

import reflex as rx
from pydantic import StringConstraints

from flowstudio.clock import utc_now
from flowstudio.services.notifications import channel_of
from flowstudio.ui.backend import backend
from flowstudio.ui.guard import current_actor, guarded
from flowstudio.ui.presence import open_feed
from flowstudio.ui.widgets.icons import icon
from flowstudio.ui.widgets.link import link
from flowstudio.ui.widgets.told import ToldRow, told_icon, told_row, told_words, unread_label

_SHOWN = 6
_IDLE_S = 1.0
_MENU = "notifications-menu"


class BellState(rx.State):
    """What the bell shows.

    Attributes:
        unread: how many are new, in words; "" for none.
    """

    loaded: bool = False
    unread: str = ""
    latest: list[ToldRow] = []

    @guarded("notification.read")
    async def load(self) -> Any:
        """Count, and go on counting."""
        await self._look()
        return BellState.follow

    @guarded("notification.read", background=True)
    async def follow(self) -> AsyncIterator[Any]:
        """Count anew whenever the person was told something, until the tab is closed."""
        channels = backend().studio.parts.channels
        with (
            open_feed(self, "notification.read", kind="bell") as feed,
            channels.listen(channel_of(current_actor(self).id)) as listener,
        ):
            while await feed.goes_on():
                try:
                    async with asyncio.timeout(_IDLE_S):
                        await listener.get()
                except TimeoutError:
                    continue
                async with self:
                    await self._look()
                yield

    @guarded("notification.edit")
    async def read(self, notification_id: Annotated[str, StringConstraints(max_length=36)]) -> None:
        """Mark one as read, as it is opened."""
        await backend().studio.notifications.change(current_actor(self), [notification_id], "read")
        await self._look()

    @guarded("notification.edit")
    async def read_all(self) -> None:
        """Mark everything as read."""
        await backend().studio.notifications.read_all(current_actor(self))
        await self._look()

    async def _look(self) -> None:
        found = await backend().studio.notifications.latest(current_actor(self), _SHOWN)
        now = utc_now()
        self.unread = unread_label(found.unread)
        self.latest = [told_row(item, now) for item in found.items]
        self.loaded = True


def bell() -> rx.Component:
    """The bell; pressed, it shows the latest."""
    return rx.fragment(
        rx.el.button(
            icon("bell", 18),
            rx.cond(
                BellState.unread,
                rx.el.span(
                    BellState.unread,
                    class_name="bell-count",
                    aria_hidden="true",
                    custom_attrs={"data-testid": "notifications-count"},
                ),
            ),
            type="button",
            class_name="icon-button bell",
            aria_label=rx.cond(
                BellState.unread,
                f"Notifications, {BellState.unread} new",
                "Notifications",
            ),
            custom_attrs={"popoverTarget": _MENU, "data-testid": "nav-notifications"},
        ),
        rx.el.span(
            rx.cond(BellState.unread, f"{BellState.unread} new notifications", ""),
            role="status",
            class_name="unseen",
        ),
        _menu(),
    )


def _menu() -> rx.Component:
    return rx.el.div(
        rx.el.div(
            rx.el.strong("Notifications"),
            rx.cond(
                BellState.unread,
                rx.el.button(
                    "Mark all as read",
                    type="button",
                    on_click=BellState.read_all,
                    class_name="link-button",
                    custom_attrs={"data-testid": "notifications-read-all"},
                ),
            ),
            class_name="bell-head",
        ),
        rx.cond(
            BellState.latest,
            rx.el.ul(rx.foreach(BellState.latest, _item), class_name="bell-list"),
            rx.el.p(
                "Nothing yet. Failed runs, questions that wait for you and mentions appear here.",
                class_name="bell-empty",
            ),
        ),
        link(
            "Open the inbox",
            to="/notifications",
            class_name="bell-foot",
            custom_attrs={"data-testid": "notifications-all"},
        ),
        id=_MENU,
        class_name="menu bell-menu",
        role="region",
        aria_label="Latest notifications",
        custom_attrs={"popover": "auto"},
    )


def _item(row: ToldRow) -> rx.Component:
    return rx.el.li(
        link(
            told_icon(row),
            told_words(row),
            to=row.href,
            on_click=BellState.read(row.id),
            class_name="told",
            custom_attrs={"data-read": rx.cond(row.is_read, "true", "false")},
        ),
        key=row.id,
    )
