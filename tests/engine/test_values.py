"""Outputs: large ones stand once in the database, and few of them in memory."""

import pytest

from flowstudio.engine.events import Output
from flowstudio.engine.fold import OutputRef
from flowstudio.engine.values import Values, pack
from flowstudio.errors import StepError
from flowstudio.services.access import OPERATOR
from tests.builders import node, workflow
from tests.fakes.nodes import Bench
from tests.running import carry, create, cut_off, opened, succeed


class CountingJournal:
    """Gives outputs by number and remembers which were asked for."""

    def __init__(self, bodies: dict[int, bytes]) -> None:
        self.bodies = bodies
        self.read: list[int] = []

    async def load_output(self, run_id: str, seq: int) -> bytes:  # noqa: ARG002
        self.read.append(seq)
        return self.bodies[seq]


async def test_an_output_just_written_is_not_read_back():
    values = Values(CountingJournal({}), "run")
    values.put(OutputRef(1, "h", 3), b"[1]")
    assert await values.get(OutputRef(1, "h", 3)) == [1]


async def test_outputs_beyond_the_bound_are_read_again_from_the_journal():
    body = b'"' + b"x" * 1000 + b'"'
    journal = CountingJournal(dict.fromkeys(range(10), body))
    values = Values(journal, "run", max_bytes=3 * (200 + 5 * len(body)))
    refs = [OutputRef(seq, "h", len(body)) for seq in range(10)]
    for ref in refs:
        await values.get(ref)
    assert values._held_bytes <= values._max_bytes
    assert len(values._held) == 3
    journal.read.clear()
    for ref in refs[-3:]:
        await values.get(ref)
    assert journal.read == []
    await values.get(refs[0])
    assert journal.read == [0]


async def test_the_output_read_least_lately_goes_first():
    journal = CountingJournal({1: b"1", 2: b"2", 3: b"3"})
    values = Values(journal, "run", max_bytes=2 * 205)
    one, two, three = (OutputRef(seq, "h", 1) for seq in (1, 2, 3))
    await values.get(one)
    await values.get(two)
    await values.get(one)
    await values.get(three)
    journal.read.clear()
    await values.get(one)
    assert journal.read == []


async def test_an_output_larger_than_the_bound_is_not_kept():
    values = Values(CountingJournal({1: b'"long enough"'}), "run", max_bytes=10)
    ref = OutputRef(1, "h", 13)
    values.put(ref, b'"long enough"')
    assert values._held_bytes == 0
    assert await values.get(ref) == "long enough"


def test_an_output_is_packed_as_canonical_json():
    assert pack({"b": 1, "a": [None]}, "it") == Output(
        pack({"a": [None], "b": 1}, "other").hash, 18, b'{"a":[null],"b":1}'
    )


def test_an_output_over_100_mb_is_refused():
    with pytest.raises(StepError, match="at most 100,000,000"):
        pack("x" * 100_000_000, "big")


async def test_a_large_output_stands_once_beside_the_journal(runtime, bench: Bench):
    document = workflow(
        node("big", "a", size=1_500_000),
        node("count", "b", value="{{ a }}"),
        node("count", "c", value="{{ len(b) }}"),
        edges="a>b>c",
    )
    told = await succeed(runtime, document)
    assert told.outputs == {"c": 1_500_000}
    journal = runtime.dispatcher._journal
    (count,) = await journal._reader.one("SELECT count(*) FROM blob", ())
    inline = await journal._reader.one("SELECT max(length(output)) FROM run_event", ())
    assert count == 1
    assert inline[0] < 1_000
    (event,) = [e for e in told.events if e.type == "step_succeeded" and e.path == "a"]
    assert event.output.body == b""
    assert event.output.size == 1_500_002
    assert len(await runtime.runs.output(OPERATOR, told.id, "b")) == 1_500_000
    assert bench.runs["a"] == 1


async def test_a_run_reads_more_than_it_may_keep_in_memory(tmp_path, bench: Bench):
    names = [f"n{index}" for index in range(8)]
    document = workflow(
        *(node("big", name, size=5_000_000 + index) for index, name in enumerate(names)),
        node("gate"),
        *(node("count", f"len_{name}", value=f"{{{{ len({name}) }}}}") for name in names),
        edges=";".join(f"{name}>gate>len_{name}" for name in names),
    )
    async with opened(tmp_path, bench) as runtime:
        run_id = await create(runtime, document)
        await cut_off(runtime, run_id, bench.started("gate"))
    bench.gate("gate").set()
    async with opened(tmp_path, bench) as runtime:
        told = await carry(runtime, run_id)
    assert sum(told.outputs.values()) == 40_000_028
    assert all(bench.runs[name] == 1 for name in names)
