"""What connects this process to those beside it, chosen by where the data is."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from flowstudio.scale.bus import MemoryBus, WatchedBus
from flowstudio.scale.channels import Channels, MemoryChannels
from flowstudio.scale.handing import Jobs
from flowstudio.scale.owners import FileOwners, Owners

_POSTGRES = "flowstudio.scale.postgres.links"


@dataclass(frozen=True, slots=True)
class Links:
    """How this process hears of others, and they of it."""

    bus: WatchedBus
    channels: Channels
    owners: Owners
    jobs: Jobs | None = None


@asynccontextmanager
async def linked(folder: Path, url: str = "") -> AsyncIterator[Links]:
    """Be linked for the length of the block.

    Args:
        folder: where the processes of this machine that share the data directory hold their locks.
        url: of the PostgreSQL database that all share; empty when a SQLite file is.

    Raises:
        JournalError: the database cannot be reached.
    """
    owners = FileOwners(folder)
    try:
        if not url:
            yield Links(MemoryBus(), MemoryChannels(), owners)
            return
        # Its driver takes a while to load.
        links: AbstractAsyncContextManager[Links] = import_module(_POSTGRES).linked(
            url, owners.name
        )
        async with links as made:
            yield made
    finally:
        owners.close()
