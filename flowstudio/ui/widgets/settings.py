"""Pages made of sections: what each is about on the left, what can be done on the right."""

from collections.abc import Callable
from typing import TypeVar

import reflex as rx

T = TypeVar("T")


def sections(*parts: rx.Component) -> rx.Component:
    """All sections of a page."""
    return rx.el.div(*parts, class_name="sections")


def section(name: str, title: str, text: str, *content: rx.Component) -> rx.Component:
    """One section; `name` is its anchor and test id."""
    return rx.el.section(
        rx.el.div(rx.el.h2(title, id=f"{name}-title"), rx.el.p(text), class_name="section-words"),
        rx.el.div(*content, class_name="section-content"),
        id=name,
        aria_labelledby=f"{name}-title",
        class_name="section",
        custom_attrs={"data-testid": f"section-{name}"},
    )


def danger(*content: rx.Component) -> rx.Component:
    """A card for what cannot be taken back."""
    return rx.el.div(*content, class_name="card padded danger")


def rows(items: list[T], draw: Callable[[T], rx.Component], nothing: str) -> rx.Component:
    """A card with one row for each item, or a line that says there is none."""
    return rx.el.div(
        rx.cond(
            items,
            rx.el.ul(rx.foreach(items, draw), class_name="rows"),
            rx.el.p(nothing, class_name="faint padded"),
        ),
        class_name="card",
    )


def row(
    *content: rx.Component | rx.Var[str] | str, key: rx.Var[str] | str, test_id: str = ""
) -> rx.Component:
    """One row of such a card."""
    attributes = {"data-testid": test_id} if test_id else {}
    return rx.el.li(*content, key=key, class_name="row", custom_attrs=attributes)


def row_words(
    title: rx.Component | rx.Var[str] | str, *below: rx.Component | rx.Var[str] | str
) -> rx.Component:
    """What a row is, and a quiet line about it."""
    return rx.el.div(
        rx.el.div(title, class_name="row-title"),
        rx.el.div(*below, class_name="row-text"),
        class_name="row-words",
    )


def tag(text: rx.Var[str] | str, tone: str = "plain") -> rx.Component:
    """A word in a small frame; tones are plain, good, warn and bad."""
    return rx.el.span(text, class_name="tag", custom_attrs={"data-tone": tone})
