"""Values pushed to the page outside of Reflex state: streamed text, outputs, toasts.

A change of a State var sends the whole var; these send only what is new, take no state lock, and
need no `eval` in the browser. The other half is assets/components/live.jsx.
"""

import itertools
import json
from collections.abc import Iterable, Iterator
from typing import Any, Literal

import reflex as rx
from reflex.event import EventSpec

from flowstudio.ui.packages import VALUE_PACKAGES

_MODULE = "$/public/components/live.jsx"
_VALUE_MODULE = "$/public/components/value.jsx"
Operation = tuple[
    Literal["put", "add", "clear", "toast", "leave", "sign_in", "edit", "t"], str, Any
]


def push(*operations: Operation) -> EventSpec:
    """Send operations on the browser's live values, in order."""
    match operations:
        case (("t", name, str(text)),):
            # It comes often, and JSON within JSON doubles what has to be escaped. No name of a node
            # has a space or a bracket in it.
            return rx.set_value("live", f"{name} {text}")
    packed = json.dumps(operations, separators=(",", ":"), ensure_ascii=False)
    return rx.set_value("live", packed)


def frames_of(operations: Iterable[Operation]) -> Iterator[list[Operation]]:
    """Operations in order, each piece of streamed text apart: a frame of it is as short as can be."""
    for is_text, together in itertools.groupby(operations, lambda each: each[0] == "t"):
        if is_text:
            yield from ([piece] for piece in together)
        else:
            yield list(together)


def toast(text: str, *, tone: Literal["info", "error"] = "info") -> EventSpec:
    """Tell the person something; errors stay until dismissed."""
    return push(("toast", tone, text))


def leave(path: str) -> EventSpec:
    """Go to another page of this site by loading it anew, with the cookies of that moment."""
    return push(("leave", path, None))


def ask_to_sign_in() -> EventSpec:
    """Have the browser renew its session, or else ask the person to sign in and come back."""
    return push(("sign_in", "", None))


class LiveValue(rx.Component):
    """A JSON value, drawn as markdown, table or tree."""

    library = _VALUE_MODULE
    tag = "LiveValue"
    lib_dependencies: list[str] = list(VALUE_PACKAGES)
    name: rx.Var[str]


class Prose(rx.Component):
    """Markdown without raw HTML and without pictures."""

    library = _VALUE_MODULE
    tag = "Prose"
    lib_dependencies: list[str] = list(VALUE_PACKAGES)
    text: rx.Var[str]


class Elapsed(rx.Component):
    """Seconds since a moment (ISO 8601), counted by the browser."""

    library = _MODULE
    tag = "Elapsed"
    since: rx.Var[str]


class Toasts(rx.Component):
    """Where toasts appear; once per page."""

    library = _MODULE
    tag = "Toasts"


live_value = LiveValue.create
prose = Prose.create
elapsed = Elapsed.create
toasts = Toasts.create
