"""Schedules."""

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from flowstudio.api.deps import CurrentActor, CurrentStudio
from flowstudio.api.problems import responses
from flowstudio.api.routing import new_router, verb
from flowstudio.api.schemas.base import After, Id, Limit, PageOut, page_out
from flowstudio.api.schemas.schedules import (
    ScheduleEditIn,
    ScheduleIn,
    ScheduleOut,
    SchedulePreviewOut,
    SlotOut,
    TimingIn,
    schedule_out,
)
from flowstudio.services.schedules import ScheduleFilter, ScheduleWish

router = new_router("schedules")
_Text = Annotated[str | None, Query(max_length=100)]


@router.get(
    "/schedules",
    operation_id="schedule_list",
    summary="List schedules",
    responses=responses(404, 422),
    openapi_extra=verb("schedule.list"),
)
async def list_schedules(  # noqa: PLR0913 - what a list can be asked for
    actor: CurrentActor,
    studio: CurrentStudio,
    project_id: _Text = None,
    workflow_id: _Text = None,
    paused: bool | None = None,
    text: Annotated[str, Query(max_length=200, description="In its or the workflow's name.")] = "",
    limit: Limit = 50,
    after: After = None,
) -> PageOut[ScheduleOut]:
    """Of one project, or of all in which the caller may see them; the newest first."""
    page = await studio.schedules.list_schedules(
        actor,
        ScheduleFilter(workflow_id, paused, text),
        project_id=project_id,
        limit=limit,
        after=after,
    )
    items = [schedule_out(view) for view in page.items]
    return PageOut[ScheduleOut](items=items, next=page.next)


@router.post(
    "/schedules/preview",
    operation_id="schedule_preview",
    summary="Preview a schedule",
    responses=responses(422),
    openapi_extra=verb("schedule.preview"),
)
async def preview_schedule(
    body: TimingIn, actor: CurrentActor, studio: CurrentStudio
) -> SchedulePreviewOut:
    """Its next five times in words and dates, or every problem."""
    wish = ScheduleWish(body.kind, body.expression, body.zone, start=body.start, end=body.end)
    return SchedulePreviewOut.model_validate(await studio.schedules.preview(actor, wish))


@router.post(
    "/schedules",
    operation_id="schedule_create",
    summary="Schedule a workflow",
    status_code=201,
    responses=responses(404, 409, 422),
    openapi_extra=verb("schedule.edit"),
)
async def create_schedule(
    body: ScheduleIn, actor: CurrentActor, studio: CurrentStudio, response: Response
) -> ScheduleOut:
    """What is published of it runs at these times, as the caller."""
    given = body.model_dump()
    made = await studio.schedules.create(actor, given.pop("workflow_id"), ScheduleWish(**given))
    response.headers["Location"] = f"/api/v1/schedules/{made.record.id}"
    return schedule_out(made)


@router.get(
    "/schedules/{schedule_id}",
    operation_id="schedule_get",
    summary="Read a schedule",
    responses=responses(404),
    openapi_extra=verb("schedule.read"),
)
async def get_schedule(schedule_id: Id, actor: CurrentActor, studio: CurrentStudio) -> ScheduleOut:
    """With its next five times and what became of the latest."""
    return schedule_out(await studio.schedules.get(actor, schedule_id))


@router.patch(
    "/schedules/{schedule_id}",
    operation_id="schedule_edit",
    summary="Change a schedule",
    responses=responses(404, 409, 422),
    openapi_extra=verb("schedule.edit"),
)
async def edit_schedule(
    schedule_id: Id, body: ScheduleEditIn, actor: CurrentActor, studio: CurrentStudio
) -> ScheduleOut:
    """What is left out stays; new times count from now on."""
    return schedule_out(await studio.schedules.edit(actor, schedule_id, body.changes()))


@router.delete(
    "/schedules/{schedule_id}",
    operation_id="schedule_delete",
    summary="Delete a schedule",
    status_code=204,
    responses=responses(404),
    openapi_extra=verb("schedule.edit"),
)
async def delete_schedule(schedule_id: Id, actor: CurrentActor, studio: CurrentStudio) -> None:
    """With its history; its runs stay."""
    await studio.schedules.delete(actor, schedule_id)


@router.post(
    "/schedules/{schedule_id}/pause",
    operation_id="schedule_pause",
    summary="Pause a schedule",
    responses=responses(404),
    openapi_extra=verb("schedule.edit"),
)
async def pause_schedule(
    schedule_id: Id, actor: CurrentActor, studio: CurrentStudio
) -> ScheduleOut:
    """Nothing begins until it is resumed; what comes meanwhile is missed."""
    return schedule_out(await studio.schedules.pause(actor, schedule_id))


@router.post(
    "/schedules/{schedule_id}/resume",
    operation_id="schedule_resume",
    summary="Resume a schedule",
    responses=responses(404, 409),
    openapi_extra=verb("schedule.edit"),
)
async def resume_schedule(
    schedule_id: Id, actor: CurrentActor, studio: CurrentStudio
) -> ScheduleOut:
    """It is the caller's from then on if its person cannot run it any more."""
    return schedule_out(await studio.schedules.resume(actor, schedule_id))


@router.post(
    "/schedules/{schedule_id}/run",
    operation_id="schedule_run",
    summary="Run a schedule now",
    status_code=202,
    responses=responses(404, 409),
    openapi_extra=verb("schedule.run"),
)
async def run_schedule(schedule_id: Id, actor: CurrentActor, studio: CurrentStudio) -> SlotOut:
    """As the caller; its own times stay as they are."""
    return SlotOut.model_validate(await studio.schedules.run_now(actor, schedule_id))


@router.get(
    "/schedules/{schedule_id}/slots",
    operation_id="schedule_slots",
    summary="List what became of a schedule's times",
    responses=responses(404, 422),
    openapi_extra=verb("schedule.read"),
)
async def list_slots(
    schedule_id: Id,
    actor: CurrentActor,
    studio: CurrentStudio,
    limit: Limit = 50,
    after: After = None,
) -> PageOut[SlotOut]:
    """The latest first."""
    page = await studio.schedules.list_slots(actor, schedule_id, limit=limit, after=after)
    return page_out(SlotOut, page)
