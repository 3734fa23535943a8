"""What the services of people, projects and secrets share."""

from dataclasses import dataclass, field
from typing import Any

from flowstudio.clock import Clock
from flowstudio.scale.channels import Channels, MemoryChannels
from flowstudio.security.keyring import KeyRing
from flowstudio.services.access import Actor, Target
from flowstudio.services.documents import Documents
from flowstudio.services.turns import Turns
from flowstudio.settings import Settings
from flowstudio.store import audit
from flowstudio.store.records import Records


@dataclass(frozen=True, slots=True)
class StudioParts:
    """What those services share.

    Attributes:
        editing: by workflow id.
    """

    settings: Settings
    records: Records
    clock: Clock
    ring: KeyRing
    channels: Channels = field(default_factory=MemoryChannels)
    documents: Documents = field(default_factory=Documents)
    editing: Turns = field(default_factory=Turns)

    def entry(self, actor: Actor, verb: str, target: Target, **details: Any) -> audit.Entry:
        """An entry of the audit log, to be appended in the transaction that does the thing."""
        return audit.Entry(
            at=self.clock.now(),
            actor_id=actor.id,
            actor=actor.name,
            verb=verb,
            kind=target.kind,
            object_id=target.id,
            project_id=target.project_id,
            address=actor.address,
            request_id=actor.request_id,
            details=details,
        )
