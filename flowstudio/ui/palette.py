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


_EDITOR = (
    ("Add a node", "/"),
    ("Canvas, notebook or both", "Ctrl ."),
    ("Run the cell and go on to the next", "Shift Enter"),
    ("Undo", "Ctrl Z"),
    ("Redo", "Ctrl Shift Z"),
    ("Copy", "Ctrl C"),
    ("Cut", "Ctrl X"),
    ("Paste, also as JSON text", "Ctrl V"),
    ("Duplicate", "Ctrl D"),
    ("Select everything", "Ctrl A"),
    ("Select nothing", "Esc"),
    ("Rename", "F2"),
    ("Disable or enable", "Shift D"),
    ("Remove", "Delete"),
    ("Add a sticky note", "Shift N"),
    ("Tidy up", "Shift L"),
    ("Fit everything", "Ctrl 0"),
    ("Move a cell up or down", "Alt ↑ ↓"),
)


def _keys(*, admin: bool, in_editor: bool) -> list[dict[str, Any]]:
    everywhere = [
        {"label": "Search or do anything", "keys": "Ctrl K"},
        {"label": "Run the workflow on screen", "keys": "Ctrl Enter"},
        {"label": "New workflow, on a page of workflows", "keys": "n"},
        {"label": "Find on the page", "keys": "/"},
        *({"label": f"Go to {p.label}", "keys": p.keys} for p in _places(admin=admin)),
        {"label": "Next or previous change, on a page of versions", "keys": "j k"},
        {"label": "Switch light and dark", "keys": "t"},
        {"label": "Show all keys", "keys": "?"},
        {"label": "Close what is open", "keys": "Esc"},
    ]
    if not in_editor:
        return [{"title": "Everywhere", "rows": everywhere}]
    here = [{"label": label, "keys": keys} for label, keys in _EDITOR]
    # There, the same key adds a node.
    others = [row for row in everywhere if row["keys"] not in ("/", "n", "Esc")]
    return [{"title": "In the editor", "rows": here}, {"title": "Everywhere", "rows": others}]


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


def palette(
    examples: list[dict[str, str]], is_admin: bool | rx.Var[bool], *, in_editor: bool = False
) -> rx.Component:
    """The palette with the fixed commands and one for each example workflow."""
    fixed: Any = rx.cond(is_admin, _commands(admin=True), _commands(admin=False))
    return Palette.create(
        commands=fixed + examples,
        keys=rx.cond(
            is_admin,
            _keys(admin=True, in_editor=in_editor),
            _keys(admin=False, in_editor=in_editor),
        ),
        on_theme=rx.toggle_color_mode,
    )


rail_toggle = RailToggle.create
skip_link = SkipLink.create
