"""What workflows are made of: node types, models and shipped examples."""

from functools import lru_cache
from typing import Annotated, Any

from fastapi import Header
from starlette.responses import Response

from flowstudio.api.deps import CurrentActor, CurrentRuntime, CurrentStudio
from flowstudio.api.problems import responses
from flowstudio.api.routing import new_router, verb
from flowstudio.api.schemas.base import Id
from flowstudio.api.schemas.catalogue import (
    CopyIn,
    ModelOut,
    ModelsOut,
    NodeTypeOut,
    NodeTypesOut,
    TemplateOut,
    TemplateRunIn,
    TemplatesOut,
    WholeTemplateOut,
)
from flowstudio.api.schemas.runs import StartedOut
from flowstudio.api.schemas.workflows import WorkflowOut
from flowstudio.engine.contract import NodeType
from flowstudio.graph.canonical import content_hash
from flowstudio.runtime import Runtime
from flowstudio.services.access import authorize

router = new_router("catalogue")
_NOT_CHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "You have this already."}}


@router.get(
    "/node-types",
    operation_id="node_type_list",
    summary="List node types",
    response_model=NodeTypesOut,
    responses=_NOT_CHANGED,
    openapi_extra=verb("node_type.read"),
)
async def list_node_types(
    actor: CurrentActor,
    runtime: CurrentRuntime,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """With the JSON Schema of each one's config."""
    authorize(actor, "node_type.read")
    body, tag = _written(tuple(runtime.registry.values()))
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if if_none_match == tag:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


def prepare(runtime: Runtime) -> None:
    """Draw up what every editor asks for first, before somebody waits for it."""
    _written(tuple(runtime.registry.values()))


@lru_cache(maxsize=8)
def _written(kinds: tuple[NodeType[Any], ...]) -> tuple[bytes, str]:
    """The reply and its tag; drawing up the schemas takes a third of a second the first time."""
    items = [NodeTypeOut.model_validate(kind) for kind in kinds]
    body = NodeTypesOut(items=items).model_dump_json().encode()
    return body, f'"{content_hash(body)[:32]}"'


@router.get(
    "/models",
    operation_id="model_list",
    summary="List models",
    openapi_extra=verb("model.read"),
)
async def list_models(actor: CurrentActor, runtime: CurrentRuntime) -> ModelsOut:
    """Those that can be called, with prices per million tokens; the built-in one first."""
    authorize(actor, "model.read")
    catalogue = await runtime.gateway.models()
    return ModelsOut(items=[ModelOut.model_validate(item) for item in catalogue.models])


@router.get(
    "/templates",
    operation_id="template_list",
    summary="List the shipped examples",
    openapi_extra=verb("template.read"),
)
async def list_templates(actor: CurrentActor, runtime: CurrentRuntime) -> TemplatesOut:
    """Workflows to start from."""
    found = runtime.templates.list(actor)
    return TemplatesOut(items=[TemplateOut.of(item.slug, item.document) for item in found])


@router.get(
    "/templates/{slug}",
    operation_id="template_get",
    summary="Read a shipped example",
    responses=responses(404),
    openapi_extra=verb("template.read"),
)
async def get_template(slug: Id, actor: CurrentActor, runtime: CurrentRuntime) -> WholeTemplateOut:
    """With its document."""
    document = runtime.templates.get(actor, slug).document
    head = TemplateOut.of(slug, document)
    return WholeTemplateOut(**head.model_dump(), document=document.dump())


@router.post(
    "/templates/{slug}/copy",
    operation_id="template_copy",
    summary="Keep a copy of a shipped example",
    status_code=201,
    responses=responses(404),
    openapi_extra=verb("workflow.create"),
)
async def copy_template(
    slug: Id, body: CopyIn, actor: CurrentActor, studio: CurrentStudio
) -> WorkflowOut:
    """In one of the caller's projects."""
    kept = await studio.workflows.create_from_template(actor, body.project_id, slug)
    return WorkflowOut.model_validate(kept.record)


@router.post(
    "/templates/{slug}/runs",
    operation_id="template_run",
    summary="Run a shipped example",
    status_code=202,
    responses=responses(404, 422),
    openapi_extra=verb("workflow.run"),
)
async def run_template(
    slug: Id,
    body: TemplateRunIn,
    actor: CurrentActor,
    runtime: CurrentRuntime,
    response: Response,
) -> StartedOut:
    """In one of the caller's projects, without keeping a copy."""
    run_id = await runtime.runs.start_template(
        actor, slug, body.inputs, project_id=body.project_id, max_cost_usd=body.max_cost_usd
    )
    response.headers["Location"] = f"/api/v1/runs/{run_id}"
    return StartedOut(id=run_id)
