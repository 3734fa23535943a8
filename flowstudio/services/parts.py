"""What the services around runs share."""

from dataclasses import dataclass

from flowstudio.clock import Clock
from flowstudio.engine.runner import Engine
from flowstudio.scale.bus import WatchedBus
from flowstudio.scale.channels import Channels
from flowstudio.scale.owners import Owners
from flowstudio.store.journal import StoredJournal
from flowstudio.store.runs import RunStore


@dataclass(frozen=True, slots=True)
class RunParts:
    """The engine and all that surrounds it in one process."""

    engine: Engine
    journal: StoredJournal
    store: RunStore
    bus: WatchedBus
    channels: Channels
    owners: Owners
    clock: Clock
