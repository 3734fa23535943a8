"""How the page's code is cut into files: few, since each one is a request of its own."""

from typing import Unpack

from reflex_base.plugins.base import Plugin, PreCompileContext

_GROUPS = "groups: ["
#: What most pages have in common is one file, and so are icons and what is marked
#: with them, which only some of them show.
_OURS = """
            { name: "shared", minShareCount: 16, priority: 2, test: /^(?!.*env\\.json)/ },
            { name: "icons", test: /[\\\\/](lucide-react[\\\\/]|marks\\.jsx$)/, priority: 1 },"""


class ChunksPlugin(Plugin):
    """The bundler alone would make a file of each icon that two pages share."""

    def pre_compile(self, **context: Unpack[PreCompileContext]) -> None:
        """Patch the bundler's settings."""
        context["add_modify_task"]("vite.config.js", group_chunks)


def group_chunks(source: str) -> str:
    """Reflex's `vite.config.js` with groups of our own.

    Raises:
        ValueError: this version of Reflex configures the bundler in another way.
    """
    if _OURS in source:
        return source
    if source.count(_GROUPS) != 1:
        message = "Reflex's vite.config.js has changed: adapt flowstudio/ui/chunks.py to it."
        raise ValueError(message)
    return source.replace(_GROUPS, _GROUPS + _OURS)
