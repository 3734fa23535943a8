"""What is done to several runs at once."""

from typing import Any

import reflex as rx

from flowstudio.ui.runs.state import RunsState
from flowstudio.ui.widgets.icons import icon
from flowstudio.ui.widgets.link import link

# A list in the state, a variable on the page.
_PICKED: Any = RunsState.picked


def picked() -> rx.Component:
    """How many are selected, and what can be done to all of them."""
    count = _PICKED.length()
    return rx.cond(
        count > 0,
        rx.el.div(
            rx.el.span(f"{count} selected", role="status", class_name="picked-count"),
            rx.cond(
                count == 2,
                link(
                    icon("git-compare", 14),
                    "Compare",
                    to=f"/runs/compare?a={_PICKED[0]}&b={_PICKED[1]}",
                    class_name="button",
                    custom_attrs={"data-testid": "runs-compare"},
                ),
            ),
            rx.el.button(
                icon("rotate-ccw", 14),
                "Re-run",
                on_click=RunsState.rerun_picked,
                class_name="button",
                custom_attrs={"data-testid": "runs-rerun"},
            ),
            rx.el.button(
                icon("square", 14),
                "Cancel",
                on_click=RunsState.cancel_picked,
                class_name="button",
                custom_attrs={"data-testid": "runs-cancel"},
            ),
            _delete(),
            rx.el.button("Clear", on_click=RunsState.pick_none, class_name="button plain"),
            class_name="picked",
        ),
    )


def _delete() -> rx.Component:
    return rx.el.details(
        rx.el.summary(
            icon("trash-2", 14),
            "Delete",
            class_name="button bad",
            custom_attrs={"data-testid": "runs-delete"},
        ),
        rx.el.div(
            rx.el.p(
                "Their steps, outputs and logs are gone for good. Unfinished runs are left alone."
            ),
            rx.el.button(
                "Delete for good",
                on_click=RunsState.delete_picked,
                class_name="button danger",
                custom_attrs={"data-testid": "runs-delete-sure"},
            ),
            class_name="confirm-box",
        ),
        class_name="confirm",
    )
