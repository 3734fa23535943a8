"""The web process: the Reflex app with its pages, and the one server for page and websocket."""

import asyncio
import logging
import os
import signal
import sys
from pathlib import Path

import reflex as rx
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.embed import Server
from reflex.event import EventSpec
from reflex_base import constants
from reflex_base.environment import environment
from starlette.types import ASGIApp

from flowstudio.api.app import create_api
from flowstudio.api.catalogue import prepare
from flowstudio.api.forms import Forms
from flowstudio.api.hooks import Hooks
from flowstudio.api.mount import ApiFirst
from flowstudio.api.slow_bodies import SlowBodies
from flowstudio.api.traces import Traced
from flowstudio.probes import Probes
from flowstudio.services.log_lines import SERVER_LINES, open_log
from flowstudio.settings import Settings
from flowstudio.ui.answer_link.door import AnswerDoor
from flowstudio.ui.backend import backend, open_backend
from flowstudio.ui.broken import error_boundary
from flowstudio.ui.built_files import BuiltFiles
from flowstudio.ui.doors import OriginDoor, SecurityHeaders, content_policy
from flowstudio.ui.entrance import with_doors
from flowstudio.ui.live import toast, toasts
from flowstudio.ui.origins import page_origins
from flowstudio.ui.routes import add_pages
from flowstudio.ui.shell import blank_frame

log = logging.getLogger(__name__)

#: Open at once, sockets of pages included.
MOST_CONNECTIONS = 4096
_PAGES = Path(".web") / "build" / "client"
_BOOT = Path(__file__).parents[1] / "assets" / "boot.js"


def report(exception: Exception) -> EventSpec:
    """Log an error nobody foresaw, and tell the person that it happened."""
    log.error("An event handler failed", exc_info=exception)
    return toast("Something went wrong on the server; its log says what.", tone="error")


api = create_api(backend)


def before_site(site: ASGIApp) -> ASGIApp:
    """The site with the API, the probes and what has links of its own in front of it."""
    inner = Hooks(Forms(ApiFirst(api, AnswerDoor(site)), backend), backend)
    return Probes(SlowBodies(Traced(inner, backend)), backend)


app = rx.App(
    # For `reflex run`; `create_asgi` puts the API further out, past what only pages need.
    api_transformer=before_site,
    stylesheets=[
        "/tokens.css",
        "/styles.css",
        "/pages.css",
        "/fields.css",
        "/values.css",
        "/editor.css",
        "/runs.css",
        "/schedules.css",
        "/versions.css",
        "/webhooks.css",
        "/workflows.css",
        "/notifications.css",
    ],
    head_components=[
        rx.el.link(rel="icon", href="/favicon.svg", type="image/svg+xml"),
        # Asked for with the page, so that text seldom changes its shape after it was drawn.
        rx.el.link(
            rel="preload",
            href="/fonts/inter-latin-wght-normal.woff2",
            custom_attrs={"as": "font", "type": "font/woff2", "crossOrigin": "anonymous"},
        ),
        # In the page itself: what it asks for early should not wait for another file.
        rx.el.script(_BOOT.read_text()),
    ],
    html_lang="en",
    app_wraps={
        (55, "ErrorBoundary"): lambda _: error_boundary(),
        # Beside every page rather than in it: the browser must know `refs.ref_live` before the
        # first event arrives, and a page's own code is loaded later than that.
        (6, "Toasts"): lambda _: rx.fragment(toasts()),
    },
    hydrate_fallback=blank_frame,
    toaster=None,
    backend_exception_handler=report,
)
add_pages(app)
app.register_lifespan_task(open_backend)


def create_asgi(settings: Settings) -> ASGIApp:
    """The whole site, from the frontend that was built before."""
    environment.REFLEX_ENV_MODE.set(constants.Env.PROD)
    environment.REFLEX_SKIP_COMPILE.set(True)
    environment.REFLEX_MOUNT_FRONTEND_COMPILED_APP.set(True)
    site: ASGIApp = BuiltFiles(with_doors(app(), settings), _PAGES)
    site = SecurityHeaders(site, content_policy(_PAGES))
    return before_site(OriginDoor(site, page_origins(settings)))


def serve() -> None:
    """Serve until SIGTERM or SIGINT; the working directory is the project's root."""
    asyncio.run(_serve(Settings()))


async def _serve(settings: Settings) -> None:
    open_log(settings)
    server = Server(
        create_asgi(settings),
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        log_level=LogLevels.error,
        log_dictconfig=SERVER_LINES,
        # Its default of 128 counts open pages and connections kept alive; the next one would wait.
        backlog=MOST_CONNECTIONS,
        backpressure=MOST_CONNECTIONS,
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.stop)
    async with asyncio.TaskGroup() as group:
        announcing = group.create_task(_announce(settings))
        await server.serve()
        announcing.cancel()
    # Services are closed by now. What is left are sockets of pages that are still open, or whose
    # browser vanished; the event loop would wait for them for ever.
    sys.stdout.flush()
    os._exit(0)


async def _announce(settings: Settings) -> None:
    # The server listens in a thread of its own and tells nobody when it does.
    while not await _answers(settings.local_host, settings.port):  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    sys.stdout.write(f"FlowStudio is ready at {settings.local_url}\n")
    if (token := backend().studio.accounts.setup_token()) is not None:
        # Others can reach this address: who sets it up shows that they can read this terminal.
        sys.stdout.write(f"The first page asks for this setup token: {token}\n")
    sys.stdout.flush()
    await asyncio.to_thread(prepare, backend())


async def _answers(host: str, port: int) -> bool:
    try:
        reader, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.write(f"GET /ping HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
    status = await reader.readline()
    writer.close()
    return b" 200 " in status
