"""The list of schedules."""

from typing import Any

import reflex as rx

from flowstudio.ui.schedules.present import ScheduleRow
from flowstudio.ui.schedules.state import SchedulesState
from flowstudio.ui.shell import frame, heading
from flowstudio.ui.widgets.icons import icon
from flowstudio.ui.widgets.link import link
from flowstudio.ui.widgets.pill import pill
from flowstudio.ui.widgets.states import empty, skeleton

_SHOWN = (("", "All"), ("active", "Active"), ("paused", "Paused"))
# A list in the state, a variable on the page.
_SCHEDULES: Any = SchedulesState.schedules


def schedules_page() -> rx.Component:
    """When workflows run by themselves."""
    return frame(
        "schedules",
        heading(
            "Schedules",
            "What is published of a workflow runs at these times by itself, whether or not a page is open.",
            rx.cond(SchedulesState.may_create & (_SCHEDULES.length() > 0), _new(), rx.fragment()),
        ),
        rx.cond(
            SchedulesState.loaded,
            rx.fragment(
                rx.cond(
                    SchedulesState.is_filtered | (_SCHEDULES.length() > 0),
                    _filters(),
                    rx.fragment(),
                ),
                rx.cond(
                    SchedulesState.problem,
                    _problem(),
                    rx.cond(SchedulesState.schedules, _list(), _nothing()),
                ),
            ),
            skeleton(44, 58, 58, 58),
        ),
    )


def _new() -> rx.Component:
    return link(
        icon("plus", 14),
        "New schedule",
        to="/schedules/new",
        class_name="button primary",
        custom_attrs={"data-testid": "schedule-new"},
    )


def _filters() -> rx.Component:
    return rx.el.div(
        rx.el.div(
            *(
                rx.el.button(
                    label,
                    on_click=SchedulesState.show(value),
                    aria_pressed=rx.cond(SchedulesState.shown == value, "true", "false"),
                    class_name="segment",
                    custom_attrs={"data-testid": f"schedules-{value or 'all'}"},
                )
                for value, label in _SHOWN
            ),
            class_name="segments",
            role="group",
            aria_label="Which schedules",
            style={"margin": "0 !important"},
        ),
        rx.el.input(
            default_value=SchedulesState.text,
            # Anew once what was searched for is known, and when it is cleared.
            key=f"{SchedulesState.loaded} {SchedulesState.cleared}",
            on_change=SchedulesState.find_text.debounce(250),
            placeholder="Find by name or workflow",
            aria_label="Find schedules",
            auto_complete="off",
            class_name="input grow",
            custom_attrs={"data-testid": "schedules-find", "data-key": "find"},
        ),
        class_name="filters",
    )


def _list() -> rx.Component:
    return rx.fragment(
        rx.el.div(
            rx.el.ul(
                rx.foreach(SchedulesState.schedules, _row),
                class_name="schedule-rows",
                aria_label="Schedules",
            ),
            class_name="card",
        ),
        rx.cond(
            SchedulesState.has_more,
            rx.el.div(
                rx.el.button("Show more", on_click=SchedulesState.more, class_name="button"),
                class_name="pages",
            ),
            rx.fragment(),
        ),
    )


def _row(row: ScheduleRow) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.div(
                link(row.title, to=row.href, class_name="row-link"),
                rx.cond(row.workflow, rx.el.span(row.workflow, class_name="tag"), rx.fragment()),
                class_name="row-title",
            ),
            rx.el.div(row.words, " · ", rx.el.span(row.zone), class_name="row-text"),
            rx.cond(row.note, rx.el.div(row.note, class_name="row-error"), rx.fragment()),
            class_name="schedule-what",
        ),
        rx.el.div(
            rx.cond(
                row.is_paused,
                pill("paused", "Paused"),
                rx.el.span(row.next, class_name="schedule-next"),
            ),
            rx.el.span(row.date, class_name="row-text"),
            class_name="schedule-when",
        ),
        rx.el.div(
            rx.cond(
                row.last,
                pill(row.last, row.last_label),
                rx.el.span("has not run", class_name="faint"),
            ),
            class_name="schedule-last",
        ),
        rx.el.div(
            rx.cond(
                row.may_run,
                _button("play", f"Run {row.title} now", SchedulesState.run_now(row.id), "run"),
                rx.fragment(),
            ),
            rx.cond(
                row.may_edit,
                rx.cond(
                    row.is_paused,
                    _button(
                        "step-forward",
                        f"Resume {row.title}",
                        SchedulesState.resume(row.id),
                        "resume",
                    ),
                    _button("pause", f"Pause {row.title}", SchedulesState.pause(row.id), "pause"),
                ),
                rx.fragment(),
            ),
            class_name="schedule-actions",
        ),
        key=row.id,
        class_name="schedule-row",
        custom_attrs={"data-testid": "schedule-row"},
    )


def _button(picture: str, label: rx.Var[str] | str, action: Any, name: str) -> rx.Component:
    return rx.el.button(
        icon(picture, 15),
        on_click=action,
        aria_label=label,
        title=label,
        class_name="icon-button",
        custom_attrs={"data-testid": f"schedule-row-{name}"},
    )


def _problem() -> rx.Component:
    return rx.el.div(
        icon("circle-alert", 16),
        rx.el.div(
            rx.el.strong("The schedules could not be read."),
            rx.el.p(SchedulesState.problem),
            rx.el.button("Try again", on_click=SchedulesState.load, class_name="button small"),
        ),
        class_name="notice",
        role="alert",
        custom_attrs={"data-tone": "error", "data-testid": "problem-0"},
    )


def _nothing() -> rx.Component:
    return rx.cond(
        SchedulesState.is_filtered,
        empty(
            "search",
            "No schedule fits",
            "Take a filter away.",
            rx.el.button(
                "Clear filters", on_click=SchedulesState.clear_filters, class_name="button"
            ),
        ),
        empty(
            "calendar-clock",
            "Nothing runs by itself yet",
            "Publish a workflow, and say when it is to run: every morning, each quarter of an hour, or once.",
            rx.cond(
                SchedulesState.may_create,
                link(
                    "New schedule",
                    to="/schedules/new",
                    class_name="button primary",
                    custom_attrs={"data-testid": "schedule-new"},
                ),
                rx.fragment(),
            ),
        ),
    )
