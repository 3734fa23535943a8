"""Runs."""

from datetime import UTC, datetime
from typing import Annotated, Literal, cast

from fastapi import Depends, Query
from pydantic import AwareDatetime
from starlette.responses import Response

from flowstudio.api.deps import CurrentActor, CurrentRuntime, CurrentStudio
from flowstudio.api.problems import responses
from flowstudio.api.routing import new_router, verb
from flowstudio.api.schemas.base import After, Id, IdempotencyKey, Limit, PageOut
from flowstudio.api.schemas.comparisons import RunComparisonOut
from flowstudio.api.schemas.runs import (
    AnswerIn,
    DeadRunOut,
    DeletedOut,
    DeleteIn,
    OutputsOut,
    RerunIn,
    ResumeIn,
    RunOut,
    StartedOut,
    WholeRunOut,
)
from flowstudio.api.schemas.steps import StepDetailOut, StepOut, StepsOut, ValueOut
from flowstudio.api.schemas.workflows import DocumentRunIn
from flowstudio.engine.events import Trigger
from flowstudio.graph.document import parse_document
from flowstudio.services.runs import RunFilter

router = new_router("runs")
Status = Literal[
    "unfinished", "queued", "running", "waiting", "paused", "succeeded", "failed", "cancelled"
]
_Text = Annotated[str | None, Query(max_length=100)]


def _filter(  # noqa: PLR0913 - what a list can be asked for
    project_id: _Text = None,
    workflow_id: _Text = None,
    trigger: Annotated[
        Trigger | None, Query(description="What began it; `workflow` is a run inside a run.")
    ] = None,
    text: Annotated[
        str | None,
        Query(max_length=200, description="In the workflow's name, the error, inputs or the id."),
    ] = None,
    since: Annotated[AwareDatetime | None, Query(description="Made then or later.")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Made before then.")] = None,
    drafts: Annotated[
        bool, Query(description="With the runs that the editor makes of drafts.")
    ] = False,
) -> RunFilter:
    given = {
        "project_id": project_id,
        "workflow_id": workflow_id,
        "trigger": trigger,
        "text": text,
        "since": _utc(since),
        "until": _utc(until),
        "drafts": drafts,
    }
    return cast("RunFilter", {name: value for name, value in given.items() if value is not None})


def _utc(moment: datetime | None) -> datetime | None:
    return moment.astimezone(UTC) if moment is not None else None


Only = Annotated[RunFilter, Depends(_filter)]


@router.get(
    "/runs",
    operation_id="run_list",
    summary="List runs",
    responses=responses(404, 422),
    openapi_extra=verb("run.list"),
)
async def list_runs(
    actor: CurrentActor,
    runtime: CurrentRuntime,
    only: Only,
    status: Status | None = None,
    limit: Limit = 50,
    after: After = None,
) -> PageOut[RunOut]:
    """Of one project, or of all whose runs the caller may see; the newest first."""
    found = await runtime.runs.list(actor, status=status, limit=limit + 1, before=after, **only)
    items = [RunOut.model_validate(record) for record in found[:limit]]
    return PageOut[RunOut](items=items, next=items[-1].id if len(found) > limit else None)


@router.get(
    "/runs/dead",
    operation_id="run_list_dead",
    summary="List runs that need somebody",
    responses=responses(404, 422),
    openapi_extra=verb("run.list"),
)
async def list_dead_runs(
    actor: CurrentActor,
    runtime: CurrentRuntime,
    only: Only,
    limit: Limit = 50,
    after: After = None,
) -> PageOut[DeadRunOut]:
    """Failed for good, waiting for a word on what became of a step, or carried on by nobody."""
    found = await runtime.runs.list_dead(actor, limit=limit + 1, before=after, **only)
    items = [
        DeadRunOut(run=RunOut.model_validate(dead.record), kind=dead.kind, reason=dead.reason)
        for dead in found[:limit]
    ]
    return PageOut[DeadRunOut](items=items, next=items[-1].run.id if len(found) > limit else None)


@router.post(
    "/runs/delete",
    operation_id="run_delete_several",
    summary="Delete several runs",
    responses=responses(404, 422),
    openapi_extra=verb("run.delete"),
)
async def delete_runs(body: DeleteIn, actor: CurrentActor, studio: CurrentStudio) -> DeletedOut:
    """Those that have ended; if one is not the caller's to delete, none is."""
    return DeletedOut.model_validate(await studio.removal.delete_several(actor, body.ids))


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
    wish = body.wish(idempotency_key, studio.parts.clock.now())
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


@router.delete(
    "/runs/{run_id}",
    operation_id="run_delete",
    summary="Delete a run",
    status_code=204,
    responses=responses(404, 409),
    openapi_extra=verb("run.delete"),
)
async def delete_run(run_id: Id, actor: CurrentActor, studio: CurrentStudio) -> None:
    """With its journal, its calls and what nothing else refers to; it has to have ended."""
    await studio.removal.delete(actor, run_id)


@router.get(
    "/runs/{run_id}/compare",
    operation_id="run_compare",
    summary="Compare a run with another",
    responses=responses(404, 422),
    openapi_extra=verb("run.read"),
)
async def compare_runs(
    run_id: Id,
    with_id: Annotated[str, Query(min_length=1, max_length=100, description="The later run.")],
    actor: CurrentActor,
    runtime: CurrentRuntime,
) -> RunComparisonOut:
    """What differs in their document, inputs, steps and outputs."""
    return RunComparisonOut.of(await runtime.runs.compare(actor, run_id, with_id))


@router.get(
    "/runs/{run_id}/step",
    operation_id="run_step",
    summary="Read one step of a run",
    responses=responses(404, 422),
    openapi_extra=verb("run.read"),
)
async def get_step(
    run_id: Id,
    path: Annotated[str, Query(min_length=1, max_length=1_000, description="Of the step.")],
    actor: CurrentActor,
    runtime: CurrentRuntime,
) -> StepDetailOut:
    """With what its expressions read, what it gave, and each attempt."""
    return StepDetailOut.of(await runtime.runs.step(actor, run_id, path))


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
    "/runs/{run_id}/rerun",
    operation_id="run_rerun",
    summary="Run again what did not finish",
    status_code=202,
    responses=responses(404, 409, 422),
    openapi_extra=verb("run.steer"),
)
async def rerun_run(
    run_id: Id,
    actor: CurrentActor,
    runtime: CurrentRuntime,
    response: Response,
    body: RerunIn | None = None,
) -> StartedOut:
    """As a new run, which keeps the steps that finished; of one that succeeded, everything."""
    from_path = body.from_path if body is not None else None
    new_run_id = await runtime.runs.rerun(actor, run_id, from_path)
    response.headers["Location"] = f"/api/v1/runs/{new_run_id}"
    return StartedOut(id=new_run_id)


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
