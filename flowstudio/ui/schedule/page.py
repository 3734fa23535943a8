"""The page of a schedule."""

import reflex as rx

from flowstudio.ui.schedule.present import Fact, SlotLine, TimeLine
from flowstudio.ui.schedule.state import ScheduleState
from flowstudio.ui.shell import frame
from flowstudio.ui.widgets.icons import icon
from flowstudio.ui.widgets.link import link
from flowstudio.ui.widgets.pill import pill
from flowstudio.ui.widgets.states import empty, missing_schedule, skeleton


def schedule_page() -> rx.Component:
    """Its times, what it is set to, and its history."""
    return frame(
        "schedules",
        rx.cond(
            ScheduleState.loaded,
            rx.cond(ScheduleState.missing, missing_schedule(), _schedule()),
            skeleton(40, 220, 320),
        ),
    )


def _schedule() -> rx.Component:
    return rx.fragment(
        link(icon("arrow-left", 14), "Schedules", to="/schedules", class_name="back"),
        rx.el.header(
            rx.el.div(
                rx.el.h1(ScheduleState.title, custom_attrs={"data-testid": "schedule-title"}),
                rx.el.p(
                    "Runs what is published of ",
                    link(
                        ScheduleState.workflow,
                        to=ScheduleState.workflow_href,
                        class_name="text-link",
                    ),
                    class_name="lead",
                ),
            ),
            rx.el.div(_actions(), class_name="actions schedule-heading"),
            class_name="heading",
        ),
        rx.cond(ScheduleState.is_paused, _paused(), rx.fragment()),
        rx.el.div(
            rx.el.div(_times(), _facts(), class_name="schedule-side"),
            _history(),
            class_name="columns",
        ),
    )


def _actions() -> rx.Component:
    return rx.fragment(
        rx.cond(
            ScheduleState.may_run,
            rx.el.button(
                icon("play", 14),
                "Run now",
                on_click=ScheduleState.run_now,
                class_name="button primary",
                custom_attrs={"data-testid": "schedule-run"},
            ),
            rx.fragment(),
        ),
        rx.cond(
            ScheduleState.may_edit,
            rx.fragment(
                rx.cond(
                    ScheduleState.is_paused,
                    rx.el.button(
                        icon("step-forward", 14),
                        "Resume",
                        on_click=ScheduleState.resume,
                        class_name="button",
                        custom_attrs={"data-testid": "schedule-resume"},
                    ),
                    rx.el.button(
                        icon("pause", 14),
                        "Pause",
                        on_click=ScheduleState.pause,
                        class_name="button",
                        custom_attrs={"data-testid": "schedule-pause"},
                    ),
                ),
                link(
                    icon("pencil", 14),
                    "Edit",
                    to=ScheduleState.edit_href,
                    class_name="button",
                    custom_attrs={"data-testid": "schedule-edit"},
                ),
                _delete(),
            ),
            rx.fragment(),
        ),
    )


def _delete() -> rx.Component:
    return rx.el.details(
        rx.el.summary(
            "Delete", class_name="button bad", custom_attrs={"data-testid": "schedule-delete"}
        ),
        rx.el.div(
            rx.el.p("The schedule goes with its history. Its runs stay."),
            rx.el.button(
                "Delete the schedule",
                on_click=ScheduleState.delete,
                class_name="button danger",
                custom_attrs={"data-testid": "schedule-delete-sure"},
            ),
            class_name="confirm-box",
        ),
        class_name="confirm",
    )


def _paused() -> rx.Component:
    return rx.el.div(
        icon("pause", 16),
        rx.el.div(
            rx.cond(
                ScheduleState.paused_reason,
                rx.fragment(
                    rx.el.strong("It paused itself."), rx.el.p(ScheduleState.paused_reason)
                ),
                rx.el.strong("Paused. What comes meanwhile is missed."),
            ),
        ),
        class_name="notice",
        custom_attrs={
            "data-tone": rx.cond(ScheduleState.paused_reason, "error", "info"),
            "data-testid": "schedule-paused",
        },
    )


def _times() -> rx.Component:
    return rx.el.section(
        rx.el.h2("Next times"),
        rx.el.p(ScheduleState.words, class_name="schedule-words"),
        rx.el.p(
            rx.cond(
                ScheduleState.expression,
                rx.el.code(ScheduleState.expression),
                rx.fragment(),
            ),
            rx.el.span(ScheduleState.zone),
            class_name="meta schedule-line",
        ),
        rx.cond(
            ScheduleState.is_over,
            rx.el.p("No time is left.", class_name="faint"),
            rx.el.ol(
                rx.foreach(ScheduleState.times, _time),
                class_name="schedule-times",
                custom_attrs={"data-testid": "schedule-times"},
            ),
        ),
        rx.cond(
            ScheduleState.rule,
            rx.el.p(ScheduleState.rule, class_name="schedule-rule"),
            rx.fragment(),
        ),
        class_name="card padded",
    )


def _time(line: TimeLine) -> rx.Component:
    return rx.el.li(rx.el.span(line.text), rx.el.span(line.rest, class_name="faint"))


def _facts() -> rx.Component:
    return rx.el.dl(
        rx.foreach(ScheduleState.facts, _fact),
        class_name="card schedule-facts",
    )


def _fact(fact: Fact) -> rx.Component:
    return rx.fragment(rx.el.dt(fact.label), rx.el.dd(fact.text))


def _history() -> rx.Component:
    return rx.el.section(
        rx.el.h2("History"),
        rx.cond(
            ScheduleState.slots,
            rx.fragment(
                rx.el.div(
                    rx.el.ul(
                        rx.foreach(ScheduleState.slots, _slot),
                        class_name="schedule-rows",
                        aria_label="Times that have come",
                    ),
                    class_name="card",
                ),
                rx.cond(
                    ScheduleState.has_more,
                    rx.el.div(
                        rx.el.button("Show more", on_click=ScheduleState.more, class_name="button"),
                        class_name="pages",
                    ),
                    rx.fragment(),
                ),
            ),
            empty("history", "No time has come yet", "Each one shows here, with its run."),
        ),
        class_name="history",
    )


def _slot(slot: SlotLine) -> rx.Component:
    return rx.el.li(
        pill(slot.status, slot.label),
        rx.el.div(
            rx.cond(
                slot.href,
                link(slot.when, to=slot.href, class_name="row-link number"),
                rx.el.span(slot.when, class_name="number"),
            ),
            rx.cond(slot.reason, rx.el.div(slot.reason, class_name="row-text"), rx.fragment()),
        ),
        key=slot.id,
        class_name="schedule-slot",
        custom_attrs={"data-testid": "schedule-slot"},
    )
