"""The links of processes that share a PostgreSQL database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from flowstudio.scale.links import Links
from flowstudio.scale.postgres.bus import PgBus
from flowstudio.scale.postgres.channels import PgChannels
from flowstudio.scale.postgres.hub import Hub
from flowstudio.scale.postgres.jobs import Jobs
from flowstudio.scale.postgres.owners import PgOwners


@asynccontextmanager
async def linked(url: str, name: str) -> AsyncIterator[Links]:
    """Be linked for the length of the block.

    Raises:
        JournalError: the database cannot be reached.
    """
    hub = Hub(url, name)
    bus, channels, owners = PgBus(hub), PgChannels(hub), PgOwners(hub, url)
    async with hub.open(), bus.open(), owners.open(), Jobs(url).opened() as jobs:
        yield Links(bus, channels, owners, jobs)
