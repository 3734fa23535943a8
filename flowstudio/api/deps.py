"""What routes ask for: the services, who asks, and from where."""

from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from flowstudio.runtime import Runtime
from flowstudio.services.access import Actor
from flowstudio.services.origin import Origin
from flowstudio.services.studio import Studio


async def current_runtime(request: Request) -> Runtime:
    """The services of this process."""
    runtime: Runtime = request.app.state.runtime_of()
    return runtime


async def current_studio(request: Request) -> Studio:
    """The services of people, projects and secrets."""
    runtime: Runtime = request.app.state.runtime_of()
    return runtime.studio


async def current_actor(request: Request) -> Actor:
    """Who asks; nobody on routes that anyone may call."""
    actor: Actor = request.state.actor
    return actor


async def current_origin(request: Request) -> Origin:
    """Where the request came from."""
    origin: Origin = request.state.origin
    return origin


CurrentRuntime = Annotated[Runtime, Depends(current_runtime)]
CurrentStudio = Annotated[Studio, Depends(current_studio)]
CurrentActor = Annotated[Actor, Depends(current_actor)]
CurrentOrigin = Annotated[Origin, Depends(current_origin)]
