"""Upgrades with runs in flight: what an older schema has begun goes on under this one."""

from pathlib import Path

import pytest
from sqlalchemy import create_engine

from flowstudio.engine.runner import Ended, Parked
from flowstudio.store.database import MIGRATIONS, newest_version
from flowstudio.store.migrations import downgrade
from flowstudio.store.snapshot import find_faults, read_version
from tests.builders import node, workflow
from tests.fakes.nodes import Bench
from tests.running import answer, carry, create, cut_off, opened

GATED = workflow(
    node("start"), node("count", "a"), node("gate"), node("count", "b"), edges="start>a>gate>b"
)
ASKING = workflow(
    node("start"),
    node("count", "a"),
    node("task", "ask", mode="approval", message="Go on?"),
    node("count", "b"),
    edges="start>a>ask>b",
)
OLDER = [f"{number:04}" for number in range(1, int(newest_version()))]


def take_down(folder: Path, revision: str) -> None:
    """Give a database the schema of an earlier version, as that version would have left it."""
    engine = create_engine(f"sqlite:///{folder / 'flowstudio.db'}")
    downgrade(engine, MIGRATIONS, revision)
    engine.dispose()


@pytest.mark.parametrize("revision", OLDER)
async def test_a_run_begun_on_an_older_schema_goes_on_after_the_upgrade(
    tmp_path: Path, bench: Bench, revision: str
) -> None:
    async with opened(tmp_path, bench) as runtime:
        cut = await create(runtime, GATED)
        await cut_off(runtime, cut, bench.started("gate"))
        waiting = await create(runtime, ASKING)
        assert isinstance((await carry(runtime, waiting)).outcome, Parked)
    take_down(tmp_path, revision)
    assert read_version(tmp_path / "flowstudio.db") == revision
    new = Bench()
    new.gate("gate").set()
    async with opened(tmp_path, new) as runtime:
        assert await runtime.dispatcher._store.list_unfinished() != []
        assert (await carry(runtime, cut)).outcome == Ended("succeeded")
        await answer(runtime, waiting, "ask", approved=True)
        assert (await carry(runtime, waiting)).outcome == Ended("succeeded")
    assert new.runs == {"gate": 1, "b": 2}
    assert read_version(tmp_path / "flowstudio.db") == newest_version()
    assert find_faults(tmp_path / "flowstudio.db") == []
