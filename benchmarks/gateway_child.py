"""One caller's process: reads what to measure from stdin, a JSON line each, and prints what it found.

Standard library only, besides the caller itself: it runs in the environments of the peers.
"""

import asyncio
import importlib
import json
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

Call = Callable[[str, Callable[[str], None]], Awaitable[str]]


async def latency(call: Call, count: int) -> list[float]:
    """Seconds of each of `count` short answers, one after another."""
    samples = []
    for _ in range(count):
        began = time.perf_counter()
        await call("bench/short", _ignore)
        samples.append(time.perf_counter() - began)
    return samples


async def stream(call: Call, count: int) -> list[float]:
    """Chunks per second of each of `count` long answers."""
    samples = []
    for _ in range(count):
        pieces: list[str] = []
        began = time.perf_counter()
        text = await call("bench/long", pieces.append)
        elapsed = time.perf_counter() - began
        # Some callers pass several chunks on as one piece: what counts is that all arrive.
        if text != "".join(pieces) or not text.endswith("word9999"):
            message = "the answer is not whole"
            raise RuntimeError(message)
        samples.append(10_000 / elapsed)
    return samples


async def first_token(call: Call, count: int) -> list[float]:
    """Seconds from a chunk's making in the server to its arrival at the callback."""
    samples: list[float] = []

    def on_text(text: str) -> None:
        samples.append((time.monotonic_ns() - int(text)) / 1e9)

    for _ in range(count):
        await call("bench/timed", on_text)
    return samples


def _ignore(text: str) -> None:
    """What is timed is the call."""


CASES: dict[str, Callable[[Call, int], Awaitable[list[float]]]] = {
    "latency": latency,
    "stream": stream,
    "first_token": first_token,
}


async def _serve(module: str, url: str, key: str) -> None:
    async with importlib.import_module(module).open_caller(url, key) as call:
        _say({"ready": True})
        while line := await asyncio.to_thread(sys.stdin.readline):
            wish = json.loads(line)
            _say({"samples": await CASES[wish["case"]](call, wish["count"])})


def _say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_serve(*sys.argv[1:]))
