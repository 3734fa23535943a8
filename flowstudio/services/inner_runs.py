"""Runs that stand in a step of another run: what the end of one means to the other."""

from collections.abc import Awaitable, Callable

from flowstudio.engine.events import FINISHED
from flowstudio.engine.runner import Ended
from flowstudio.store.runs import RunRecord, RunStore

INNER = "workflow"

#: Sends a signal: to which run, of which kind, and to which step.
Send = Callable[[str, str, str], Awaitable[None]]


class InnerRuns:
    """Carries ends from outer runs to inner ones, and back."""

    def __init__(self, store: RunStore, send: Send) -> None:
        self._store = store
        self._send = send
        self._outer: set[str] = set()

    def note_outer(self, run_id: str) -> None:
        """Remember that a run has inner ones, some of which may outlive even its success."""
        self._outer.add(run_id)

    async def cancel(self, run_id: str, outcome: Ended) -> None:
        """Have the runs end that an ended one has left in its steps."""
        if outcome.status == "succeeded" and run_id not in self._outer:
            return
        self._outer.discard(run_id)
        for inner_id in await self._store.list_inner(run_id):
            await self._send(inner_id, "cancel", "")

    async def tell_outer(self, run_id: str) -> None:
        """Wake the step that waits for an ended run, if one does; it reads the result itself."""
        if not _may_be_inner(run_id):
            return
        record = await self._store.find(run_id)
        if record is None or not record.trigger.startswith(f"{INNER}:"):
            return
        _, outer_id, path = record.trigger.split(":", 2)
        outer = await self._store.find(outer_id)
        if outer is not None and outer.status not in FINISHED:
            await self._send(outer_id, "answer", path)

    async def waits_its_turn(self, record: RunRecord | None) -> bool:
        """Whether a run, or one around it, is in the queue."""
        while record is not None and not record.waits_its_turn:
            if not record.trigger.startswith(f"{INNER}:"):
                return False
            record = await self._store.find(record.trigger.split(":", 2)[1])
        return record is not None


def _may_be_inner(run_id: str) -> bool:
    # Inner runs carry ids derived from their outer step: version 5, not 7.
    return run_id[14:15] == "5"
