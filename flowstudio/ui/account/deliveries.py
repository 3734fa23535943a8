"""Part of the account page: which notifications did not arrive, and a test of all channels."""

from dataclasses import dataclass
from datetime import datetime

import reflex as rx

from flowstudio.services.notification_settings import FailedDelivery
from flowstudio.ui.widgets import words
from flowstudio.ui.widgets.api_form import api_form
from flowstudio.ui.widgets.settings import row, row_words, rows, tag

_CHANNELS = {"mail": "Mail", "webhook": "Webhook"}


@dataclass(frozen=True, slots=True)
class FailureLine:
    """A notification that did not arrive."""

    key: str
    channel: str
    title: str
    problem: str
    when: str
    is_final: bool


def failure_line(failure: FailedDelivery, now: datetime) -> FailureLine:
    """A failed delivery as its row shows it."""
    tried = words.count(failure.attempts, "attempt")
    follows = "it was given up"
    if failure.next_at is not None:
        wait = max(0.0, (failure.next_at - now).total_seconds())
        follows = f"the next one in {words.duration(wait)}"
    return FailureLine(
        key=f"{failure.channel} {failure.title} {failure.at.isoformat()}",
        channel=_CHANNELS[failure.channel],
        title=failure.title,
        problem=failure.problem,
        when=f"{words.since(failure.at, now)} · {tried}, {follows}",
        is_final=failure.next_at is None,
    )


def deliveries_card(failures: list[FailureLine], on_sent: rx.EventHandler) -> rx.Component:
    """What did not arrive, and a button to try all channels."""
    return rx.fragment(
        rows(failures, _failure, "Nothing has failed since mail and webhooks last arrived."),
        rx.el.div(
            rx.el.h3("Try it"),
            rx.el.p(
                "A test notice goes here, by mail and by your webhook, whatever you have chosen "
                "above, and also in quiet hours.",
                class_name="faint",
            ),
            api_form(
                action="/api/v1/notifications/test",
                submit="Send a test notice",
                done="It is on its way. What fails will stand above.",
                tone="plain",
                on_done=on_sent,
                submit_test_id="notice-test",
            ),
            class_name="card padded stack",
        ),
    )


def _failure(line: FailureLine) -> rx.Component:
    return row(
        row_words(
            rx.fragment(
                line.title,
                rx.cond(
                    line.is_final,
                    tag(f"{line.channel} failed", "bad"),
                    tag(f"{line.channel} late", "warn"),
                ),
            ),
            rx.el.p(line.problem),
            line.when,
        ),
        key=line.key,
        test_id="failure-row",
    )
