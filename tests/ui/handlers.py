"""Every event handler of the page, as Reflex has registered it."""

from collections.abc import Callable
from typing import Any

from reflex_base.registry import RegistrationContext

import flowstudio.app

#: What Reflex registers on every state: `setvar` calls a setter of ours, and there are none.
REFLEX_OWN = {"setvar"}


def registered_handlers() -> dict[str, Callable[..., Any]]:
    """The function behind each name a browser may send, ours only."""
    assert flowstudio.app.app
    registered = RegistrationContext.ensure_context().event_handlers
    return {
        name: entry.handler.fn
        for name, entry in registered.items()
        if ".flowstudio___" in name and name.rsplit(".", 1)[1] not in REFLEX_OWN
    }


def short(name: str) -> str:
    """`home_state.load` for a handler's long name."""
    state, _, handler = name.rpartition(".")
    return f"{state.rpartition('____')[2]}.{handler}"
