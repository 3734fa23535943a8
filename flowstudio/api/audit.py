"""The audit log."""

from typing import Annotated, Literal

from fastapi import Depends, Query
from pydantic import AwareDatetime
from starlette.responses import StreamingResponse

from flowstudio.api.deps import CurrentActor, CurrentStudio
from flowstudio.api.problems import responses
from flowstudio.api.routing import new_router, verb
from flowstudio.api.schemas.audit import EntryOut, VerdictOut
from flowstudio.api.schemas.base import After, Id, Limit, PageOut, page_out
from flowstudio.services.audit import Filters, authorize_reading

router = new_router("audit")
_Text = Annotated[str | None, Query(max_length=254)]


def _wanted(
    actor: Annotated[str | None, Query(max_length=254, description="By name.")] = None,
    verb: _Text = None,
    kind: _Text = None,
    object_id: _Text = None,
    since: Annotated[AwareDatetime | None, Query()] = None,
    until: Annotated[AwareDatetime | None, Query()] = None,
) -> Filters:
    return Filters(
        actor_name=actor, verb=verb, kind=kind, object_id=object_id, since=since, until=until
    )


def _wanted_anywhere(
    wanted: Annotated[Filters, Depends(_wanted)],
    project_id: Annotated[str | None, Query(min_length=1, max_length=100)] = None,
) -> Filters:
    return wanted | Filters(project_id=project_id)


Wanted = Annotated[Filters, Depends(_wanted)]
WantedAnywhere = Annotated[Filters, Depends(_wanted_anywhere)]


@router.get(
    "/audit",
    operation_id="audit_list",
    summary="Read the audit log",
    responses=responses(404, 422),
    openapi_extra=verb("audit.read"),
)
async def list_entries(
    wanted: WantedAnywhere,
    actor: CurrentActor,
    studio: CurrentStudio,
    limit: Limit = 50,
    after: After = None,
) -> PageOut[EntryOut]:
    """Of the whole installation, newest first; of a single project for its owners too."""
    found = await studio.audit.list_entries(actor, limit=limit, after=after, **wanted)
    return page_out(EntryOut, found)


@router.get(
    "/audit/export",
    operation_id="audit_export",
    summary="Take the audit log along",
    response_class=StreamingResponse,
    responses=responses(404, 422)
    | {200: {"content": {"application/jsonl": {}, "text/csv": {}}, "description": "The entries."}},
    openapi_extra=verb("audit.read"),
)
async def export_entries(
    wanted: WantedAnywhere,
    actor: CurrentActor,
    studio: CurrentStudio,
    form: Annotated[Literal["jsonl", "csv"], Query(alias="format")] = "jsonl",
) -> StreamingResponse:
    """As lines of JSON, or as CSV, newest first."""
    # A stream is opened after the reply has begun, which would be too late to say no.
    authorize_reading(actor, wanted)
    return StreamingResponse(
        studio.audit.export(actor, form, **wanted),
        media_type="text/csv" if form == "csv" else "application/jsonl",
        headers={"content-disposition": f'attachment; filename="audit.{form}"'},
    )


@router.post(
    "/audit/verify",
    operation_id="audit_verify",
    summary="Prove the audit log",
    openapi_extra=verb("audit.read"),
)
async def verify_entries(actor: CurrentActor, studio: CurrentStudio) -> VerdictOut:
    """Walks the whole chain of hashes."""
    found = await studio.audit.verify(actor)
    return VerdictOut(is_whole=found.is_whole, entries=found.entries, text=str(found))


@router.get(
    "/projects/{project_id}/audit",
    operation_id="project_audit",
    summary="Read a project's audit log",
    responses=responses(404, 422),
    openapi_extra=verb("project.audit"),
)
async def list_project_entries(
    project_id: Id,
    wanted: Wanted,
    actor: CurrentActor,
    studio: CurrentStudio,
    limit: Limit = 50,
    after: After = None,
) -> PageOut[EntryOut]:
    """Newest first, for its owners."""
    mine = wanted | Filters(project_id=project_id)
    return page_out(
        EntryOut, await studio.audit.list_entries(actor, limit=limit, after=after, **mine)
    )
