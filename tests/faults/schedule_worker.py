"""The process that is killed: it claims slots of schedules, and never begins their runs.

`python -m tests.faults.schedule_worker DATA TIME`; it says so once the slots are claimed, or, with
`begun` as a third argument, once their runs are made and the slots do not know it yet.
"""

import asyncio
import sys
from datetime import datetime
from pathlib import Path

import click

from flowstudio.runtime import open_runtime
from flowstudio.services.schedule_ticks import ScheduleTicks
from flowstudio.settings import Settings
from flowstudio.store.schedule_slots import SlotRecord
from tests.fakes.clock import TurnedClock


class Dying(ScheduleTicks):
    """Stands still between the claim and what would come next."""

    is_to_run = False

    async def begin(self, slot: SlotRecord, actor: object = None) -> None:  # noqa: ARG002
        if self.is_to_run:
            await self._run(slot, None)
        click.echo("claimed")
        await asyncio.Event().wait()


async def main(data: Path, at: datetime, *, is_to_run: bool) -> None:
    async with open_runtime(Settings(data_dir=data), clock=TurnedClock(at)) as runtime:
        studio = runtime.studio
        ticks = Dying(studio.parts, studio.workflows, runtime.runs)
        ticks.is_to_run = is_to_run
        await ticks.tick()


if __name__ == "__main__":
    asyncio.run(
        main(Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2]), is_to_run=len(sys.argv) > 3)
    )
