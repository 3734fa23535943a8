"""The page at an address that is no page's."""

from typing import Any

import reflex as rx

from flowstudio.ui.bell import BellState
from flowstudio.ui.current_project import ProjectState
from flowstudio.ui.door_frame import door_frame
from flowstudio.ui.guard import current_actor, guarded
from flowstudio.ui.shell import ShellState, blank_frame, frame
from flowstudio.ui.widgets.link import link
from flowstudio.ui.widgets.states import missing

_TITLE = "There is no such page"
_TEXT = "The address may be incomplete, or the page may have moved."


class LostState(rx.State):
    """Who came to the wrong address: only somebody who is signed in has pages to go on to."""

    loaded: bool = False
    is_signed_in: bool = False

    @guarded("instance.look")
    async def load(self) -> Any:
        """Fill the frame of those who have one."""
        self.is_signed_in, self.loaded = current_actor(self).is_signed_in, True
        return [ProjectState.load, ShellState.load, BellState.load] if self.is_signed_in else None


def lost_page() -> rx.Component:
    """Says so, with a way back."""
    return rx.cond(
        LostState.loaded,
        rx.cond(
            LostState.is_signed_in,
            frame("", missing(_TITLE, _TEXT, _way_back("button primary"))),
            door_frame(_TITLE, _TEXT, _way_back("button primary wide")),
        ),
        blank_frame(),
    )


def _way_back(class_name: str) -> rx.Component:
    return link(
        "Go to the first page",
        to="/",
        class_name=class_name,
        custom_attrs={"data-testid": "lost-home"},
    )
