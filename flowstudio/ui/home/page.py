"""The first page."""

import reflex as rx

from flowstudio.ui.home.present import Card
from flowstudio.ui.home.state import HomeState
from flowstudio.ui.shell import ShellState, frame, heading
from flowstudio.ui.widgets.drawing import preview
from flowstudio.ui.widgets.link import link
from flowstudio.ui.widgets.run_table import run_table
from flowstudio.ui.widgets.states import empty, notice, skeleton


def home_page() -> rx.Component:
    """Examples to start from, and what ran last."""
    return frame(
        "home",
        heading(
            "Start from an example",
            "Each one runs as it is. Open it, look at its inputs, press Run.",
        ),
        rx.cond(ShellState.notice, notice(ShellState.notice)),
        rx.cond(HomeState.loaded, _gallery(), _bones()),
        rx.el.section(
            rx.el.div(
                rx.el.h2("Latest runs"),
                rx.cond(HomeState.runs, link("All runs", to="/runs", class_name="text-link")),
                class_name="section-head",
            ),
            rx.cond(
                HomeState.loaded,
                rx.cond(
                    HomeState.runs,
                    run_table(HomeState.runs),
                    empty("history", "Nothing has run yet", "Pick an example above and press Run."),
                ),
                skeleton(44, 44, 44),
            ),
        ),
    )


def _gallery() -> rx.Component:
    return rx.el.ul(rx.foreach(HomeState.cards, _card), class_name="gallery")


def _card(card: Card) -> rx.Component:
    return rx.el.li(
        link(
            preview(card.drawing),
            rx.el.div(
                rx.el.h2(card.name),
                rx.el.p(card.description, class_name="card-text"),
                rx.el.div(rx.el.span(card.nodes), rx.el.span(card.cost), class_name="card-foot"),
                class_name="card-body",
            ),
            to=card.href,
            class_name="card example",
            custom_attrs={"data-testid": f"workflow-card-{card.slug}"},
        ),
        key=card.slug,
    )


def _bones() -> rx.Component:
    return rx.el.div(
        *(rx.el.div(class_name="bone bone-card") for _ in range(8)),
        class_name="gallery",
        aria_hidden="true",
    )
