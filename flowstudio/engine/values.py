"""Outputs at hand: a few decoded in memory, all of them in the journal."""

from collections import OrderedDict
from typing import Any

from flowstudio.engine.events import Output
from flowstudio.engine.fold import OutputRef
from flowstudio.engine.journal import Journal
from flowstudio.errors import StepError
from flowstudio.graph.canonical import content_hash, dump, load

MAX_OUTPUT_BYTES = 100_000_000
# Decoded JSON takes several times the room of its text.
_DECODED_FACTOR = 5


def pack(value: Any, who: str) -> Output:
    """Write a value as the journal keeps it.

    Raises:
        StepError: it is not JSON, or larger than 100 MB.
    """
    body = dump(value)
    if len(body) > MAX_OUTPUT_BYTES:
        raise StepError(
            f"The output of '{who}' has {len(body):,} bytes; at most {MAX_OUTPUT_BYTES:,} are kept."
        )
    return Output(content_hash(body), len(body), body)


class Values:
    """Reads one run's outputs, keeping the latest decoded up to a bound on memory.

    Values are shared between the steps that read them, so nobody may change one in place.
    """

    def __init__(self, journal: Journal, run_id: str, max_bytes: int = 32_000_000) -> None:
        self._journal = journal
        self._run_id = run_id
        self._max_bytes = max_bytes
        self._held_bytes = 0
        self._decoded: OrderedDict[int, tuple[Any, int]] = OrderedDict()

    def put(self, ref: OutputRef, body: bytes) -> None:
        """Keep an output just written."""
        self._hold(ref, load(body))

    async def get(self, ref: OutputRef) -> Any:
        """The value of an output, from memory or the journal."""
        held = self._decoded.get(ref.seq)
        if held is not None:
            self._decoded.move_to_end(ref.seq)
            return held[0]
        value = load(await self._journal.load_output(self._run_id, ref.seq))
        self._hold(ref, value)
        return value

    def _hold(self, ref: OutputRef, value: Any) -> None:
        weight = 200 + ref.size * _DECODED_FACTOR
        if weight > self._max_bytes:
            return
        self._decoded[ref.seq] = (value, weight)
        self._held_bytes += weight
        while self._held_bytes > self._max_bytes:
            _, (_, weight) = self._decoded.popitem(last=False)
            self._held_bytes -= weight
