"""The page of a workflow's webhooks and forms."""

from typing import Any

import reflex as rx

from flowstudio.services.webhooks import METHODS
from flowstudio.ui.shell import frame, heading
from flowstudio.ui.webhooks.present import LinkCard, RequestRow
from flowstudio.ui.webhooks.state import WebhooksState
from flowstudio.ui.widgets.api_form import api_field, api_form
from flowstudio.ui.widgets.copy_button import copy_button
from flowstudio.ui.widgets.icons import icon
from flowstudio.ui.widgets.link import link
from flowstudio.ui.widgets.settings import tag
from flowstudio.ui.widgets.states import empty, missing_workflow, notice, skeleton

_AUTHS = [
    {"value": "none", "label": "None: whoever has the address"},
    {"value": "header", "label": "A secret in a header"},
    {"value": "hmac", "label": "A signature (HMAC-SHA256)"},
]
_RESPONDS = [
    {"value": "now", "label": "At once, with the run's id"},
    {"value": "end", "label": "After the run, with its outputs"},
    {"value": "stream", "label": "As a stream of events"},
]
_METHODS = [{"value": name, "label": name} for name in METHODS]


def webhooks_page() -> rx.Component:
    """What starts this workflow from outside."""
    return frame(
        "workflows",
        rx.cond(
            WebhooksState.loaded,
            rx.cond(WebhooksState.missing, missing_workflow(), _links()),
            skeleton(40, 180, 180),
        ),
    )


def _links() -> rx.Component:
    return rx.fragment(
        link(
            icon("arrow-left", 14),
            WebhooksState.title,
            to=f"/workflows/{WebhooksState.id}",
            class_name="back",
        ),
        heading(
            "Webhooks and forms",
            "Addresses that programs call, and pages that people fill in. Both run what is published.",
        ),
        rx.cond(
            WebhooksState.problem,
            rx.el.div(notice(WebhooksState.problem, tone="error"), role="alert"),
        ),
        rx.cond(
            WebhooksState.links,
            rx.el.div(rx.foreach(WebhooksState.links, _card), class_name="hooks"),
            empty(
                "webhook",
                "Nothing from outside starts this workflow yet",
                "Make a webhook for programs, or a form for people.",
            ),
        ),
        rx.cond(WebhooksState.may_edit, _make()),
    )


def _card(card: LinkCard) -> rx.Component:
    return rx.el.section(
        rx.el.header(
            rx.el.h2(card.name),
            tag(card.kind),
            rx.cond(card.is_form, rx.fragment(), tag(card.auth_text)),
            rx.cond(card.is_enabled, tag("on", "good"), tag("off", "warn")),
            class_name="hook-head",
        ),
        rx.cond(
            card.trouble,
            rx.el.div(notice(card.trouble, tone="error"), custom_attrs={"data-testid": "trouble"}),
        ),
        rx.cond(
            card.url,
            rx.fragment(
                _address("Address", card.url, "url"),
                rx.cond(
                    card.test_url,
                    _address("Test address, which runs the draft", card.test_url, "test-url"),
                ),
            ),
            rx.el.p("You see its address once you may run this workflow.", class_name="faint"),
        ),
        rx.cond(card.example, _example(card)),
        rx.cond(card.test_url, _requests("Last test requests", card.tests, "tests")),
        _requests("Last requests", card.requests, "requests"),
        rx.cond(WebhooksState.may_edit, _steering(card)),
        class_name="card padded hook",
        aria_label=card.name,
        key=card.id,
        custom_attrs={"data-testid": "hook"},
    )


def _address(label: str, text: rx.Var[str] | str, name: str) -> rx.Component:
    return rx.el.div(
        rx.el.span(label, class_name="hook-label"),
        rx.el.div(
            rx.el.code(text, custom_attrs={"data-testid": f"hook-{name}"}, tab_index=0),
            copy_button(text=text, label=f"Copy: {label}", test_id=f"copy-{name}"),
            class_name="hook-line",
        ),
    )


def _example(card: LinkCard) -> rx.Component:
    return rx.el.details(
        rx.el.summary("How a shell calls it"),
        rx.el.pre(card.example, tab_index=0, custom_attrs={"data-testid": "hook-example"}),
        copy_button(text=card.example, label="Copy the example"),
    )


def _requests(title: str, requests: list[RequestRow], name: str) -> rx.Component:
    return rx.el.details(
        rx.el.summary(title),
        rx.cond(
            requests,
            rx.el.ul(rx.foreach(requests, _request), class_name="hook-requests"),
            rx.el.p("None yet. What comes in appears here.", class_name="faint"),
        ),
        custom_attrs={"data-testid": f"hook-{name}"},
    )


def _request(request: RequestRow) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            tag(request.status, request.tone),
            rx.el.code(request.title),
            rx.el.span(request.text, class_name="faint"),
            rx.cond(request.run, link("Its run", to=request.run, class_name="text-link")),
            class_name="hook-request",
        ),
        rx.el.details(
            rx.el.summary("Headers and body"),
            rx.el.pre(request.head, tab_index=0),
            rx.el.pre(request.body, tab_index=0),
        ),
        key=request.id,
    )


def _steering(card: LinkCard) -> rx.Component:
    return rx.fragment(
        rx.el.details(
            rx.el.summary("Settings"),
            rx.cond(
                card.is_form,
                _settings(card, *_of_form(card), key="form"),
                _settings(card, *_of_webhook(card), key="webhook"),
            ),
            custom_attrs={"data-testid": "hook-settings"},
        ),
        rx.el.div(
            rx.cond(
                card.is_enabled,
                _tell(card, "Switch off", {"is_enabled": False}),
                _tell(card, "Switch on", {"is_enabled": True}),
            ),
            rx.cond(
                card.has_secret,
                api_form(
                    action=f"{card.action}/rotate",
                    submit="New secret",
                    tone="plain",
                    confirm="Make a new secret? The one before is good no more.",
                    reveal="secret",
                    reveal_label="The new secret. Copy it now: it is shown this once.",
                    on_done=WebhooksState.again,
                    key="rotate",
                ),
            ),
            api_form(
                action=card.action,
                method="DELETE",
                submit="Delete",
                tone="danger",
                confirm="Delete this link? Its address answers no more.",
                on_done=WebhooksState.again,
                key="delete",
            ),
            class_name="row-actions",
        ),
    )


def _settings(card: LinkCard, *fields: dict[str, Any], key: str) -> rx.Component:
    return api_form(
        *fields,
        action=card.action,
        method="PATCH",
        submit="Save",
        done="Saved.",
        keeps_values=True,
        reveal="secret",
        reveal_label="Its secret. Copy it now: it is shown this once.",
        on_done=WebhooksState.again,
        key=key,
    )


def _tell(card: LinkCard, label: str, told: dict[str, bool]) -> rx.Component:
    return api_form(
        action=card.action,
        method="PATCH",
        extra=told,
        submit=label,
        tone="plain",
        on_done=WebhooksState.again,
        key=label,
    )


def _of_form(card: LinkCard) -> tuple[dict[str, Any], ...]:
    return (
        api_field("name", "Title", value=card.name, required=True),
        api_field(
            "shows_outputs",
            "Show what came out",
            "checkbox",
            value=card.shows_outputs,
            help="On the page after the form.",
        ),
        *_quotas(card.per_minute, card.per_day),
    )


def _of_webhook(card: LinkCard) -> tuple[dict[str, Any], ...]:
    return (
        api_field("name", "Name", value=card.name, required=True),
        api_field("methods", "Methods", "list", options=_METHODS, value=card.methods),
        _auth(card.auth),
        api_field(
            "auth_header",
            "Header of the secret",
            value=card.auth_header,
            help="With a secret in a header.",
        ),
        _respond(card.respond),
        api_field(
            "timeout_s",
            "Longest wait, in seconds",
            "number",
            value=card.timeout,
            required=True,
            help="After the run: then 504. As a stream: then it ends. The run goes on.",
        ),
        api_field(
            "key_from",
            "Key from",
            value=card.key_from,
            empty="text",
            optional=True,
            help="A header, or a path such as body.order.id. The same value gets the same run.",
        ),
        *_quotas(card.per_minute, card.per_day),
    )


def _quotas(
    per_minute: rx.Var[str] | str, per_day: rx.Var[str] | str
) -> tuple[dict[str, Any], ...]:
    return (
        api_field("per_minute", "Most a minute", "number", value=per_minute, required=True),
        api_field("per_day", "Most a day", "number", value=per_day, empty="null", optional=True),
    )


def _auth(value: rx.Var[str] | str) -> dict[str, Any]:
    return api_field("auth", "Protection", "select", options=_AUTHS, value=value)


def _respond(value: rx.Var[str] | str) -> dict[str, Any]:
    return api_field("respond", "Reply", "select", options=_RESPONDS, value=value)


def _make() -> rx.Component:
    return rx.el.section(
        rx.el.h2("New link"),
        rx.el.div(
            _kind("webhook", "Webhook"),
            _kind("form", "Form"),
            class_name="segments",
            role="group",
            aria_label="Kind of a new link",
        ),
        rx.cond(
            WebhooksState.kind == "form",
            _new(
                "form",
                api_field("name", "Title", required=True, help="What people read at the top."),
                api_field("shows_outputs", "Show what came out", "checkbox"),
            ),
            _new(
                "webhook",
                api_field("name", "Name", required=True),
                _auth("none"),
                _respond("now"),
            ),
        ),
        class_name="card padded hook",
        aria_label="New link",
    )


def _new(kind: str, *fields: dict[str, Any]) -> rx.Component:
    return api_form(
        *fields,
        action=f"/api/v1/workflows/{WebhooksState.id}/webhooks",
        extra={"kind": kind},
        submit="Make it",
        done="Made.",
        reveal="secret",
        reveal_label="Its secret. Copy it now: it is shown this once.",
        on_done=WebhooksState.again,
        key=kind,
        test_id=f"hook-form-{kind}",
        submit_test_id="hook-create",
    )


def _kind(value: str, label: str) -> rx.Component:
    return rx.el.button(
        label,
        type="button",
        on_click=WebhooksState.choose_kind(value),
        class_name="segment",
        custom_attrs={
            "aria-pressed": rx.cond(WebhooksState.kind == value, "true", "false"),
            "data-testid": f"hook-kind-{value}",
        },
    )
