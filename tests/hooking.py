"""Workflows that are published and have links, for tests."""

import time
from dataclasses import replace
from typing import Any

from flowstudio.graph.document import Document
from flowstudio.runtime import Runtime
from flowstudio.security.signatures import sign
from flowstudio.services.access import Actor
from flowstudio.services.webhooks import WebhookView, WebhookWish
from tests.builders import inputs, node, workflow
from tests.projects import kept

DOUBLE = workflow(
    node("start", **inputs(n="integer")),
    node("end", outputs={"twice": "{{ inputs.n * 2 }}"}),
    edges="start>end",
    name="Double",
)


async def published(runtime: Runtime, owner: Actor, document: Document = DOUBLE) -> str:
    """Keep and publish a workflow; gives its id."""
    workflow_id = await kept(runtime, owner, document)
    await runtime.studio.versions.publish(owner, workflow_id)
    return workflow_id


async def linked(
    runtime: Runtime, owner: Actor, document: Document = DOUBLE, **wish: Any
) -> WebhookView:
    """A link of a published workflow."""
    workflow_id = await published(runtime, owner, document)
    return await made(runtime, owner, workflow_id, **wish)


async def made(runtime: Runtime, actor: Actor, workflow_id: str, **wish: Any) -> WebhookView:
    """A link of a workflow."""
    wanted = replace(WebhookWish("Orders", per_minute=60_000), **wish)
    return await runtime.studio.webhooks.create(actor, workflow_id, wanted)


def signed(secret: str, body: bytes, message_id: str, at: float | None = None) -> dict[str, str]:
    """The headers of a signed request."""
    stamp = int(time.time() if at is None else at)
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(stamp),
        "webhook-signature": sign(secret, message_id, stamp, body),
    }


def path_of(view: WebhookView) -> str:
    """Where a link is, without the server."""
    return "/" + view.url.split("/", 3)[3]
