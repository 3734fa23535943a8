"""What Prometheus reads: counters of this process, and what the database knows of the load."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from importlib import import_module
from importlib.metadata import version

from flowstudio.engine.meter import Meter
from flowstudio.services.access import Actor, authorize
from flowstudio.services.readiness import Pulse
from flowstudio.services.studio_parts import StudioParts
from flowstudio.services.traffic import Traffic
from flowstudio.store.database import newest_version
from flowstudio.store.metrics import Load, read_load

# It loads with the first question: most installations never ask.
_EXPOSITION = "flowstudio.services.exposition"


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything there is to tell, at one moment.

    Attributes:
        waiting: what the journal has still to write.
    """

    at: datetime
    version: str
    schema: str
    meter: Meter
    traffic: Traffic
    load: Load
    waiting: int


@dataclass(frozen=True, slots=True)
class Page:
    """What the answer is."""

    content_type: str
    body: bytes


class MetricsService:
    """Gathers figures when somebody asks; between questions it costs nothing."""

    def __init__(self, parts: StudioParts, pulse: Pulse, meter: Meter, traffic: Traffic) -> None:
        self._parts = parts
        self._pulse = pulse
        self._meter = meter
        self._traffic = traffic

    async def render(self, actor: Actor, accept: str = "") -> Page:
        """All figures, in the format of Prometheus that fits the header `Accept`.

        Raises:
            JournalError: the database could not be read.
        """
        authorize(actor, "metrics.read")
        now = self._parts.clock.now()
        figures = Figures(
            at=now,
            version=version("flowstudio"),
            schema=newest_version(),
            meter=self._meter,
            traffic=self._traffic,
            load=await self._parts.records.read(partial(read_load, now=now)),
            waiting=self._pulse.waiting,
        )
        return Page(*import_module(_EXPOSITION).render(figures, accept))
