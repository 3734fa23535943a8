"""Webhooks and public forms of workflows: who sets them up. What they receive is api/hooks.py."""

from flowstudio.api.deps import CurrentActor, CurrentStudio
from flowstudio.api.problems import responses
from flowstudio.api.routing import new_router, verb
from flowstudio.api.schemas.base import Id
from flowstudio.api.schemas.webhooks import (
    WebhookIn,
    WebhookListOut,
    WebhookOut,
    WebhookPatch,
    WebhookRequestOut,
    WebhookRequestsOut,
)

router = new_router("webhooks")


@router.get(
    "/workflows/{workflow_id}/webhooks",
    operation_id="webhook_list",
    summary="List a workflow's webhooks and forms",
    responses=responses(404),
    openapi_extra=verb("webhook.read"),
)
async def list_webhooks(
    workflow_id: Id, actor: CurrentActor, studio: CurrentStudio
) -> WebhookListOut:
    """The oldest first."""
    views = await studio.webhooks.list_webhooks(actor, workflow_id)
    return WebhookListOut(items=[WebhookOut.of(view) for view in views])


@router.post(
    "/workflows/{workflow_id}/webhooks",
    operation_id="webhook_create",
    summary="Make a webhook or form",
    status_code=201,
    responses=responses(404, 409),
    openapi_extra=verb("webhook.edit"),
)
async def create_webhook(
    workflow_id: Id, body: WebhookIn, actor: CurrentActor, studio: CurrentStudio
) -> WebhookOut:
    """Its runs are the caller's. Its secret is in this reply and never again."""
    return WebhookOut.of(await studio.webhooks.create(actor, workflow_id, body.wish()))


@router.get(
    "/webhooks/{webhook_id}",
    operation_id="webhook_get",
    summary="Read a webhook or form",
    responses=responses(404),
    openapi_extra=verb("webhook.read"),
)
async def get_webhook(webhook_id: Id, actor: CurrentActor, studio: CurrentStudio) -> WebhookOut:
    """Everything but its secret."""
    return WebhookOut.of(await studio.webhooks.get(actor, webhook_id))


@router.patch(
    "/webhooks/{webhook_id}",
    operation_id="webhook_edit",
    summary="Change a webhook or form",
    responses=responses(404, 409),
    openapi_extra=verb("webhook.edit"),
)
async def edit_webhook(
    webhook_id: Id, body: WebhookPatch, actor: CurrentActor, studio: CurrentStudio
) -> WebhookOut:
    """Another kind of protection makes another secret, which this reply shows."""
    return WebhookOut.of(await studio.webhooks.update(actor, webhook_id, **body.changes()))


@router.delete(
    "/webhooks/{webhook_id}",
    operation_id="webhook_delete",
    summary="Delete a webhook or form",
    status_code=204,
    responses=responses(404),
    openapi_extra=verb("webhook.edit"),
)
async def delete_webhook(webhook_id: Id, actor: CurrentActor, studio: CurrentStudio) -> None:
    """Its address answers no more, and is never given to another one."""
    await studio.webhooks.delete(actor, webhook_id)


@router.post(
    "/webhooks/{webhook_id}/rotate",
    operation_id="webhook_rotate",
    summary="Replace a webhook's secret",
    responses=responses(404, 409),
    openapi_extra=verb("webhook.edit"),
)
async def rotate_webhook(webhook_id: Id, actor: CurrentActor, studio: CurrentStudio) -> WebhookOut:
    """The one before is good no more. The new one is in this reply and never again."""
    return WebhookOut.of(await studio.webhooks.rotate(actor, webhook_id))


@router.get(
    "/webhooks/{webhook_id}/requests",
    operation_id="webhook_requests",
    summary="List what came in lately",
    responses=responses(404),
    openapi_extra=verb("webhook.read"),
)
async def list_requests(
    webhook_id: Id, actor: CurrentActor, studio: CurrentStudio
) -> WebhookRequestsOut:
    """At the address and at its test address, also what was refused."""
    records = await studio.webhook_requests.list_requests(actor, webhook_id)
    return WebhookRequestsOut(items=[WebhookRequestOut.model_validate(one) for one in records])
