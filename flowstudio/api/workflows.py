"""Stored workflows."""

import re
import zlib
from typing import Annotated, Any

from fastapi import Header, Query
from starlette.responses import Response

from flowstudio.api.deps import CurrentActor, CurrentRuntime, CurrentStudio
from flowstudio.api.problems import RevisionNeededError, responses
from flowstudio.api.routing import new_router, verb
from flowstudio.api.schemas.base import (
    After,
    Id,
    IdempotencyKey,
    Limit,
    PageOut,
    page_out,
)
from flowstudio.api.schemas.runs import StartedOut
from flowstudio.api.schemas.versions import WantedVersion
from flowstudio.api.schemas.workflows import (
    CostOut,
    DocumentIn,
    ImportedWorkflowOut,
    InputsIn,
    KeptWorkflowOut,
    MaybeDocumentIn,
    OperationsIn,
    ProblemsOut,
    WholeWorkflowOut,
    WorkflowIn,
    WorkflowOut,
    WorkflowRunIn,
)
from flowstudio.errors import InvalidInputError
from flowstudio.graph.canonical import dump_in_order
from flowstudio.graph.document import parse_document
from flowstudio.graph.slugs import slug_of
from flowstudio.services.runs import base_of_project
from flowstudio.services.workflows import Shelf, Sort, Workflow, WorkflowRecord

router = new_router("workflows")
_REVISION = re.compile(r'(?:W/)?"([0-9]{1,12})(?:-[0-9a-f]{1,8})?"', re.ASCII)
IfMatch = Annotated[str | None, Header(description="The ETag of the revision you read.")]
ETAG = {"ETag": {"schema": {"type": "string"}, "description": "The revision, in quotes."}}


@router.post(
    "/workflows",
    operation_id="workflow_create",
    summary="Keep a workflow",
    status_code=201,
    responses=responses(404, 422),
    openapi_extra=verb("workflow.create"),
)
async def create_workflow(
    body: WorkflowIn, actor: CurrentActor, studio: CurrentStudio, response: Response
) -> KeptWorkflowOut:
    """Kept as soon as its form is right; the reply says what still keeps it from running."""
    document = parse_document(body.document)
    made = await studio.workflows.create(
        actor, body.project_id, document, folder=body.folder, tags=body.tags
    )
    return _kept(made, response)


@router.post(
    "/workflows/import",
    operation_id="workflow_import",
    summary="Import a workflow",
    status_code=201,
    responses=responses(404, 422),
    openapi_extra=verb("workflow.create"),
)
async def import_workflow(
    body: WorkflowIn, actor: CurrentActor, studio: CurrentStudio, response: Response
) -> ImportedWorkflowOut:
    """A document from elsewhere: it brings no credentials along, and its code is turned off."""
    document = parse_document(body.document)
    imported = await studio.imports.take_in(
        actor, body.project_id, document, folder=body.folder, tags=body.tags
    )
    kept = _kept(imported.workflow, response)
    return ImportedWorkflowOut(**kept.model_dump(), turned_off=imported.turned_off)


@router.get(
    "/workflows",
    operation_id="workflow_list",
    summary="List workflows",
    responses=responses(404, 422),
    openapi_extra=verb("workflow.list"),
)
async def list_workflows(  # noqa: PLR0913 - what a list can be asked for
    actor: CurrentActor,
    studio: CurrentStudio,
    project_id: Annotated[str | None, Query(max_length=100)] = None,
    search: Annotated[str, Query(max_length=200, description="Part of the name or a tag.")] = "",
    tag: Annotated[list[str] | None, Query(max_length=20, description="Has all of them.")] = None,
    folder: Annotated[str | None, Query(max_length=200, description="Is in this one.")] = None,
    below: Annotated[bool, Query(description="Folders inside the folder count too.")] = False,
    trashed: Annotated[bool, Query(description="Those in the trash.")] = False,
    sort: Annotated[Sort, Query(description="A minus sign turns the order round.")] = "-updated_at",
    limit: Limit = 50,
    after: After = None,
) -> PageOut[WorkflowOut]:
    """Of one project, or of all in which the caller may read them."""
    shelf = Shelf(search, tuple(tag or ()), folder, below, trashed)
    found = await studio.workflows.list_workflows(
        actor, shelf, project_id=project_id, sort=sort, limit=limit, after=after
    )
    return page_out(WorkflowOut, found)


@router.get(
    "/workflows/{workflow_id}",
    operation_id="workflow_get",
    summary="Read a workflow",
    response_model=WholeWorkflowOut,
    responses=responses(404)
    | {200: {"headers": ETAG}, 304: {"description": "You have this revision already."}},
    openapi_extra=verb("workflow.read"),
)
async def get_workflow(
    workflow_id: Id,
    actor: CurrentActor,
    studio: CurrentStudio,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """With its document."""
    found = await studio.workflows.get_stored(actor, workflow_id)
    headers = {"ETag": _tag(found.record), "Cache-Control": "private, no-cache"}
    if if_none_match is not None and if_none_match.strip().removeprefix("W/") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    # The document is JSON already; reading it to write it again would cost more than the rest.
    head = WorkflowOut.model_validate(found.record).model_dump_json().encode()
    body = head[:-1] + b',"document":' + found.body + b"}"
    return Response(body, media_type="application/json", headers=headers)


@router.put(
    "/workflows/{workflow_id}",
    operation_id="workflow_replace",
    summary="Replace a workflow's document",
    responses=responses(404, 412, 422, 428),
    openapi_extra=verb("workflow.edit"),
)
async def replace_workflow(
    workflow_id: Id,
    body: DocumentIn,
    actor: CurrentActor,
    studio: CurrentStudio,
    response: Response,
    if_match: IfMatch = None,
) -> KeptWorkflowOut:
    """`If-Match` names the revision it takes the place of, so that nobody's change is lost."""
    if if_match is None:
        raise RevisionNeededError
    document = parse_document(body.document)
    changed = await studio.workflows.replace(actor, workflow_id, document, _wanted(if_match))
    return _kept(changed, response)


@router.patch(
    "/workflows/{workflow_id}",
    operation_id="workflow_patch",
    summary="Change a workflow by operations",
    responses=responses(404, 412, 422),
    openapi_extra=verb("workflow.edit"),
)
async def patch_workflow(
    workflow_id: Id,
    body: OperationsIn,
    actor: CurrentActor,
    studio: CurrentStudio,
    response: Response,
    if_match: IfMatch = None,
) -> KeptWorkflowOut:
    """All of them, or none; without `If-Match` they apply to the latest revision."""
    revision = _wanted(if_match) if if_match is not None else None
    changed = await studio.workflows.patch(actor, workflow_id, body.operations, revision)
    return _kept(changed, response)


@router.delete(
    "/workflows/{workflow_id}",
    operation_id="workflow_delete",
    summary="Delete a workflow",
    status_code=204,
    responses=responses(404, 412, 422),
    openapi_extra=verb("workflow.delete"),
)
async def delete_workflow(
    workflow_id: Id,
    actor: CurrentActor,
    studio: CurrentStudio,
    forever: Annotated[bool, Query(description="Not into the trash, or out of it too.")] = False,
    if_match: IfMatch = None,
) -> None:
    """Into the trash, where it is kept for 30 days; its runs stay."""
    revision = _wanted(if_match) if if_match is not None else None
    await studio.workflows.delete(actor, workflow_id, revision, forever=forever)


@router.post(
    "/workflows/{workflow_id}/validate",
    operation_id="workflow_validate",
    summary="Find every problem of a workflow",
    responses=responses(404, 422),
    openapi_extra=verb("workflow.check"),
)
async def validate_workflow(
    workflow_id: Id,
    actor: CurrentActor,
    studio: CurrentStudio,
    body: MaybeDocumentIn | None = None,
) -> ProblemsOut:
    """Of the kept document, or of another one in its place; nothing is kept or executed."""
    given = body.document if body is not None else None
    document = parse_document(given) if given is not None else None
    problems = await studio.workflows.check(actor, workflow_id, document)
    return ProblemsOut(problems=[problem.as_json() for problem in problems])


@router.get(
    "/workflows/{workflow_id}/export",
    operation_id="workflow_export",
    summary="Take a workflow along",
    response_model=dict[str, Any],
    responses=responses(404),
    openapi_extra=verb("workflow.export"),
)
async def export_workflow(workflow_id: Id, actor: CurrentActor, studio: CurrentStudio) -> Response:
    """The document as a file; the credentials it names are left out."""
    document = await studio.workflows.export(actor, workflow_id)
    return Response(
        dump_in_order(document.dump()),
        media_type="application/json",
        headers={"content-disposition": f'attachment; filename="{slug_of(document.name)}.json"'},
    )


@router.post(
    "/workflows/{workflow_id}/duplicate",
    operation_id="workflow_duplicate",
    summary="Copy a workflow",
    status_code=201,
    responses=responses(404, 409, 422),
    openapi_extra=verb("workflow.create"),
)
async def duplicate_workflow(
    workflow_id: Id,
    actor: CurrentActor,
    studio: CurrentStudio,
    response: Response,
    version: WantedVersion = "draft",
) -> KeptWorkflowOut:
    """Its draft or any version, into the same project and folder."""
    return _kept(await studio.workflows.duplicate(actor, workflow_id, version), response)


@router.post(
    "/workflows/{workflow_id}/cost",
    operation_id="workflow_cost",
    summary="Predict what a run costs",
    responses=responses(404, 422),
    openapi_extra=verb("workflow.read"),
)
async def predict_cost(
    workflow_id: Id,
    body: InputsIn,
    actor: CurrentActor,
    studio: CurrentStudio,
    runtime: CurrentRuntime,
) -> CostOut:
    """Before it is made."""
    found = await studio.workflows.get(actor, workflow_id)
    base = base_of_project(found.record.project_id)
    cost = await runtime.runs.predict(actor, found.document, body.inputs, base)
    return CostOut.model_validate(cost)


@router.post(
    "/workflows/{workflow_id}/runs",
    operation_id="workflow_run",
    summary="Run a workflow",
    status_code=202,
    responses=responses(404, 409, 422),
    openapi_extra=verb("workflow.run"),
)
async def run_workflow(
    workflow_id: Id,
    body: WorkflowRunIn,
    actor: CurrentActor,
    studio: CurrentStudio,
    response: Response,
    idempotency_key: IdempotencyKey = "",
) -> StartedOut:
    """The run goes on in the background; a run that was accepted reaches an end."""
    wish = body.wish(idempotency_key, studio.parts.clock.now(), body.version)
    run_id = await studio.workflows.run(actor, workflow_id, wish)
    response.headers["Location"] = f"/api/v1/runs/{run_id}"
    return StartedOut(id=run_id)


def _kept(workflow: Workflow, response: Response) -> KeptWorkflowOut:
    response.headers["ETag"] = _tag(workflow.record)
    record = WorkflowOut.model_validate(workflow.record)
    problems = [problem.as_json() for problem in workflow.problems]
    return KeptWorkflowOut(**record.model_dump(), problems=problems)


def _tag(record: WorkflowRecord) -> str:
    """The revision, and a mark of what stands around the document, which has none of its own."""
    around = (record.tags, record.folder, record.published_version, record.is_changed)
    if around == ((), "", None, False):
        return f'"{record.revision}"'
    return f'"{record.revision}-{zlib.crc32(repr(around).encode()):x}"'


def _revision(tag: str) -> int | None:
    found = _REVISION.fullmatch(tag.strip())
    return int(found[1]) if found else None


def _wanted(tag: str) -> int:
    revision = _revision(tag)
    if revision is None:
        problem = "If-Match: Give the ETag of the revision you read, in its quotes."
        raise InvalidInputError([problem])
    return revision
