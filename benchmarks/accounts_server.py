"""What the benchmark of accounts calls: the REST API in a process of its own.

`python -m benchmarks.accounts_server DIRECTORY PEOPLE` makes the people, prints its address, then
answers each line on its stdin with what it has used so far, and ends when its stdin does.
"""

import asyncio
import json
import sys
from dataclasses import asdict
from pathlib import Path

from benchmarks.usage import measure_usage
from flowstudio.api.app import create_api
from flowstudio.runtime import Runtime, open_runtime
from flowstudio.settings import Settings
from tests.people import person
from tests.serving import served


async def _serve(directory: Path, people: int) -> None:
    # Behind a proxy that is believed, one client can come from as many addresses as it likes.
    settings = Settings(
        data_dir=directory, trusted_proxies=("127.0.0.1",), requests_per_minute=1_000_000
    )
    async with open_runtime(settings) as runtime:
        _fill(runtime, people)
        async with served(create_api(lambda: runtime), backlog=4096, backpressure=4096) as address:
            _say(address)
            while await asyncio.to_thread(sys.stdin.readline):
                _say(json.dumps(asdict(measure_usage())))


def _fill(runtime: Runtime, people: int) -> None:
    for number in range(people):
        person(runtime.studio.parts, f"p{number}@example.com")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]), int(sys.argv[2])))
