import asyncio
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from flowstudio.errors import ExpressionError
from flowstudio.expressions import wall
from flowstudio.expressions.sandbox import Sandbox
from flowstudio.expressions.wall import Wall, find_wall
from tests.processes import environment, expression_workers, limit, namespace, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def available() -> list[Wall]:
    """The walls that work on this machine, and no wall at all."""
    with TemporaryDirectory() as directory:
        walls = wall._candidates(wall.find_monty_binary())
        return [
            Wall("none"),
            *(each for each in walls if wall._works(each.write_launcher(Path(directory)))),
        ]


@pytest.fixture(params=available(), ids=lambda each: each.name)
def behind(request):
    return request.param


def test_who_writes_a_launcher_is_noticed(tmp_path: Path) -> None:
    launcher = tmp_path / "launcher.sh"
    with launcher.open("w"):
        assert wall.has_writers(launcher)
    assert not wall.has_writers(launcher)


async def started(sandbox: Sandbox) -> int:
    before = expression_workers()
    await sandbox.open()
    (worker,) = expression_workers() - before
    return worker


async def test_expressions_run_behind_every_wall(behind):
    async with Sandbox(processes=1, wall=behind) as sandbox:
        assert await sandbox.evaluate(["sum(n)"], {"n": [1, 2]}) == [3]
        assert sandbox.wall.describe()


async def test_memory_up_to_the_limit_of_code_fits_behind_every_wall(behind):
    async with Sandbox(processes=1, wall=behind) as sandbox:
        assert await sandbox.run_code("len('x' * (200 << 20))", {}) == 200 << 20
        with pytest.raises(ExpressionError, match="needs more than 256 MB of memory"):
            await sandbox.run_code("[0] * 10 ** 9", {})


async def test_a_worker_starts_with_an_empty_environment(behind, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "sk-CANARY")
    async with Sandbox(processes=1, wall=behind) as sandbox:
        # Bubblewrap says where it is: in the root of a file system that holds nothing.
        assert environment(await started(sandbox)) <= {b"PWD=/"}


async def test_a_worker_writes_no_files_and_dumps_no_core(behind):
    if behind.name == "none":
        pytest.skip("no wall, no limits")
    async with Sandbox(processes=1, wall=behind) as sandbox:
        worker = await started(sandbox)
        assert limit(worker, "Max file size") == "0"
        assert limit(worker, "Max core file size") == "0"
        assert limit(worker, "Max address space") == str(wall.ADDRESS_SPACE_KB << 10)
        assert limit(worker, "Max cpu time") == str(wall.CPU_S)
        assert limit(worker, "Max open files") == str(wall.OPEN_FILES)


async def test_a_worker_in_namespaces_has_no_network(behind):
    if behind.name not in ("bubblewrap", "namespaces"):
        pytest.skip("this wall is made of limits alone")
    async with Sandbox(processes=1, wall=behind) as sandbox:
        assert namespace(await started(sandbox), "net") != namespace(os.getpid(), "net")


async def test_a_worker_killed_behind_a_wall_is_replaced(behind):
    async with Sandbox(processes=1, wall=behind) as sandbox:
        await sandbox.open()
        hog = asyncio.ensure_future(sandbox.run_code("while True: pass", {}))
        await until(lambda: sandbox.exchanges == 2)
        hog.cancel()
        with pytest.raises(asyncio.CancelledError):
            await hog
        assert await sandbox.evaluate(["1 + 1"], {}) == [2]


def test_the_strongest_wall_that_works_is_taken():
    strength = ["none", "limits", "namespaces", "bubblewrap"]
    assert find_wall().name == max((each.name for each in available()), key=strength.index)


def test_a_launcher_that_does_not_work_is_passed_over(tmp_path):
    assert not wall._works(Wall("limits", ("/nonexistent/monty",)).write_launcher(tmp_path))
    assert not wall._works(tmp_path / "missing")
    assert wall._works(Wall("limits", (wall.find_monty_binary(),)).write_launcher(tmp_path))


def test_a_path_with_odd_characters_stays_one_word(tmp_path):
    binary = tmp_path / "it's $HOME; monty"
    binary.symlink_to(wall.find_monty_binary())
    assert wall._works(Wall("limits", (str(binary),)).write_launcher(tmp_path))
