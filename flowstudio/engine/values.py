"""Outputs at hand: a few decoded in memory, all of them in the journal."""

from collections import OrderedDict
from typing import Any, NamedTuple

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


class _Held(NamedTuple):
    """An output in memory: its text until it is first read, then its value."""

    body: bytes | None
    value: Any
    weight: int


class Values:
    """Reads one run's outputs, keeping the latest decoded up to a bound on memory.

    Values are shared between the steps that read them, so nobody may change one in place.
    """

    def __init__(self, journal: Journal, run_id: str, max_bytes: int = 32_000_000) -> None:
        self._journal = journal
        self._run_id = run_id
        self._max_bytes = max_bytes
        self._held_bytes = 0
        self._held: OrderedDict[int, _Held] = OrderedDict()

    def put(self, ref: OutputRef, body: bytes) -> None:
        """Keep an output just written; it is decoded when somebody reads it."""
        self._hold(ref, _Held(body, None, 200 + ref.size))

    async def get(self, ref: OutputRef) -> Any:
        """The value of an output, from memory or the journal."""
        held = self._held.get(ref.seq)
        if held is None:
            body = await self._journal.load_output(self._run_id, ref.seq)
            held = _Held(body, None, 0)
        elif held.body is None:
            self._held.move_to_end(ref.seq)
            return held.value
        value = load(held.body or b"null")
        self._hold(ref, _Held(None, value, 200 + ref.size * _DECODED_FACTOR))
        return value

    def _hold(self, ref: OutputRef, held: _Held) -> None:
        before = self._held.pop(ref.seq, None)
        self._held_bytes += held.weight - (before.weight if before else 0)
        self._held[ref.seq] = held
        while self._held_bytes > self._max_bytes:
            _, dropped = self._held.popitem(last=False)
            self._held_bytes -= dropped.weight
