"""Makes the page open its websocket where it was loaded from, whatever the port."""

from typing import Unpack

from reflex_base.plugins.base import Plugin, PreCompileContext

_FIXED_PORT = "endpoint.hostname = frontend_hostname;"
_SAME_PORT = f"{_FIXED_PORT} endpoint.port = window.location.port;"


class SameHostPlugin(Plugin):
    """Reflex builds the port into the page; one build must serve any `FLOWSTUDIO_PORT` or proxy."""

    def pre_compile(self, **context: Unpack[PreCompileContext]) -> None:
        """Patch Reflex's connection code before it is bundled."""
        context["add_modify_task"]("utils/state.js", use_page_port)


def use_page_port(source: str) -> str:
    """Reflex's `state.js` with the port taken from the page's address.

    Raises:
        ValueError: this version of Reflex connects in another way.
    """
    if _SAME_PORT in source:
        return source
    if source.count(_FIXED_PORT) != 1:
        message = "Reflex's state.js has changed: adapt flowstudio/ui/same_host.py to it."
        raise ValueError(message)
    return source.replace(_FIXED_PORT, _SAME_PORT)
