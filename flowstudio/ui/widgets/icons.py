"""Icons by the kind of thing: node types and states.

A name that is only known at run time is matched against these few, since Reflex's dynamic icon
would fetch one file per icon.
"""

import reflex as rx

_TYPE_ICONS = {
    "start": "play",
    "end": "flag",
    "task": "list-checks",
    "decision": "split",
    "ai": "sparkles",
    "loop": "repeat",
    "parallel": "network",
    "integration": "plug",
    "custom": "code-xml",
}
_STATUS_ICONS = {
    "queued": "clock",
    "running": "loader",
    "waiting": "hourglass",
    "paused": "pause",
    "succeeded": "check",
    "cached": "zap",
    "failed": "x",
    "skipped": "minus",
    "cancelled": "ban",
}


def icon(name: str, size: int = 16) -> rx.Component:
    """A lucide icon that says nothing to a screen reader; its label stands beside it."""
    # An attribute of the drawing rather than a style, which would be worked out for each one.
    return rx.icon(name, size=size, aria_hidden=True, custom_attrs={"strokeWidth": 1.75})


def type_icon(node_type: str, size: int = 16) -> rx.Component:
    """The icon of a node type; types from other packages share one."""
    cases = [(name, icon(picture, size)) for name, picture in _TYPE_ICONS.items()]
    return rx.match(node_type, *cases, icon("puzzle", size))


def status_icon(status: str) -> rx.Component:
    """The icon of a step's or run's state."""
    cases = [(name, icon(picture, 12)) for name, picture in _STATUS_ICONS.items()]
    return rx.match(status, *cases, icon("circle", 12))
