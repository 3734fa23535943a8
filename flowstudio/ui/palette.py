"""The command palette and the list of keys; assets/components/palette.jsx does the work."""

from typing import Any

import reflex as rx
from reflex.event import EventHandler, no_args_event_spec

from flowstudio.ui.nav import PLACES

_MODULE = "$/public/components/palette.jsx"

_COMMANDS: list[dict[str, str]] = [
    *({"label": p.label, "group": "Go to", "href": p.href, "keys": p.keys} for p in PLACES),
    {"label": "Switch light and dark", "group": "Do", "action": "theme", "keys": "t"},
    {"label": "Show all keys", "group": "Do", "action": "keys", "keys": "?"},
]
_KEYS: list[dict[str, str]] = [
    {"label": "Search or do anything", "keys": "Ctrl K"},
    {"label": "Run the workflow on screen", "keys": "Ctrl Enter"},
    *({"label": f"Go to {p.label}", "keys": p.keys} for p in PLACES),
    {"label": "Switch light and dark", "keys": "t"},
    {"label": "Show all keys", "keys": "?"},
    {"label": "Close what is open", "keys": "Esc"},
]


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


def palette(examples: list[dict[str, str]]) -> rx.Component:
    """The palette with the fixed commands and one for each example workflow."""
    fixed: Any = rx.Var.create(_COMMANDS)
    return Palette.create(
        commands=fixed + examples,
        keys=rx.Var.create(_KEYS),
        on_theme=rx.toggle_color_mode,
    )


rail_toggle = RailToggle.create
