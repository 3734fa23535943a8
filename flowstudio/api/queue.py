"""The queue: what waits, what holds it back, and what has failed for good."""

from typing import Annotated

from fastapi import Path

from flowstudio.api.deps import CurrentActor, CurrentStudio
from flowstudio.api.problems import responses
from flowstudio.api.routing import new_router, verb
from flowstudio.api.schemas.base import Id
from flowstudio.api.schemas.queue import (
    ChangedOut,
    DeadRunsIn,
    QueueIn,
    QueuesOut,
    QueueStateOut,
    RateIn,
    RunLimitIn,
    WorkflowLimitOut,
)

router = new_router("queue")
_Queue = Annotated[str, Path(description="interactive, triggered or batch.", max_length=20)]


@router.get(
    "/queue",
    operation_id="queue_get",
    summary="See how the queue stands",
    openapi_extra=verb("queue.read"),
)
async def get_queue(actor: CurrentActor, studio: CurrentStudio) -> QueuesOut:
    """Depth, age and throughput of each queue; limits, rates and workers."""
    return QueuesOut.of(await studio.queue.look(actor))


@router.patch(
    "/queue/{queue}",
    operation_id="queue_tell",
    summary="Hold, drain or go on with a queue",
    responses=responses(404, 422),
    openapi_extra=verb("queue.edit"),
)
async def tell_queue(
    queue: _Queue, body: QueueIn, actor: CurrentActor, studio: CurrentStudio
) -> QueueStateOut:
    """Holds for every process within seconds."""
    state = await studio.queue.tell(
        actor, queue, is_paused=body.is_paused, is_draining=body.is_draining
    )
    return QueueStateOut.model_validate(state)


@router.put(
    "/queue/limits/instance",
    operation_id="queue_limit_instance",
    summary="Limit the runs that go on at once in all",
    status_code=204,
    responses=responses(422),
    openapi_extra=verb("queue.edit"),
)
async def limit_instance(body: RunLimitIn, actor: CurrentActor, studio: CurrentStudio) -> None:
    """All processes together."""
    await studio.queue.limit(actor, "instance", "", body.most_at_once)


@router.put(
    "/projects/{project_id}/run-limit",
    operation_id="queue_limit_project",
    summary="Limit the runs of a project that go on at once",
    status_code=204,
    responses=responses(404, 422),
    openapi_extra=verb("project.edit"),
)
async def limit_project(
    project_id: Id, body: RunLimitIn, actor: CurrentActor, studio: CurrentStudio
) -> None:
    """What is beyond it waits its turn."""
    await studio.queue.limit(actor, "project", project_id, body.most_at_once)


@router.get(
    "/workflows/{workflow_id}/run-limit",
    operation_id="queue_workflow_limit",
    summary="Read how many runs of a workflow may go on at once",
    responses=responses(404),
    openapi_extra=verb("workflow.read"),
)
async def get_workflow_limit(
    workflow_id: Id, actor: CurrentActor, studio: CurrentStudio
) -> WorkflowLimitOut:
    """Its own limit; the project and the instance may have narrower ones."""
    return WorkflowLimitOut(most_at_once=await studio.queue.workflow_limit(actor, workflow_id))


@router.put(
    "/workflows/{workflow_id}/run-limit",
    operation_id="queue_limit_workflow",
    summary="Limit the runs of a workflow that go on at once",
    status_code=204,
    responses=responses(404, 422),
    openapi_extra=verb("workflow.edit"),
)
async def limit_workflow(
    workflow_id: Id, body: RunLimitIn, actor: CurrentActor, studio: CurrentStudio
) -> None:
    """What is beyond it waits its turn."""
    await studio.queue.limit(actor, "workflow", workflow_id, body.most_at_once)


@router.put(
    "/queue/rates",
    operation_id="queue_rate",
    summary="Limit how often a model or a credential is used",
    status_code=204,
    responses=responses(422),
    openapi_extra=verb("queue.edit"),
)
async def set_rate(body: RateIn, actor: CurrentActor, studio: CurrentStudio) -> None:
    """Steps wait for their turn, those of all processes together."""
    if body.calls is None:
        await studio.queue.unlimited(actor, body.kind, body.key)
    else:
        await studio.queue.rate(actor, body.kind, body.key, body.calls, body.per_s)


@router.post(
    "/runs/dead/requeue",
    operation_id="run_requeue_dead",
    summary="Have dead runs taken up again",
    responses=responses(404, 422),
    openapi_extra=verb("dead_run.steer"),
)
async def requeue_dead(body: DeadRunsIn, actor: CurrentActor, studio: CurrentStudio) -> ChangedOut:
    """From where they stopped; finished steps stay finished.

    Left alone are runs that are not dead, and those that ask what became of a step: answer them.
    """
    return ChangedOut(runs=await studio.dead_runs.requeue(actor, body.run_ids, body.project_id))


@router.post(
    "/runs/dead/dismiss",
    operation_id="run_dismiss_dead",
    summary="Take dead runs off the list",
    responses=responses(404, 422),
    openapi_extra=verb("dead_run.steer"),
)
async def dismiss_dead(body: DeadRunsIn, actor: CurrentActor, studio: CurrentStudio) -> ChangedOut:
    """They stay among the runs as they are, and are listed anew when something else befalls them."""
    return ChangedOut(runs=await studio.dead_runs.dismiss(actor, body.run_ids, body.project_id))
