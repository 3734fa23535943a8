"""The pages that links in mail lead to."""

import reflex as rx

from flowstudio.ui.door_frame import door_frame
from flowstudio.ui.entry.parts import invitation_card, post_link
from flowstudio.ui.entry.state import EntryState
from flowstudio.ui.widgets.states import skeleton


def verify_page() -> rx.Component:
    """Confirms an e-mail address at once."""
    return door_frame(
        "Your e-mail address",
        "",
        post_link(
            action="/api/v1/auth/verify",
            waiting="Confirming the address…",
            done="The address is confirmed. Thank you.",
            next="/",
            next_label="Go on",
        ),
    )


def invitation_page() -> rx.Component:
    """Tells what one is invited to, and takes the answer."""
    return door_frame(
        "You are invited",
        "",
        rx.cond(
            EntryState.loaded,
            invitation_card(is_signed_in=EntryState.person != "", person=EntryState.person),
            skeleton(120),
        ),
    )
