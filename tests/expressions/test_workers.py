import asyncio
import os
import shutil
import signal
from collections.abc import Callable, Iterator

import pytest

from flowstudio.errors import ExpressionError
from flowstudio.expressions.limits import Limits
from flowstudio.expressions.sandbox import Sandbox
from flowstudio.expressions.wall import Wall
from tests.processes import expression_workers, until


@pytest.fixture
def lone() -> Iterator[Sandbox]:
    """A sandbox with one worker and time enough to be interrupted."""
    lone = Sandbox("run", processes=1, code_limits=Limits(time_s=60, memory_mb=64))
    yield lone
    asyncio.run(lone.close())


def running(sandbox: Sandbox, before: set[int]) -> Callable[[], bool]:
    return lambda: sandbox.exchanges == 1 and bool(expression_workers() - before)


async def test_no_process_is_started_before_the_first_expression(lone):
    before = expression_workers()
    await lone.evaluate(["a"], {"a": 1})
    assert expression_workers() == before
    await lone.evaluate(["a + 1"], {"a": 1})
    assert len(expression_workers() - before) == 1


async def test_closing_ends_the_workers():
    before = expression_workers()
    async with Sandbox(processes=1) as sandbox:
        await sandbox.open()
    await until(lambda: not expression_workers() - before)


async def test_a_sandbox_that_was_never_used_closes():
    async with Sandbox():
        pass


async def test_a_cancelled_call_kills_its_worker_and_the_next_call_works(lone):
    before = expression_workers()
    hog = asyncio.ensure_future(lone.run_code("while True: pass", {}))
    await until(running(lone, before))
    (worker,) = expression_workers() - before
    hog.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hog
    await until(lambda: worker not in expression_workers())
    assert await lone.run_code("1 + 1", {}) == 2


async def test_a_call_cancelled_while_it_waits_for_a_worker_is_never_made(lone):
    before = expression_workers()
    hog = asyncio.ensure_future(lone.run_code("while True: pass", {}))
    await until(running(lone, before))
    waiting = asyncio.ensure_future(lone.run_code("2", {}))
    await asyncio.sleep(0)
    waiting.cancel()
    hog.cancel()
    await asyncio.wait([hog, waiting])
    assert hog.cancelled()
    assert waiting.cancelled()
    assert await lone.run_code("3", {}) == 3
    assert lone.exchanges == 2


async def test_calls_of_many_tasks_share_few_workers():
    before = expression_workers()
    async with Sandbox(processes=2) as sandbox, asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(sandbox.evaluate([f"n + {number}"], {"n": 1})) for number in range(40)
        ]
        for number, task in enumerate(tasks):
            assert await task == [number + 1]
        assert len(expression_workers() - before) <= 2


async def test_a_worker_killed_while_idle_is_replaced(lone):
    before = expression_workers()
    await lone.open()
    (worker,) = expression_workers() - before
    os.kill(worker, signal.SIGKILL)
    await until(lambda: worker not in expression_workers())
    assert await lone.evaluate(["1 + 1"], {}) == [2]


async def test_a_worker_that_dies_twice_over_one_call_fails_it_in_words(lone, caplog):
    before = expression_workers()
    hog = asyncio.ensure_future(lone.run_code("while True: pass", {}))
    for times in (1, 2):
        await until(lambda times=times: lone.exchanges == times)
        await until(lambda: bool(expression_workers() - before))
        for worker in expression_workers() - before:
            os.kill(worker, signal.SIGKILL)
    with pytest.raises(ExpressionError, match="the expression engine was restarted twice"):
        await hog
    assert "The expression engine was restarted" in caplog.text
    assert await lone.run_code("1 + 1", {}) == 2


async def test_a_launcher_that_was_cleared_away_is_written_again(lone):
    before = expression_workers()
    await lone.open()
    shutil.rmtree(lone._workers._directory.name)
    for worker in expression_workers() - before:
        os.kill(worker, signal.SIGKILL)
    assert await lone.evaluate(["1 + 1"], {}) == [2]


async def test_a_worker_that_cannot_be_started_is_said_in_words(tmp_path):
    async with Sandbox(wall=Wall("limits", (str(tmp_path / "missing"),))) as broken:
        with pytest.raises(ExpressionError, match="the expression engine was restarted twice"):
            await broken.open()
    async with Sandbox(wall=Wall("none")) as broken:
        broken._workers._launcher = tmp_path
        with pytest.raises(ExpressionError, match="The expression engine cannot start"):
            await broken.open()
