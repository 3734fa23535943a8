"""The first page."""

import reflex as rx

from flowstudio.ui.home.present import Card
from flowstudio.ui.home.state import HomeState
from flowstudio.ui.shell import ShellState, frame, heading
from flowstudio.ui.widgets.drawing import preview
from flowstudio.ui.widgets.import_file import import_file
from flowstudio.ui.widgets.link import link
from flowstudio.ui.widgets.make_workflow import new_workflow, use_example
from flowstudio.ui.widgets.run_table import run_table
from flowstudio.ui.widgets.states import empty, gallery_bones, notice
from flowstudio.ui.widgets.workflow_card import workflow_card


def home_page() -> rx.Component:
    """The workflows changed last, examples to start from, and what ran last."""
    return frame("home", rx.cond(HomeState.loaded, _home(), _bones()))


def _home() -> rx.Component:
    return rx.fragment(
        rx.cond(HomeState.workflows, _workflows(), _welcome()),
        rx.cond(ShellState.notice, notice(ShellState.notice)),
        rx.cond(
            HomeState.workflows,
            rx.el.div(rx.el.h2("Start from an example"), class_name="section-head"),
        ),
        _gallery(),
        rx.el.section(
            rx.el.div(
                rx.el.h2("Latest runs"),
                rx.cond(HomeState.runs, link("All runs", to="/runs", class_name="text-link")),
                class_name="section-head",
            ),
            rx.cond(
                HomeState.runs,
                run_table(HomeState.runs),
                empty("history", "Nothing has run yet", "Pick an example above and press Run."),
            ),
        ),
    )


def _bones() -> rx.Component:
    """Whether there are workflows is not known yet: only what is the same either way."""
    return rx.fragment(
        rx.el.div(
            rx.el.div(class_name="bone bone-heading"), class_name="heading", aria_hidden="true"
        ),
        gallery_bones(),
    )


def _welcome() -> rx.Component:
    return heading(
        "Start from an example",
        "Each one runs as it is. Open it, look at its inputs, press Run.",
        _makers(),
    )


def _workflows() -> rx.Component:
    return rx.fragment(
        heading("Workflows", "What you and your team changed last.", _makers()),
        rx.el.ul(
            rx.foreach(
                HomeState.workflows,
                lambda card: workflow_card(card, test_id=f"recent-{card.slug}"),
            ),
            class_name="gallery recent",
            aria_label="Workflows changed last",
        ),
        rx.cond(
            HomeState.has_more,
            rx.el.div(
                link("All workflows", to="/workflows", class_name="text-link"),
                class_name="section-more",
            ),
        ),
    )


def _makers() -> rx.Component:
    return rx.cond(
        HomeState.project_id,
        rx.fragment(
            import_file(project_id=HomeState.project_id, label="Import", on_done=HomeState.refresh),
            new_workflow(project_id=HomeState.project_id),
        ),
    )


def _gallery() -> rx.Component:
    return rx.el.ul(rx.foreach(HomeState.cards, _card), class_name="gallery", aria_label="Examples")


def _card(card: Card) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            preview(card.drawing),
            rx.el.div(
                rx.el.h2(
                    link(
                        card.name,
                        to=card.href,
                        class_name="card-link",
                        custom_attrs={"data-testid": f"example-{card.slug}"},
                    )
                ),
                rx.el.p(card.description, class_name="card-text"),
                rx.el.div(
                    rx.el.div(
                        rx.el.span(card.nodes), rx.el.span(card.cost), class_name="card-foot"
                    ),
                    rx.cond(
                        HomeState.project_id,
                        use_example(
                            project_id=HomeState.project_id, slug=card.slug, name=card.name
                        ),
                    ),
                    class_name="example-foot",
                ),
                class_name="card-body",
            ),
            class_name="card example",
            custom_attrs={"data-testid": f"workflow-card-{card.slug}"},
        ),
        key=card.slug,
    )
