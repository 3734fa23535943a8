"""What one node of a workflow did in its latest runs."""

from typing import Annotated

from fastapi import Query

from flowstudio.api.deps import CurrentActor, CurrentStudio
from flowstudio.api.problems import responses
from flowstudio.api.routing import new_router, verb
from flowstudio.api.schemas.base import Id
from flowstudio.api.schemas.node_runs import NodeRunOut, NodeRunsOut

router = new_router("node runs")


@router.get(
    "/workflows/{workflow_id}/nodes/{node_id}/runs",
    operation_id="node_runs",
    summary="List a node's latest runs",
    responses=responses(404, 422),
    openapi_extra=verb("run.read"),
)
async def list_node_runs(
    workflow_id: Id,
    node_id: Id,
    actor: CurrentActor,
    studio: CurrentStudio,
    limit: Annotated[int, Query(ge=1, le=10, description="How many at most.")] = 10,
) -> NodeRunsOut:
    """Of the workflow's fifty latest runs those in which it ran, the editor's too; the newest first."""
    found = await studio.node_runs.list_latest(actor, workflow_id, node_id, limit)
    return NodeRunsOut(items=[NodeRunOut.of(each) for each in found])
