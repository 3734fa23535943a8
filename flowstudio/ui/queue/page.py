"""The page of the queue."""

from typing import Any, Literal

import reflex as rx

from flowstudio.ui.queue.dead import dead_runs
from flowstudio.ui.queue.present import LimitRow, QueueCard, WorkerRow
from flowstudio.ui.queue.state import QueueState
from flowstudio.ui.shell import frame, heading
from flowstudio.ui.widgets.api_form import api_field, api_form
from flowstudio.ui.widgets.settings import row, row_words, rows, section, sections, tag
from flowstudio.ui.widgets.states import notice, skeleton


def queue_page() -> rx.Component:
    """What waits, what holds it back, who works, and what has failed."""
    return frame(
        "queue",
        heading("Queue", "Where runs wait their turn: interactive ones go first, batch ones last."),
        rx.cond(
            QueueState.problem,
            rx.el.div(notice(QueueState.problem, tone="error"), role="alert"),
        ),
        rx.cond(
            QueueState.loaded,
            rx.fragment(
                rx.el.div(rx.foreach(QueueState.queues, _queue), class_name="queues"),
                sections(dead_runs(), _workers(), _limits(), _rates()),
            ),
            skeleton(180, 120, 120),
        ),
    )


def _queue(card: QueueCard) -> rx.Component:
    return rx.el.section(
        rx.el.header(
            rx.el.h2(card.title),
            tag(card.state, card.tone),
            class_name="queue-head",
        ),
        rx.el.p(card.text, class_name="faint"),
        rx.el.dl(
            _figure("Waiting", card.waiting),
            _figure("Oldest", card.oldest),
            _figure("Running", card.running),
            _figure("Ended in the last minute", card.ended),
            _figure("For later", card.delayed),
            class_name="figures",
        ),
        rx.el.div(
            rx.cond(
                card.is_paused,
                _tell(card, "Go on", {"is_paused": False}),
                _tell(card, "Pause", {"is_paused": True}),
            ),
            rx.cond(
                card.is_draining,
                _tell(card, "Take new runs", {"is_draining": False}),
                _tell(
                    card,
                    "Drain",
                    {"is_draining": True},
                    confirm="Take no new runs into this queue? What waits goes on.",
                ),
            ),
            class_name="row-actions",
            key=card.mark,
        ),
        aria_label=card.title,
        class_name="card padded queue",
        key=card.name,
        custom_attrs={"data-testid": f"queue-{card.name}"},
    )


def _figure(label: str, value: rx.Var[str] | str) -> rx.Component:
    return rx.el.div(rx.el.dt(label), rx.el.dd(value))


def _tell(card: QueueCard, label: str, told: dict[str, bool], confirm: str = "") -> rx.Component:
    return api_form(
        action=card.action,
        method="PATCH",
        extra=told,
        submit=label,
        tone="plain",
        confirm=confirm,
        on_done=QueueState.load,
        key=label,
    )


def _workers() -> rx.Component:
    return section(
        "workers",
        "Workers",
        "The processes that advance runs. The command “flowstudio worker” adds one.",
        rows(QueueState.workers, _worker, "None has told of itself yet."),
    )


def _worker(line: WorkerRow) -> rx.Component:
    return row(
        row_words(rx.fragment(line.where, tag(line.state, line.tone)), line.text),
        rx.el.span(line.load, class_name="number", title="Runs in hand, of as many as it takes"),
        key=line.name,
        test_id="worker-row",
    )


def _limits() -> rx.Component:
    return section(
        "limits",
        "Runs at once",
        "How many go on together. What is beyond a limit waits, and holds up nothing else. "
        "A project has its own limit among its settings, a workflow in its editor, where no node is "
        "selected.",
        rows(QueueState.limits, _limit, "No limit is set."),
        rx.el.div(
            api_form(
                api_field("most_at_once", "Most runs at once, in all", "number", required=True),
                action="/api/v1/queue/limits/instance",
                method="PUT",
                submit="Set",
                done="Set.",
                on_done=QueueState.load,
                test_id="limit-form",
            ),
            class_name="card padded",
        ),
    )


def _limit(line: LimitRow) -> rx.Component:
    return row(
        row_words(line.title, line.text),
        api_form(
            action=line.action,
            method="PUT",
            extra=line.extra,
            submit="Take away",
            tone="plain",
            on_done=QueueState.load,
            key="remove",
        ),
        key=line.key,
        test_id="limit-row",
    )


def _rates() -> rx.Component:
    return section(
        "rates",
        "Calls at most",
        "How often a model or a credential is used. Steps wait for their turn.",
        rows(QueueState.rates, _limit, "No rate is set."),
        rx.el.div(
            _rate(
                "model",
                api_field(
                    "key",
                    "Model",
                    required=True,
                    placeholder="openai/gpt-4o",
                    suggestions=QueueState.models,
                ),
            ),
            class_name="card padded",
        ),
        rx.cond(
            QueueState.credentials,
            rx.el.div(
                _rate(
                    "credential",
                    api_field(
                        "key",
                        "Credential",
                        "select",
                        options=QueueState.credentials,
                        required=True,
                        test_id="field-credential",
                    ),
                ),
                class_name="card padded",
            ),
        ),
    )


def _rate(kind: Literal["model", "credential"], which: dict[str, Any]) -> rx.Component:
    return api_form(
        which,
        api_field("calls", "Calls", "number", required=True, value="60", test_id=f"{kind}-calls"),
        api_field("per_s", "In seconds", "number", required=True, value="60", test_id=f"{kind}-s"),
        action="/api/v1/queue/rates",
        method="PUT",
        extra={"kind": kind},
        submit="Set",
        done="Set.",
        label=f"Rate of a {kind}",
        layout="grid",
        on_done=QueueState.load,
        test_id="rate-form" if kind == "model" else "rate-form-credential",
    )
