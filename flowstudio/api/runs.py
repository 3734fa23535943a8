"""Runs."""

from typing import Annotated, Literal

from fastapi import Query
from starlette.responses import Response

from flowstudio.api.deps import CurrentActor, CurrentRuntime, CurrentStudio
from flowstudio.api.problems import responses
from flowstudio.api.routing import new_router, verb
from flowstudio.api.schemas.base import After, Id, IdempotencyKey, Limit, PageOut
from flowstudio.api.schemas.runs import (
    AnswerIn,
    OutputsOut,
    ResumeIn,
    RunOut,
    StartedOut,
    StepOut,
    StepsOut,
    ValueOut,
    WholeRunOut,
)
from flowstudio.api.schemas.workflows import DocumentRunIn
from flowstudio.graph.document import parse_document
from flowstudio.services.runs import RunFilter
from flowstudio.services.workflows import RunWish

router = new_router("runs")
Status = Literal[
    "unfinished", "queued", "running", "waiting", "paused", "succeeded", "failed", "cancelled"
]
_Text = Annotated[str | None, Query(max_length=100)]


@router.get(
    "/runs",
    operation_id="run_list",
    summary="List runs",
    responses=responses(404, 422),
    openapi_extra=verb("run.list"),
)
async def list_runs(  # noqa: PLR0913 - what a list can be asked for
    actor: CurrentActor,
    runtime: CurrentRuntime,
    project_id: _Text = None,
    workflow_id: _Text = None,
    status: Status | None = None,
    limit: Limit = 50,
    after: After = None,
) -> PageOut[RunOut]:
    """Of one project, or of all whose runs the caller may see; the newest first."""
    only = RunFilter()
    if project_id is not None:
        only["project_id"] = project_id
    if workflow_id is not None:
        only["workflow_id"] = workflow_id
    found = await runtime.runs.list(actor, status=status, limit=limit + 1, before=after, **only)
    items = [RunOut.model_validate(record) for record in found[:limit]]
    return PageOut[RunOut](items=items, next=items[-1].id if len(found) > limit else None)


@router.post(
    "/runs",
    operation_id="run_document",
    summary="Run a document that is not kept",
    status_code=202,
    responses=responses(404, 422),
    openapi_extra=verb("run.document"),
)
async def run_document(
    body: DocumentRunIn,
    actor: CurrentActor,
    studio: CurrentStudio,
    response: Response,
    idempotency_key: IdempotencyKey = "",
) -> StartedOut:
    """For editors, since it is as good as changing a workflow and running that."""
    document = parse_document(body.document)
    wish = RunWish(body.inputs, body.max_cost_usd, idempotency_key, body.use_cache)
    run_id = await studio.workflows.run_document(actor, body.project_id, document, wish)
    response.headers["Location"] = f"/api/v1/runs/{run_id}"
    return StartedOut(id=run_id)


@router.get(
    "/runs/{run_id}",
    operation_id="run_get",
    summary="Read a run",
    responses=responses(404),
    openapi_extra=verb("run.read"),
)
async def get_run(run_id: Id, actor: CurrentActor, runtime: CurrentRuntime) -> WholeRunOut:
    """With its inputs, and its outputs once it has succeeded."""
    return WholeRunOut.model_validate(await runtime.runs.get(actor, run_id))


@router.get(
    "/runs/{run_id}/steps",
    operation_id="run_steps",
    summary="List a run's steps",
    responses=responses(404),
    openapi_extra=verb("run.read"),
)
async def list_steps(run_id: Id, actor: CurrentActor, runtime: CurrentRuntime) -> StepsOut:
    """Those that began or were skipped, in the order they did."""
    steps = await runtime.runs.steps(actor, run_id)
    return StepsOut(items=[StepOut.model_validate(step) for step in steps])


@router.get(
    "/runs/{run_id}/output",
    operation_id="run_step_output",
    summary="Read the output of one step",
    responses=responses(404, 422),
    openapi_extra=verb("run.read"),
)
async def get_output(
    run_id: Id,
    path: Annotated[str, Query(min_length=1, max_length=1_000, description="Of the step.")],
    actor: CurrentActor,
    runtime: CurrentRuntime,
) -> ValueOut:
    """Whole, however large it is."""
    return ValueOut(value=await runtime.runs.output(actor, run_id, path))


@router.get(
    "/runs/{run_id}/outputs",
    operation_id="run_outputs",
    summary="Read a run's outputs",
    responses=responses(404),
    openapi_extra=verb("run.read"),
)
async def get_outputs(run_id: Id, actor: CurrentActor, runtime: CurrentRuntime) -> OutputsOut:
    """What it has come to."""
    run = await runtime.runs.get(actor, run_id)
    return OutputsOut(status=run.status, outputs=run.outputs)


@router.post(
    "/runs/{run_id}/cancel",
    operation_id="run_cancel",
    summary="Cancel a run",
    status_code=202,
    responses=responses(404, 409),
    openapi_extra=verb("run.steer"),
)
async def cancel_run(run_id: Id, actor: CurrentActor, runtime: CurrentRuntime) -> StartedOut:
    """For good; what it is doing ends within a second."""
    await runtime.runs.cancel(actor, run_id)
    return StartedOut(id=run_id)


@router.post(
    "/runs/{run_id}/pause",
    operation_id="run_pause",
    summary="Pause a run",
    status_code=202,
    responses=responses(404, 409),
    openapi_extra=verb("run.steer"),
)
async def pause_run(run_id: Id, actor: CurrentActor, runtime: CurrentRuntime) -> StartedOut:
    """What is under way is finished, and nothing new begun."""
    await runtime.runs.pause(actor, run_id)
    return StartedOut(id=run_id)


@router.post(
    "/runs/{run_id}/resume",
    operation_id="run_resume",
    summary="Carry a run on",
    status_code=202,
    responses=responses(404, 409, 422),
    openapi_extra=verb("run.steer"),
)
async def resume_run(
    run_id: Id, actor: CurrentActor, runtime: CurrentRuntime, body: ResumeIn | None = None
) -> StartedOut:
    """A paused or failed one; finished steps stay finished."""
    limit = body.max_cost_usd if body is not None else None
    await runtime.runs.resume(actor, run_id, max_cost_usd=limit)
    return StartedOut(id=run_id)


@router.post(
    "/runs/{run_id}/answer",
    operation_id="run_answer",
    summary="Answer a waiting step",
    status_code=202,
    responses=responses(404, 409, 422),
    openapi_extra=verb("run.answer"),
)
async def answer_run(
    run_id: Id, body: AnswerIn, actor: CurrentActor, runtime: CurrentRuntime
) -> StartedOut:
    """What it waits for, and what fits, is in the step."""
    await runtime.runs.answer(actor, run_id, body.path, body.answer)
    return StartedOut(id=run_id)
