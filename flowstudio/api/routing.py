"""Routers whose routes say who may call them, and take only strict JSON."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute

from flowstudio.api.admission import admit
from flowstudio.api.problems import MalformedBodyError
from flowstudio.graph.strict_json import NotJsonError, read_json
from flowstudio.services.access import RULES

PREFIX = "/api/v1"
#: Where a route's document names its verb.
VERB = "x-verb"
#: A document may be 60 levels deep, and lies in a body.
_MAX_DEPTH = 64


def verb(name: str) -> dict[str, Any]:
    """For a route's `openapi_extra`: what of `access.RULES` calling it is.

    Raises:
        KeyError: there is no such verb.
    """
    RULES[name]
    return {VERB: name}


def new_router(tag: str) -> APIRouter:
    """A router of one noun; its routes name their paths after `/api/v1`."""
    return APIRouter(prefix=PREFIX, tags=[tag], route_class=Route)


class StrictRequest(Request):
    """A request whose body is JSON that every program reads alike."""

    async def json(self) -> Any:
        """The body's value.

        Raises:
            MalformedBodyError: with what is wrong.
        """
        if not hasattr(self, "_json"):
            try:
                self._json = read_json(await self.body(), "The body", _MAX_DEPTH)
            except NotJsonError as error:
                raise MalformedBodyError(str(error)) from error
        return self._json


class Route(APIRoute):
    """A route that finds out who asks before it reads what they ask."""

    @property
    def verb(self) -> str:
        """What of `access.RULES` calling it is.

        Raises:
            KeyError: the route does not say.
        """
        name: str = (self.openapi_extra or {})[VERB]
        return name

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, behind admission."""
        handle = super().get_route_handler()
        name = self.verb

        async def admitted(request: Request) -> Response:
            strict = StrictRequest(request.scope, request.receive)
            await admit(strict, name)
            return await handle(strict)

        return admitted
