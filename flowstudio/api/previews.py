"""Values of expressions while somebody writes them, and the names they may read."""

from flowstudio.api.deps import CurrentActor, CurrentRuntime
from flowstudio.api.problems import responses
from flowstudio.api.routing import new_router, verb
from flowstudio.api.schemas.base import Id
from flowstudio.api.schemas.previews import PreviewIn, PreviewOut, ScopeNameOut, ScopeOut
from flowstudio.services.previews import PreviewWish

router = new_router("previews")


@router.post(
    "/workflows/{workflow_id}/previews",
    operation_id="preview_make",
    summary="Preview an expression",
    responses=responses(404, 422),
    openapi_extra=verb("preview.make"),
)
async def make_preview(
    workflow_id: Id, body: PreviewIn, actor: CurrentActor, runtime: CurrentRuntime
) -> PreviewOut:
    """Over what the editor last saw of the nodes before; what cannot be evaluated is told in words."""
    wish = PreviewWish(body.node_id, body.text, body.kind, body.path, body.item_index)
    return PreviewOut.model_validate(await runtime.previews.preview(actor, workflow_id, wish))


@router.get(
    "/workflows/{workflow_id}/scope/{node_id}",
    operation_id="preview_scope",
    summary="List the names in scope",
    responses=responses(404),
    openapi_extra=verb("run.read"),
)
async def list_scope(
    workflow_id: Id, node_id: Id, actor: CurrentActor, runtime: CurrentRuntime
) -> ScopeOut:
    """Of one node's expressions, each with a sample of its value."""
    names = await runtime.previews.scope(actor, workflow_id, node_id)
    return ScopeOut(names=[ScopeNameOut.model_validate(each) for each in names])
