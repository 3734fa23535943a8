"""Forms that post straight to the REST API: for passwords, keys and whatever else stays secret.

What is typed never becomes an event of the page or a var of its state; the other half is
assets/components/api-form.jsx.
"""

from typing import Any, Literal

import reflex as rx
from reflex.event import EventHandler, no_args_event_spec

_MODULE = "$/public/components/api-form.jsx"

Kind = Literal[
    "text", "email", "password", "checkbox", "select", "list", "long", "number", "moment"
]
#: What is sent for an empty optional field: nothing, null, or the empty text.
Empty = Literal["leave_out", "null", "text"]


class ApiForm(rx.Component):
    """A form whose fields become the JSON body of one request.

    Attributes:
        action: path of the route; method: POST, PUT, PATCH or DELETE.
        extra: constant fields of the body.
        next: where to go by a full load after success; `next_from_address` takes `?next=`.
        follow: field of the reply that holds the address to go on to.
        link_as: name under which the secret of the page's link is sent.
        on_done: told after success, without the reply.
        reveal: field of the reply to show once, with a button to copy it.
        is_open: the form is for people who are not signed in.
        keeps_values: leave the fields as they are after success.
        confirm: a question asked first; tone: `primary`, `plain` or `danger`.
    """

    library = _MODULE
    tag = "ApiForm"
    fields: rx.Var[list[dict[str, Any]]]
    action: rx.Var[str]
    method: rx.Var[str]
    extra: rx.Var[dict[str, Any]]
    next: rx.Var[str]
    next_from_address: rx.Var[bool]
    goes_to: rx.Var[str]
    follow: rx.Var[str]
    link_as: rx.Var[str]
    reveal: rx.Var[str]
    reveal_label: rx.Var[str]
    is_open: rx.Var[bool]
    keeps_values: rx.Var[bool]
    confirm: rx.Var[str]
    tone: rx.Var[str]
    layout: rx.Var[str]
    label: rx.Var[str]
    submit: rx.Var[str]
    sending: rx.Var[str]
    done: rx.Var[str]
    test_id: rx.Var[str]
    submit_test_id: rx.Var[str]
    on_done: EventHandler[no_args_event_spec]  # type: ignore[type-arg, valid-type]


def api_field(
    name: str, label: str | rx.Var[str], kind: Kind = "text", **more: Any
) -> dict[str, Any]:
    """One field of an `api_form`.

    Args:
        name: of the body's field; tests find it as `field-<name>` unless `test_id` says otherwise.
        label: what stands above it.
        kind: `list` gives the lines of a text or, with `options`, the choices ticked; `moment` a
            time in ISO 8601.
        more: `value` (`on` for a ticked checkbox, choices separated by spaces), `options`
            (`{"value", "label"}` each), `required`, `optional` (says so), `help`, `placeholder`,
            `suggestions` (texts), `autocomplete`, `focus`, `empty` (see `Empty`), `otherwise` (an empty field takes what
            stands before the @ of that other field), `test_id`.
    """
    named = {"testId" if key == "test_id" else key: value for key, value in more.items()}
    return {"name": name, "label": label, "kind": kind, **named}


def api_form(
    *fields: dict[str, Any], action: str | rx.Var[str], submit: str | rx.Var[str], **props: Any
) -> rx.Component:
    """A form for one route; with no field it is a button.

    Args:
        fields: made by `api_field`.
        action: path of the route.
        submit: what the button says.
        props: the other attributes of `ApiForm`.
    """
    return ApiForm.create(fields=list(fields), action=action, submit=submit, **props)
