"""Workflows in the editor: a few nodes at a time run, and what they gave is kept."""

from typing import Annotated, Literal

from fastapi import Query
from starlette.responses import Response

from flowstudio.api.deps import CurrentActor, CurrentStudio
from flowstudio.api.problems import responses
from flowstudio.api.routing import new_router, verb
from flowstudio.api.schemas.base import Id
from flowstudio.api.schemas.drafts import (
    DraftCancelledOut,
    DraftInputsIn,
    DraftInputsOut,
    DraftOut,
    DraftRunIn,
    DraftStartedOut,
    PinIn,
    PinnedOut,
)
from flowstudio.api.schemas.steps import ValueOut
from flowstudio.services.drafts import Ask, Pin, Started

router = new_router("drafts")
_AT = "/workflows/{workflow_id}/draft"


@router.get(
    _AT,
    operation_id="draft_get",
    summary="See how a workflow stands in the editor",
    responses=responses(404),
    openapi_extra=verb("draft.read"),
)
async def get_draft(workflow_id: Id, actor: CurrentActor, studio: CurrentStudio) -> DraftOut:
    """What its nodes last gave, what of it still holds, and what the rest would cost."""
    return DraftOut.model_validate(await studio.drafts.view(actor, workflow_id))


@router.post(
    f"{_AT}/run",
    operation_id="draft_run",
    summary="Run some nodes of a workflow",
    status_code=202,
    responses=responses(404, 409, 422),
    openapi_extra=verb("draft.run"),
)
async def run_draft(
    workflow_id: Id,
    body: DraftRunIn,
    actor: CurrentActor,
    studio: CurrentStudio,
    response: Response,
) -> DraftStartedOut:
    """What they depend on and does not hold any more runs first; the rest is given to them."""
    ask = Ask(body.mode, tuple(body.targets), body.inputs, tuple(body.fresh), body.max_cost_usd)
    return _started(await studio.drafts.run(actor, workflow_id, ask), response)


@router.post(
    f"{_AT}/auto",
    operation_id="draft_auto",
    summary="Run what may run by itself",
    status_code=202,
    responses=responses(404, 422),
    openapi_extra=verb("draft.run"),
)
async def auto_run_draft(
    workflow_id: Id, actor: CurrentActor, studio: CurrentStudio, response: Response
) -> DraftStartedOut:
    """After an edit: pure nodes, and paid ones up to the workflow's `auto_limit_usd`."""
    return _started(await studio.drafts.auto(actor, workflow_id), response)


def _started(started: Started, response: Response) -> DraftStartedOut:
    if started.run_id is not None:
        response.headers["Location"] = f"/api/v1/runs/{started.run_id}"
    return DraftStartedOut.model_validate(started)


@router.post(
    f"{_AT}/cancel",
    operation_id="draft_cancel",
    summary="Stop the editor's runs of a workflow",
    status_code=202,
    responses=responses(404),
    openapi_extra=verb("draft.run"),
)
async def cancel_draft(
    workflow_id: Id, actor: CurrentActor, studio: CurrentStudio
) -> DraftCancelledOut:
    """What has ended stays."""
    return DraftCancelledOut(runs=await studio.drafts.cancel(actor, workflow_id))


@router.put(
    f"{_AT}/inputs",
    operation_id="draft_put_inputs",
    summary="Keep the inputs the editor runs with",
    responses=responses(404, 422),
    openapi_extra=verb("draft.edit"),
)
async def put_draft_inputs(
    workflow_id: Id, body: DraftInputsIn, actor: CurrentActor, studio: CurrentStudio
) -> DraftInputsOut:
    """Also when they are not complete yet; the reply says what is wrong with them."""
    problems = await studio.drafts.put_inputs(actor, workflow_id, body.inputs)
    return DraftInputsOut(problems=list(problems))


@router.get(
    f"{_AT}/outputs/{{node_id}}",
    operation_id="draft_output",
    summary="Read what a node last gave in the editor",
    responses=responses(404, 422),
    openapi_extra=verb("draft.read"),
)
async def get_draft_output(
    workflow_id: Id,
    node_id: Id,
    actor: CurrentActor,
    studio: CurrentStudio,
    which: Annotated[
        Literal["output", "pinned"], Query(description="Its own, or what stands in its place.")
    ] = "output",
) -> ValueOut:
    """Whole, however large it is."""
    return ValueOut(value=await studio.drafts.output(actor, workflow_id, node_id, which))


@router.put(
    f"{_AT}/pins/{{node_id}}",
    operation_id="draft_pin",
    summary="Put a value in the place of a node's output",
    responses=responses(404, 422),
    openapi_extra=verb("draft.edit"),
)
async def pin_draft(
    workflow_id: Id, node_id: Id, body: PinIn, actor: CurrentActor, studio: CurrentStudio
) -> PinnedOut:
    """It feeds what is below in the editor; every other run ignores it."""
    await studio.drafts.pin(actor, workflow_id, node_id, Pin(body.value, body.kind, body.port))
    return PinnedOut(node_id=node_id)


@router.delete(
    f"{_AT}/pins/{{node_id}}",
    operation_id="draft_unpin",
    summary="Let a node's own output stand again",
    status_code=204,
    responses=responses(404),
    openapi_extra=verb("draft.edit"),
)
async def unpin_draft(
    workflow_id: Id, node_id: Id, actor: CurrentActor, studio: CurrentStudio
) -> None:
    """What is below is stale until it has run with that."""
    await studio.drafts.unpin(actor, workflow_id, node_id)
