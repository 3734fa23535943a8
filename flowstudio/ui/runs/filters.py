"""Which runs the list shows."""

from typing import Any

import reflex as rx

from flowstudio.ui.runs.state import RunsState

_STATUSES = (
    ("", "All"),
    ("queued", "Queued"),
    ("running", "Running"),
    ("waiting", "Waiting"),
    ("paused", "Paused"),
    ("succeeded", "Succeeded"),
    ("failed", "Failed"),
    ("cancelled", "Cancelled"),
)
_TRIGGERS = (
    ("", "Begun by anything"),
    ("manual", "By hand"),
    ("api", "API"),
    ("schedule", "Schedule"),
    ("webhook", "Webhook"),
    ("form", "Form"),
    ("workflow", "Inside a run"),
)
_SPANS = (
    ("", "Any time"),
    ("1h", "Last hour"),
    ("24h", "Last 24 hours"),
    ("7d", "Last 7 days"),
    ("30d", "Last 30 days"),
)


def filters() -> rx.Component:
    """By status, words, workflow, what began them and when."""
    return rx.fragment(
        rx.cond(
            RunsState.tab == "all",
            rx.el.div(
                *(_status(value, label) for value, label in _STATUSES),
                class_name="segments",
                role="group",
                aria_label="Show runs by status",
            ),
            rx.el.p(
                "Failed for good, waiting for a word on what became of a step, or left behind by a "
                "process that is gone. Those that were run again are not here.",
                class_name="lead tab-lead",
            ),
        ),
        _more(),
    )


def _status(value: str, label: str) -> rx.Component:
    return rx.el.button(
        label,
        type="button",
        on_click=RunsState.show(value),
        class_name="segment",
        custom_attrs={
            "aria-pressed": rx.cond(RunsState.status == value, "true", "false"),
            "data-testid": f"runs-filter-{value or 'all'}",
        },
    )


def _more() -> rx.Component:
    return rx.el.div(
        rx.el.input(
            type="search",
            placeholder="Find by workflow, input, error or id",
            aria_label="Find runs",
            default_value=RunsState.text,
            # Anew once what was searched for is known, and when it is cleared.
            key=f"{RunsState.loaded} {RunsState.cleared}",
            on_change=RunsState.find_text.debounce(300),
            class_name="input grow",
            custom_attrs={"data-testid": "runs-search", "data-key": "find"},
        ),
        _workflow(),
        _select("Begun by", _TRIGGERS, RunsState.trigger, RunsState.choose_trigger, "trigger"),
        _select("When", _SPANS, RunsState.span, RunsState.choose_span, "span"),
        _drafts(),
        rx.cond(
            RunsState.is_filtered,
            rx.el.button(
                "Clear",
                type="button",
                on_click=RunsState.clear_filters,
                class_name="button",
                custom_attrs={"data-testid": "runs-clear"},
            ),
        ),
        class_name="filters",
    )


def _workflow() -> rx.Component:
    return rx.el.select(
        rx.el.option("All workflows", value=""),
        rx.foreach(RunsState.workflows, lambda each: rx.el.option(each["name"], value=each["id"])),
        value=RunsState.workflow_id,
        on_change=RunsState.choose_workflow,
        aria_label="Workflow",
        class_name="input",
        custom_attrs={"data-testid": "runs-workflow"},
    )


def _select(
    label: str,
    options: tuple[tuple[str, str], ...],
    value: rx.Var[str] | str,
    on_change: Any,
    name: str,
) -> rx.Component:
    return rx.el.select(
        *(rx.el.option(text, value=each) for each, text in options),
        value=value,
        on_change=on_change,
        aria_label=label,
        class_name="input",
        custom_attrs={"data-testid": f"runs-{name}"},
    )


def _drafts() -> rx.Component:
    return rx.el.label(
        rx.el.input(
            type="checkbox",
            checked=RunsState.drafts,
            on_change=RunsState.show_drafts,
            class_name="switch",
            custom_attrs={"data-testid": "runs-drafts"},
        ),
        "Drafts",
        class_name="switch-line",
        title="The editor's runs of drafts",
    )
