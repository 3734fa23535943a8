'''The REST API: every router, under one application.

A noun's routes look like this, in `flowstudio/api/<noun>.py`, and their router stands in `ROUTERS`:

    router = new_router("projects")

    @router.get(
        "/projects/{project_id}",
        operation_id="project_get",
        summary="Read a project",
        responses=responses(404),
        openapi_extra=verb("project.read"),
    )
    async def get_project(
        project_id: Id, actor: CurrentActor, studio: CurrentStudio
    ) -> ProjectOut:
        """A project in which the caller has a role."""
        return ProjectOut.model_validate(await studio.projects.get(actor, project_id))

The verb lets nobody in without an account or the API key's scope; the service decides the rest.
'''

from collections import Counter
from collections.abc import Callable, Sequence

from fastapi import APIRouter, FastAPI
from starlette.middleware.gzip import GZipMiddleware

from flowstudio.api import (
    audit,
    auth,
    catalogue,
    changes,
    comments,
    connect,
    credentials,
    drafts,
    events,
    health,
    identities,
    instance,
    invitations,
    keys,
    me,
    members,
    node_runs,
    notifications,
    oauth,
    previews,
    projects,
    queue,
    runs,
    schedules,
    setup,
    users,
    versions,
    webhooks,
    workflow_shelf,
    workflows,
)
from flowstudio.api.docs import add_docs
from flowstudio.api.middleware import Door, RequestNames, SafetyNet
from flowstudio.api.problems import add_handlers
from flowstudio.runtime import Runtime

#: Every router of the API, in the order of its document.
ROUTERS: tuple[APIRouter, ...] = (
    setup.router,
    auth.router,
    oauth.router,
    me.router,
    identities.router,
    users.router,
    instance.router,
    keys.router,
    projects.router,
    members.router,
    invitations.router,
    credentials.router,
    connect.router,
    workflows.router,
    changes.router,
    comments.router,
    previews.router,
    workflow_shelf.router,
    versions.router,
    webhooks.router,
    drafts.router,
    node_runs.router,
    queue.router,
    runs.router,
    events.router,
    schedules.router,
    notifications.router,
    catalogue.router,
    audit.router,
    health.router,
)

_DESCRIPTION = (
    "Everything FlowStudio does, for programs. Send an API key or an access token as "
    "`Authorization: Bearer …`. Errors are RFC 9457 problems; lists come in pieces."
)


def create_api(
    runtime_of: Callable[[], Runtime], routers: Sequence[APIRouter] = ROUTERS
) -> FastAPI:
    """The application that answers `/api/…`; it asks for the services with each request."""
    app = FastAPI(
        title="FlowStudio",
        version="1.0.0",
        description=_DESCRIPTION,
        openapi_url=None,
        redirect_slashes=False,
    )
    app.state.runtime_of = runtime_of
    app.state.rates = None
    app.state.streams = Counter()
    for router in routers:
        app.router.routes.extend(router.routes)
    add_handlers(app)
    add_docs(app)
    # The one added last is the outermost.
    app.add_middleware(SafetyNet)
    app.add_middleware(Door, runtime_of=runtime_of)
    app.add_middleware(GZipMiddleware, minimum_size=1_000, compresslevel=5)
    app.add_middleware(RequestNames)
    return app
