"""Which process has a run in hand, and how this one makes a run its own."""

from flowstudio.services.parts import RunParts
from flowstudio.store.queue import seize
from flowstudio.store.runs import JOBS, RunRecord


class Holders:
    """The processes that claim runs, as this one sees them."""

    def __init__(self, parts: RunParts) -> None:
        self._journal = parts.journal
        self._store = parts.store
        self._owners = parts.owners

    @property
    def own(self) -> str:
        """The name under which this process claims runs."""
        return self._owners.name

    async def seize(self, run_id: str) -> bool:
        """Make a run this process's own, unless a living one has it; of several, one succeeds."""
        record = await self._store.find(run_id)
        return record is not None and await self.seize_record(record)

    async def seize_record(self, record: RunRecord) -> bool:
        """The same, of a run as it was just read."""
        if record.owner == self.own:
            return True
        if record.owner not in ("", JOBS) and self._owners.is_alive(record.owner):
            return False
        return await self._journal.transact(seize(record.id, self.own, record.owner))

    async def is_elsewhere(self, run_id: str) -> bool:
        """Whether another living process has the run in hand."""
        record = await self._store.find(run_id)
        if record is None or record.owner in ("", JOBS, self.own):
            return False
        return self._owners.is_alive(record.owner)

    def is_cared_for(self, owner: str) -> bool:
        """Whether whoever is named goes on with a run: a job, or a living process, this one too."""
        return owner == JOBS or self._owners.is_alive(owner)

    def is_other(self, owner: str) -> bool:
        """Whether a job or a living process that is not this one has what names this owner."""
        return bool(owner) and owner != self.own and self.is_cared_for(owner)
