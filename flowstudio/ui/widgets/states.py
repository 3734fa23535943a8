"""What a page shows while it loads, when there is nothing, and when something is wrong."""

import reflex as rx

from flowstudio.ui.widgets.icons import icon


def skeleton(*heights: int) -> rx.Component:
    """Grey bars of the given heights, where content will be."""
    return rx.el.div(
        *(rx.el.div(class_name="bone", style={"height": f"{height}px"}) for height in heights),
        class_name="skeleton",
        aria_hidden="true",
    )


def empty(picture: str, title: str, text: str, *action: rx.Component) -> rx.Component:
    """An empty place that says what to do next."""
    return rx.el.div(
        icon(picture, 22),
        rx.el.p(title, class_name="empty-title"),
        rx.el.p(text, class_name="empty-text"),
        *action,
        class_name="card empty",
    )


def missing(title: str, text: str, *action: rx.Component) -> rx.Component:
    """A page for something that is not there."""
    return rx.el.div(
        icon("search", 22),
        rx.el.h1(title, class_name="empty-title"),
        rx.el.p(text, class_name="empty-text"),
        *action,
        class_name="card empty",
    )


def notice(text: str, tone: str = "info") -> rx.Component:
    """A line a person should read once."""
    return rx.el.div(
        icon("info" if tone == "info" else "circle-alert", 16),
        rx.el.span(text),
        class_name="notice",
        custom_attrs={"data-tone": tone},
    )


def no_mail() -> rx.Component:
    """What becomes of mail on a server that has nowhere to send it."""
    return notice(
        "This server sends no mail: a message becomes a file in the folder outbox of its data "
        "directory. Ask the person who runs it."
    )
