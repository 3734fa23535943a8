"""Names a page's own code to the browser with the page, for pages whose address holds an id.

Pages at a fixed address are built with their code named in them. The others share one file, from
which the browser learns only after a second round what it has to load.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Preloads:
    """Adds a `Link` header to the pages of these routes.

    Args:
        app: the site.
        links: the header's value by route, as `read_links` gives them.
    """

    def __init__(self, app: ASGIApp, links: Mapping[str, str]) -> None:
        self._app = app
        self._links = [(re.compile(_pattern(path)), value) for path, value in links.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and add to its reply."""
        value = self._link_of(scope["path"]) if scope["type"] == "http" else ""
        if not value:
            await self._app(scope, receive, send)
            return

        async def send_with_link(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    headers["link"] = value
            await send(message)

        await self._app(scope, receive, send_with_link)

    def _link_of(self, path: str) -> str:
        bare = path.strip("/")
        return next((value for pattern, value in self._links if pattern.fullmatch(bare)), "")


def read_links(pages: Path) -> dict[str, str]:
    """What to preload by route, as React Router writes routes; "" for those at a fixed address.

    Args:
        pages: the folder of the built pages; without a manifest nothing is named.
    """
    found = sorted((pages / "assets").glob("manifest-*.js"))
    if not found:
        return {}
    text = found[0].read_text()
    routes = json.loads(text[text.index("{") : text.rindex("}") + 1])["routes"]
    paths = {route.get("path") or "": route for route in routes.values()}
    shared = (pages / "__spa-fallback.html").read_text()
    # Fixed ones first, since `runs/compare` is no run.
    return {
        path: ", ".join(_links(route, shared)) if ":" in path else ""
        for path, route in sorted(paths.items(), key=lambda item: ":" in item[0])
    }


def _links(route: Mapping[str, Any], shared: str) -> Iterator[str]:
    """Links to the files that the shared page does not name itself."""
    for name in (route["module"], *route["imports"]):
        if name not in shared:
            yield f"<{name}>; rel=modulepreload"
    for name in route["css"]:
        if name not in shared:
            yield f"<{name}>; rel=preload; as=style"


def _pattern(path: str) -> str:
    return "/".join(
        "[^/]+" if part.startswith(":") else re.escape(part) for part in path.split("/")
    )
