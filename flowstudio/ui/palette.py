"""The command palette and the list of keys; assets/components/palette.jsx does the work."""

from typing import Any

import reflex as rx
from reflex.event import EventHandler, no_args_event_spec

from flowstudio.ui.nav import PLACES, Place

_MODULE = "$/public/components/palette.jsx"


class SkipLink(rx.Component):
    """Leads a keyboard past the frame."""

    library = _MODULE
    tag = "SkipLink"


def _commands(*, admin: bool) -> list[dict[str, str]]:
    return [
        *(
            {"label": p.label, "group": "Go to", "href": p.href, "keys": p.keys}
            for p in _places(admin=admin)
        ),
        {"label": "New workflow", "group": "Do", "action": "new", "keys": "n"},
        {"label": "Switch light and dark", "group": "Do", "action": "theme", "keys": "t"},
        {"label": "Show all keys", "group": "Do", "action": "keys", "keys": "?"},
    ]


def _keys(*, admin: bool) -> list[dict[str, str]]:
    return [
        {"label": "Search or do anything", "keys": "Ctrl K"},
        {"label": "Run the workflow on screen", "keys": "Ctrl Enter"},
        {"label": "New workflow, on a page of workflows", "keys": "n"},
        {"label": "Find on the page", "keys": "/"},
        *({"label": f"Go to {p.label}", "keys": p.keys} for p in _places(admin=admin)),
        {"label": "Switch light and dark", "keys": "t"},
        {"label": "Show all keys", "keys": "?"},
        {"label": "Close what is open", "keys": "Esc"},
    ]


def _places(*, admin: bool) -> list[Place]:
    return [place for place in PLACES if admin or not place.is_for_admins]


class Palette(rx.Component):
    """Search button, command palette, list of keys, and the keys themselves; once per page."""

    library = _MODULE
    tag = "Palette"
    commands: rx.Var[list[dict[str, Any]]]
    keys: rx.Var[list[dict[str, Any]]]
    on_theme: EventHandler[no_args_event_spec]  # type: ignore[type-arg, valid-type]


class RailToggle(rx.Component):
    """Shows or hides the rail's labels, and remembers which."""

    library = _MODULE
    tag = "RailToggle"


def palette(examples: list[dict[str, str]], is_admin: bool | rx.Var[bool]) -> rx.Component:
    """The palette with the fixed commands and one for each example workflow."""
    fixed: Any = rx.cond(is_admin, _commands(admin=True), _commands(admin=False))
    return Palette.create(
        commands=fixed + examples,
        keys=rx.cond(is_admin, _keys(admin=True), _keys(admin=False)),
        on_theme=rx.toggle_color_mode,
    )


rail_toggle = RailToggle.create
skip_link = SkipLink.create
