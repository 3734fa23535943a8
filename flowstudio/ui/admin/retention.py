"""How long runs are kept."""

from typing import Any

import reflex as rx

from flowstudio.ui.admin.state import AdminState, HealthLine
from flowstudio.ui.widgets.api_form import api_field, api_form
from flowstudio.ui.widgets.settings import section, sections

_LIMITS = (
    ("days", "Days", "Since a run ended."),
    ("most_runs", "Number of runs", "The newest are kept."),
    ("most_mb", "Megabytes", "Of all their journals together."),
)


def retention() -> rx.Component:
    """How many runs are kept, and how many there are."""
    return sections(
        section(
            "retention",
            "Runs kept",
            "Finished runs beyond a limit are removed within a minute or so, the oldest first, and "
            "the database file shrinks. Unfinished runs always stay. Empty means no limit.",
            rx.el.div(
                api_form(
                    *(_limit(name, label, text) for name, label, text in _LIMITS),
                    action="/api/v1/instance/retention",
                    method="PUT",
                    submit="Save",
                    done="Saved.",
                    keeps_values=True,
                    on_done=AdminState.load,
                    test_id="retention-form",
                    key=AdminState.kept.mark,
                ),
                class_name="card padded",
            ),
            rx.el.div(
                rx.el.dl(rx.foreach(AdminState.kept.facts, _fact), class_name="facts-list"),
                class_name="card",
            ),
        ),
    )


def _limit(name: str, label: str, text: str) -> dict[str, Any]:
    return api_field(
        name,
        label,
        "number",
        optional=True,
        empty="null",
        value=getattr(AdminState.kept, name),
        help=text,
    )


def _fact(line: HealthLine) -> rx.Component:
    return rx.fragment(rx.el.dt(line.name), rx.el.dd(line.text))
