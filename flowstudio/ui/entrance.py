"""The doors of the whole site, in the order in which a request passes them."""

from functools import cache

from starlette.types import ASGIApp, Scope

from flowstudio.security.tokens import AccessClaims, AccessTokens
from flowstudio.services.access import NOBODY
from flowstudio.services.addresses import client_address
from flowstudio.services.cookies import cookie_names
from flowstudio.services.studio import Studio
from flowstudio.settings import Settings
from flowstudio.ui.backend import backend
from flowstudio.ui.built_pages import BuiltPages
from flowstudio.ui.page_door import PageDoor
from flowstudio.ui.routes import page_routes
from flowstudio.ui.socket_door import SocketDoor


def with_doors(site: ASGIApp, settings: Settings) -> ASGIApp:
    """The site behind the doors that look at who comes; they ask the services with each request."""
    cookie = cookie_names(settings).access

    def address_of(scope: Scope) -> str:
        return client_address(scope, settings.trusted_proxies)

    routes = page_routes()
    pages = PageDoor(BuiltPages(site, routes), routes, cookie, _read, _is_set_up)
    return SocketDoor(pages, cookie, _read, address_of)


def _read(token: str) -> AccessClaims:
    return _tokens(backend().studio).read(token)


@cache
def _tokens(studio: Studio) -> AccessTokens:
    return AccessTokens(studio.parts.ring, studio.parts.clock)


async def _is_set_up() -> bool:
    return not (await backend().studio.instance.look(NOBODY)).needs_setup
