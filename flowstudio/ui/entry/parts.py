"""What the pages of coming in share: fields, links between them, and the ways in by provider."""

from typing import Any

import reflex as rx

from flowstudio.ui.entry.state import EntryState, ProviderRow
from flowstudio.ui.widgets.api_form import api_field
from flowstudio.ui.widgets.states import notice

_MODULE = "$/public/components/entry.jsx"
_LEAST_PASSWORD = 12


class PostLink(rx.Component):
    """Posts the secret of the page's link once, and says how that went."""

    library = _MODULE
    tag = "PostLink"
    action: rx.Var[str]
    waiting: rx.Var[str]
    done: rx.Var[str]
    next: rx.Var[str]
    next_label: rx.Var[str]


class ByLink(rx.Component):
    """Shows its children to those who came by a link, and to others where to get one."""

    library = _MODULE
    tag = "ByLink"
    next: rx.Var[str]
    next_label: rx.Var[str]


class Invitation(rx.Component):
    """Tells what the page's invitation offers, and takes the answer."""

    library = _MODULE
    tag = "Invitation"
    is_signed_in: rx.Var[bool]
    person: rx.Var[str]


class ProviderLink(rx.Component):
    """Begins to sign in by a provider; an invitation the page has goes along."""

    library = _MODULE
    tag = "ProviderLink"
    href: rx.Var[str]
    test_id: rx.Var[str]


def email_field(**more: Any) -> dict[str, Any]:
    """The address by which a person is known."""
    return api_field("email", "E-mail", "email", required=True, autocomplete="username", **more)


def name_field() -> dict[str, Any]:
    """What others call the person."""
    return api_field("name", "Name", optional=True, autocomplete="name", otherwise="email")


def new_password_field(**more: Any) -> dict[str, Any]:
    """A password that is being chosen."""
    return api_field(
        "password",
        "Password",
        "password",
        required=True,
        autocomplete="new-password",
        help=f"At least {_LEAST_PASSWORD} characters; a few words in a row are easy to remember.",
        **more,
    )


def text_link(text: str, href: str, test_id: str = "") -> rx.Component:
    """A link to another of these pages."""
    return rx.el.a(text, href=href, class_name="text-link", custom_attrs={"data-testid": test_id})


def said() -> rx.Component:
    """Why a provider sent the person back, if one did."""
    return rx.cond(EntryState.refusal, notice(EntryState.refusal, "error"))


def providers() -> rx.Component:
    """A button for each provider that is set up."""
    return rx.cond(
        EntryState.providers,
        rx.el.div(
            rx.foreach(EntryState.providers, _provider),
            rx.el.div(rx.el.span("or with a password"), class_name="door-or"),
            class_name="door-providers",
        ),
    )


def _provider(provider: ProviderRow) -> rx.Component:
    return ProviderLink.create(
        rx.match(provider.id, ("github", _github()), ("google", _google()), rx.fragment()),
        rx.el.span(f"Continue with {provider.name}"),
        href=provider.href,
        test_id=f"login-{provider.id}",
    )


def _github() -> rx.Component:
    return _mark(
        "M12 .5a11.5 11.5 0 0 0-3.64 22.41c.58.1.79-.25.79-.56v-2c-3.2.7-3.88-1.36-3.88-1.36-.52-1.33"
        "-1.28-1.68-1.28-1.68-1.04-.72.08-.7.08-.7 1.16.08 1.77 1.19 1.77 1.19 1.03 1.76 2.7 1.25 3.36"
        ".96.1-.75.4-1.26.73-1.55-2.55-.29-5.24-1.28-5.24-5.69 0-1.25.45-2.28 1.19-3.08-.12-.3-.52-1.47"
        ".11-3.05 0 0 .97-.31 3.17 1.17a11 11 0 0 1 5.77 0c2.2-1.48 3.16-1.17 3.16-1.17.63 1.58.24 2.75"
        ".12 3.05.74.8 1.19 1.83 1.19 3.08 0 4.42-2.7 5.4-5.27 5.68.42.36.78 1.06.78 2.14v3.17c0 .31.21"
        ".67.8.56A11.5 11.5 0 0 0 12 .5Z"
    )


def _google() -> rx.Component:
    return _mark(
        "M12.2 10.2v3.9h5.5c-.24 1.4-1.67 4.1-5.5 4.1a6.2 6.2 0 0 1 0-12.4c1.96 0 3.28.83 4.03 1.55"
        "l2.75-2.65C17.2 3.06 14.93 2 12.2 2a10 10 0 1 0 0 20c5.78 0 9.6-4.06 9.6-9.78 0-.66-.07-1.16"
        "-.16-1.66l-9.44-.36Z"
    )


def _mark(path: str) -> rx.Component:
    return rx.el.svg(
        rx.el.path(d=path),
        view_box="0 0 24 24",
        width="16",
        height="16",
        fill="currentColor",
        custom_attrs={"aria-hidden": "true"},
    )


post_link = PostLink.create
by_link = ByLink.create
invitation_card = Invitation.create
