"""Section of the account page: by which ways one is told of what, and when not."""

from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

import reflex as rx
from pydantic import StringConstraints

from flowstudio.clock import utc_now
from flowstudio.errors import InvalidInputError
from flowstudio.services.notification_settings import (
    OFFERED,
    TYPES,
    MailPace,
    Mute,
    QuietHours,
)
from flowstudio.ui.account.deliveries import FailureLine, deliveries_card, failure_line
from flowstudio.ui.backend import backend
from flowstudio.ui.guard import current_actor, guarded
from flowstudio.ui.live import toast
from flowstudio.ui.widgets.api_form import api_field, api_form
from flowstudio.ui.widgets.settings import row, row_words, rows, section

_PACES: tuple[tuple[MailPace, str], ...] = (
    ("off", "No mail"),
    ("now", "At once"),
    ("hourly", "Once an hour"),
    ("daily", "Once a day"),
)
Switched = Literal["in_app", "webhook"]
TypeName = Annotated[str, StringConstraints(max_length=20)]


@dataclass(frozen=True, slots=True)
class ChannelLine:
    """A type, and by which channels it is told."""

    type: str
    title: str
    about: str
    in_app: bool
    mail: str
    webhook: bool


@dataclass(frozen=True, slots=True)
class MuteLine:
    """Something that is muted."""

    key: str
    workflow_id: str
    type: str
    title: str


class NotificationPreferencesState(rx.State):
    """How the person wants to be told. The webhook's secret never comes here."""

    channels: list[ChannelLine] = []
    mutes: list[MuteLine] = []
    quiet_from: str = ""
    quiet_until: str = ""
    zone: str = "UTC"
    webhook_url: str = ""
    quiet_problem: str = ""
    failures: list[FailureLine] = []

    @guarded("notification.read")
    async def load(self) -> None:
        """Show what is chosen."""
        await self._look()

    async def _look(self) -> None:
        found = await backend().studio.notification_settings.look(current_actor(self))
        self.channels = [
            ChannelLine(name, facts.title, facts.about, chosen.in_app, chosen.mail, chosen.webhook)
            for name, facts in OFFERED.items()
            for chosen in (found.channels[name],)
        ]
        self.mutes = [_mute_line(mute) for mute in found.mutes]
        self.quiet_from, self.quiet_until = found.quiet.begins, found.quiet.ends
        self.zone, self.webhook_url = found.quiet.zone, found.webhook_url
        now = utc_now()
        self.failures = [failure_line(each, now) for each in found.failures]

    @guarded("notification.edit")
    async def switch(self, name: TypeName, channel: Switched, chosen: bool) -> None:
        """Choose whether a type is told by a channel; the others stay as they are."""
        await self._choose(name, **{channel: chosen})

    @guarded("notification.edit")
    async def mail(self, name: TypeName, pace: MailPace) -> None:
        """Choose how often a type is told by mail."""
        await self._choose(name, mail=pace)

    async def _choose(self, name: str, **chosen: Any) -> None:
        if name not in OFFERED:
            raise InvalidInputError([f"type: There is no type {name!r}."])
        actor, settings = current_actor(self), backend().studio.notification_settings
        # The page may not have seen yet what was chosen a moment ago.
        now = (await settings.look(actor)).channels[name]  # type: ignore[index]
        await settings.choose(actor, {name: replace(now, **chosen)})  # type: ignore[dict-item]
        await self._look()

    @guarded("notification.edit")
    async def keep_quiet(self, form: dict[str, Any]) -> Any:
        """Choose quiet hours; empty times end them."""
        begins, ends, zone = (str(form.get(name, ""))[:64] for name in ("from", "until", "zone"))
        self.quiet_problem = ""
        quiet = QuietHours(begins, ends, zone.strip() or "UTC")
        try:
            await backend().studio.notification_settings.keep_quiet(current_actor(self), quiet)
        except InvalidInputError as error:
            self.quiet_problem = " ".join(error.problems)
            return None
        await self._look()
        return toast("Saved.")

    @guarded("notification.edit")
    async def unmute(self, workflow_id: str, name: TypeName) -> None:
        """Hear of something again."""
        mute = Mute(workflow_id[:36], name)
        settings = backend().studio.notification_settings
        await settings.mute(current_actor(self), mute, is_muted=False)
        await self._look()


def notifications_section() -> rx.Component:
    """Channels, quiet hours, a webhook, and what is muted."""
    state = NotificationPreferencesState
    return section(
        "notifications",
        "Notifications",
        "By which ways you hear of what. What several channels would say at once is said once in "
        "each, and mail leaves out what you have seen here.",
        rx.el.div(
            rx.el.ul(rx.foreach(state.channels, _channel_line), class_name="rows"),
            class_name="card",
        ),
        _quiet(),
        _webhook(),
        deliveries_card(state.failures, state.load),
        rows(state.mutes, _muted, "Nothing is muted."),
    )


def _channel_line(line: ChannelLine) -> rx.Component:
    state = NotificationPreferencesState
    return row(
        row_words(line.title, line.about),
        rx.el.div(
            _check(
                "Here", line.title, line.in_app,
                lambda checked: state.switch(line.type, "in_app", checked),
            ),
            rx.el.select(
                *(rx.el.option(label, value=value) for value, label in _PACES),
                value=line.mail,
                on_change=lambda pace: state.mail(line.type, pace),
                aria_label=f"{line.title}: mail",
                class_name="input pace",
                custom_attrs={"data-testid": f"mail-{line.type}"},
            ),
            _check(
                "Webhook", line.title, line.webhook,
                lambda checked: state.switch(line.type, "webhook", checked),
            ),
            class_name="row-actions",
        ),
        key=line.type,
    )  # fmt: skip


def _check(label: str, of: rx.Var[str] | str, checked: Any, change: Any) -> rx.Component:
    return rx.el.label(
        rx.el.input(
            type="checkbox", checked=checked, on_change=change, aria_label=f"{of}: {label}"
        ),
        label,
        class_name="told-check",
    )


def _quiet() -> rx.Component:
    state = NotificationPreferencesState
    return rx.el.form(
        rx.el.h3("Quiet hours"),
        rx.el.p(
            "Mail and webhooks wait for their end, but for what is urgent. Leave the times empty "
            "for none.",
            class_name="faint",
        ),
        rx.el.div(
            _time("from", "From", state.quiet_from),
            _time("until", "Until", state.quiet_until),
            rx.el.div(
                rx.el.label("Time zone", html_for="quiet-zone"),
                rx.el.input(
                    id="quiet-zone",
                    name="zone",
                    default_value=state.zone,
                    key=state.zone,
                    class_name="input",
                    placeholder="Europe/Berlin",
                ),
                class_name="field",
            ),
            class_name="quiet-fields",
        ),
        rx.cond(
            state.quiet_problem,
            rx.el.p(state.quiet_problem, class_name="field-error", role="alert"),
        ),
        rx.el.button(
            "Save quiet hours",
            type="submit",
            class_name="button",
            custom_attrs={"data-testid": "quiet-save"},
        ),
        on_submit=state.keep_quiet,
        class_name="card padded stack",
        no_validate=True,
    )


def _time(name: str, label: str, value: rx.Var[str] | str) -> rx.Component:
    return rx.el.div(
        rx.el.label(label, html_for=f"quiet-{name}"),
        rx.el.input(
            id=f"quiet-{name}",
            name=name,
            type="time",
            default_value=value,
            key=value,
            class_name="input",
        ),
        class_name="field",
    )


def _webhook() -> rx.Component:
    state = NotificationPreferencesState
    return rx.el.div(
        rx.el.h3("Webhook"),
        rx.el.p(
            "Each notification is posted there as JSON, signed by Standard Webhooks. Setting an "
            "address makes a new secret, which is shown once.",
            class_name="faint",
        ),
        api_form(
            api_field("url", "Address", value=state.webhook_url, required=True,
                      placeholder="https://example.com/flowstudio", test_id="webhook-url"),
            action="/api/v1/notifications/webhook",
            method="PUT",
            submit="Save the webhook",
            reveal="secret",
            reveal_label="Signing secret",
            keeps_values=True,
            on_done=state.load,
            key=state.webhook_url,
            test_id="webhook-form",
        ),
        rx.cond(
            state.webhook_url,
            api_form(
                action="/api/v1/notifications/webhook",
                method="DELETE",
                submit="Remove the webhook",
                tone="plain",
                on_done=state.load,
            ),
        ),
        class_name="card padded stack",
    )  # fmt: skip


def _muted(line: MuteLine) -> rx.Component:
    return row(
        row_words(line.title, "muted"),
        rx.el.button(
            "Hear of it again",
            type="button",
            on_click=NotificationPreferencesState.unmute(line.workflow_id, line.type),
            class_name="button small",
        ),
        key=line.key,
        test_id="mute-row",
    )


def _mute_line(mute: Mute) -> MuteLine:
    of = TYPES[mute.type].title if mute.type in TYPES else "Everything"  # type: ignore[index]
    where = f"“{mute.workflow or 'a workflow that is gone'}”" if mute.workflow_id else "everywhere"
    return MuteLine(
        f"{mute.workflow_id} {mute.type}", mute.workflow_id, mute.type, f"{of} · {where}"
    )
