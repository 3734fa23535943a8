"""The command palette and the list of keys; assets/components/palette.jsx does the work."""

from typing import Any

import reflex as rx

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
    on_theme: rx.EventHandler[rx.event.no_args_event_spec]


class RailToggle(rx.Component):
    """Shows or hides the rail's labels, and remembers which."""

    library = _MODULE
    tag = "RailToggle"


def palette(examples: rx.Var[list[dict[str, str]]]) -> rx.Component:
    """The palette with the fixed commands and one for each example workflow."""
    fixed = rx.Var.create(_COMMANDS)
    commands = rx.Var(f"[...{fixed!s}, ...{examples!s}]", _var_type=list[dict[str, Any]],
                      _var_data=examples._get_all_var_data())
    return Palette.create(
        commands=commands, keys=rx.Var.create(_KEYS), on_theme=rx.toggle_color_mode
    )


rail_toggle = RailToggle.create
