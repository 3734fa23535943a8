"""Every page is built as a file, also one whose address holds an id: it knows none yet.

React Router alone would send all of those one empty file, which names none of a page's own code and
shows nothing until all of it has run.
"""

import json
import re
from collections.abc import Iterable
from functools import partial
from typing import Unpack

from reflex_base.plugins.base import Plugin, PreCompileContext
from starlette.types import ASGIApp, Receive, Scope, Send

_FIXED_ONLY = '"prerender": true'
_NO_ID = "_"


class BuiltPagesPlugin(Plugin):
    """Names these pages to React Router, which finds only those at a fixed address itself."""

    def pre_compile(self, **context: Unpack[PreCompileContext]) -> None:
        """Patch the settings of the build."""
        routes = [page.route for page in context["unevaluated_pages"]]
        context["add_modify_task"]("react-router.config.js", partial(name_pages, routes))


class BuiltPages:
    """Answers the address of a page with its file.

    Args:
        app: the site, which knows the built files.
        routes: of every page, as Reflex writes them.
    """

    def __init__(self, app: ASGIApp, routes: Iterable[str]) -> None:
        self._app = app
        # Fixed addresses first, since `/runs/compare` is no run.
        self._files = [
            (re.compile(route_pattern(route)), _path(route))
            for route in sorted(routes, key=lambda route: "[" in route)
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, for the file."""
        path = self._file_of(scope["path"]) if scope["type"] == "http" else ""
        await self._app({**scope, "path": path} if path else scope, receive, send)

    def _file_of(self, path: str) -> str:
        bare = path.rstrip("/") or "/"
        # Pages are folders; without the slash the answer would be a detour to it.
        return next(
            (f"{file.rstrip('/')}/" for known, file in self._files if known.fullmatch(bare)), ""
        )


def name_pages(routes: Iterable[str], source: str) -> str:
    """Reflex's `react-router.config.js` with these pages among those that are built.

    Pages that are served while somebody edits them are not built at all.

    Raises:
        ValueError: this version of Reflex names pages in another way.
    """
    paths = json.dumps([_path(route) for route in routes if "[" in route])
    named = f'"prerender": ({{ getStaticPaths }}) => [...getStaticPaths(), ...{paths}]'
    if "prerender" in source and _FIXED_ONLY not in source and named not in source:
        message = "Reflex's react-router.config.js has changed: adapt flowstudio/ui/built_pages.py."
        raise ValueError(message)
    return source.replace(_FIXED_ONLY, named)


def route_pattern(route: str) -> str:
    """A regular expression of the addresses of a route, without a slash at their end."""
    parts = (r"[^/]+" if part.startswith("[") else re.escape(part) for part in route.split("/"))
    return "/".join(parts)


def _path(route: str) -> str:
    parts = route.strip("/").split("/")
    return "/" + "/".join(_NO_ID if part.startswith("[") else part for part in parts)
