"""A process that dies between claiming a slot and beginning its run."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from flowstudio.runtime import Runtime, open_runtime
from flowstudio.services.access import OPERATOR
from flowstudio.services.schedules import ScheduleWish
from flowstudio.settings import Settings
from tests.builders import node, workflow
from tests.fakes.clock import TurnedClock
from tests.people import person
from tests.projects import kept
from tests.running import ended

ROOT = Path(__file__).parents[2]
EMPTY = workflow(node("start"), node("end"), edges="start>end", name="Empty")


@pytest.mark.usefixtures("either_database")
@pytest.mark.parametrize("moment", [(), ("begun",)])
async def test_a_slot_claimed_by_a_process_that_is_killed_is_begun_once(tmp_path, moment):
    clock = TurnedClock()
    async with open_runtime(Settings(data_dir=tmp_path), clock=clock) as runtime:
        schedules = runtime.studio.schedules
        owner = person(runtime.studio.parts, "owner@example.com")
        workflow_id = await kept(runtime, owner, EMPTY)
        await runtime.studio.versions.publish(owner, workflow_id)
        wish = ScheduleWish("cron", "* * * * *")
        made = (await schedules.create(owner, workflow_id, wish)).record
        clock.turn(60)
        _kill_once_claimed(tmp_path, clock.now().isoformat(), *moment)
        (claimed,) = (await schedules.list_slots(owner, made.id)).items
        assert claimed.state == "claimed"
        for _ in range(3):
            await schedules.tick()
        (slot,) = (await schedules.list_slots(owner, made.id)).items
        (run,) = await runtime.runs.list(owner, trigger="schedule")
        assert (slot.state, slot.run_id, run.id) == ("begun", claimed.run_id, claimed.run_id)
        async with asyncio.timeout(60):
            # Once it is known that whoever made the run is dead.
            while not await runtime.dispatcher.carry_on() and await is_unfinished(runtime, run.id):
                pass
        assert (await ended(runtime, run.id)).status == "succeeded"


async def is_unfinished(runtime: Runtime, run_id: str) -> bool:
    return (await runtime.runs.find(OPERATOR, run_id)).status != "succeeded"


def _kill_once_claimed(data: Path, *arguments: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.schedule_worker", data, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "claimed\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
