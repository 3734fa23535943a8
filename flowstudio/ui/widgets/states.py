"""What a page shows while it loads, when there is nothing, and when something is wrong."""

import reflex as rx

from flowstudio.ui.widgets.icons import icon
from flowstudio.ui.widgets.link import link


def skeleton(*heights: int) -> rx.Component:
    """Grey bars of the given heights, where content will be."""
    return rx.el.div(
        *(rx.el.div(class_name="bone", style={"height": f"{height}px"}) for height in heights),
        class_name="skeleton",
        aria_hidden="true",
    )


def gallery_bones() -> rx.Component:
    """Grey cards, where a gallery will be."""
    return rx.el.div(
        *(rx.el.div(class_name="bone bone-card") for _ in range(8)),
        class_name="gallery",
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


def missing_schedule() -> rx.Component:
    """A page for a schedule that is not there."""
    return missing(
        "There is no such schedule",
        "It may have been deleted.",
        link("See all schedules", to="/schedules", class_name="button primary"),
    )


def missing_workflow() -> rx.Component:
    """A page for a workflow that is not there."""
    return missing(
        "There is no such workflow",
        "It may have been removed, or moved to the trash.",
        link("See all workflows", to="/workflows", class_name="button primary"),
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
