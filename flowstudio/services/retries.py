"""Runs that failed and are tried again: back into their queue, with what failed inside them."""

from flowstudio.engine.fold import find, replay
from flowstudio.scale.owners import Owners
from flowstudio.services.parts import RunParts
from flowstudio.store.retries import list_retries, queue_again

_TOGETHER = 200


async def retry_due(parts: RunParts) -> list[int]:
    """Have what is to be tried again by now wait for its turn; gives the signals that were stored."""
    now = parts.clock.now()
    due = [
        retry
        for retry in await list_retries(parts.journal, now, _TOGETHER)
        if _is_free(retry.owner, parts.owners)
    ]
    if not due:
        return []
    inside = {retry: await failed_inside(parts, retry.run_id) for retry in due}
    return await parts.journal.transact(queue_again(inside, now))


async def failed_inside(parts: RunParts, run_id: str) -> list[str]:
    """Ids of the runs through which a failed run's steps failed, the innermost first.

    They have to be resumed before it, or its steps would find them failed as before. One whose
    failure was handled is none of them.
    """
    inner_ids = await parts.store.list_inner(run_id, ("failed",))
    if not inner_ids:
        return []
    state = await replay(parts.journal.read(run_id))
    found: list[str] = []
    for inner_id in inner_ids:
        inner = await parts.store.find(inner_id)
        step = find(state.root, inner.trigger.split(":", 2)[-1]) if inner is not None else None
        if step is not None and step.status == "failed" and step.output is None:
            found += [*await failed_inside(parts, inner_id), inner_id]
    return found


def _is_free(owner: str, owners: Owners) -> bool:
    return not owner or (owner != owners.name and not owners.is_alive(owner))
