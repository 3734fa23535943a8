"""Remarks on workflows and their nodes."""

from flowstudio.api.deps import CurrentActor, CurrentStudio
from flowstudio.api.problems import responses
from flowstudio.api.routing import new_router, verb
from flowstudio.api.schemas.base import Id
from flowstudio.api.schemas.comments import CommentEditIn, CommentIn, CommentOut, CommentsOut
from flowstudio.errors import InvalidInputError

router = new_router("comments")


@router.get(
    "/workflows/{workflow_id}/comments",
    operation_id="comment_list",
    summary="List the comments of a workflow",
    responses=responses(404),
    openapi_extra=verb("comment.read"),
)
async def list_comments(workflow_id: Id, actor: CurrentActor, studio: CurrentStudio) -> CommentsOut:
    """Oldest first, answers among them."""
    found = await studio.comments.list_comments(actor, workflow_id)
    return CommentsOut(items=[CommentOut.model_validate(item) for item in found])


@router.post(
    "/workflows/{workflow_id}/comments",
    operation_id="comment_create",
    summary="Comment on a workflow",
    status_code=201,
    responses=responses(404, 409, 422),
    openapi_extra=verb("comment.write"),
)
async def create_comment(
    workflow_id: Id, body: CommentIn, actor: CurrentActor, studio: CurrentStudio
) -> CommentOut:
    """On a node, on the whole workflow, or in answer to another comment."""
    added = await studio.comments.add(
        actor, workflow_id, body.text, node_id=body.node_id, thread_id=body.thread_id
    )
    return CommentOut.model_validate(added)


@router.patch(
    "/workflows/{workflow_id}/comments/{comment_id}",
    operation_id="comment_edit",
    summary="Change or resolve a comment",
    responses=responses(404, 422),
    openapi_extra=verb("comment.write"),
)
async def edit_comment(
    workflow_id: Id,
    comment_id: Id,
    body: CommentEditIn,
    actor: CurrentActor,
    studio: CurrentStudio,
) -> CommentOut:
    """Its author changes the text; whoever may comment resolves its thread or opens it again."""
    comments = studio.comments
    if (body.text is None) == (body.resolved is None):
        raise InvalidInputError(["Give either text or resolved."])
    if body.text is not None:
        changed = await comments.edit(actor, workflow_id, comment_id, body.text)
    else:
        changed = await comments.resolve(
            actor, workflow_id, comment_id, resolved=bool(body.resolved)
        )
    return CommentOut.model_validate(changed)


@router.delete(
    "/workflows/{workflow_id}/comments/{comment_id}",
    operation_id="comment_delete",
    summary="Delete a comment",
    status_code=204,
    responses=responses(404, 409),
    openapi_extra=verb("comment.write"),
)
async def delete_comment(
    workflow_id: Id, comment_id: Id, actor: CurrentActor, studio: CurrentStudio
) -> None:
    """With its answers."""
    await studio.comments.remove(actor, workflow_id, comment_id)
