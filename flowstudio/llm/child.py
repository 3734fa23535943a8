"""The process of the built-in model, seen from its parent."""

import asyncio
import os
import secrets
import ssl
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

import httpx
import orjson

from flowstudio.llm.errors import MissingModelError, ProviderError
from flowstudio.llm.wire import Wire

NAME = "The built-in model"
_START_S = 60.0
_STOP_S = 2.0
#: Four long prompts at once on one slow core take minutes before the first token.
_SILENCE_S = 600.0


@dataclass(frozen=True, slots=True)
class Setup:
    """What to serve.

    Attributes:
        model: path of a GGUF file.
        slots: calls answered at once.
        context: tokens of each.
        idle_s: seconds without a call until its memory is given back.
    """

    model: str
    slots: int
    context: int
    idle_s: int


@dataclass(frozen=True, slots=True)
class Child:
    """A running process, and the wire to it."""

    process: asyncio.subprocess.Process
    wire: Wire

    @property
    def is_alive(self) -> bool:
        """Whether no news of its end have come."""
        return self.process.returncode is None

    async def wait(self, limit_s: float) -> None:
        """Wait for its end, for so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                await self.process.wait()

    def let_go(self) -> None:
        """Have it end by itself; `stop` gives back what is left."""
        if self.process.stdin is not None:
            self.process.stdin.close()

    async def stop(self) -> None:
        """End it, in order if it can, and give its pipes back."""
        await self.wire.http.aclose()
        if self.process.stdin is not None:
            self.process.stdin.close()
        await self.wait(_STOP_S)
        if self.is_alive:
            self.process.kill()
            await self.process.wait()


async def start_child(setup: Setup) -> Child:
    """Start the process and wait until it serves, about a second.

    Raises:
        MissingModelError: it cannot load the model.
        ProviderError: it takes too long.
    """
    key = secrets.token_urlsafe(24)
    process = await _spawn()
    try:
        port = await _hand_over(process, setup, key)
    except BaseException:
        process.kill()
        await process.wait()
        raise
    return Child(process, _wire(port, key))


async def _spawn() -> asyncio.subprocess.Process:
    # A session of its own, so that Ctrl-C in a terminal reaches only the parent, which then ends
    # the child in order. Nothing of the parent's environment is passed on.
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        "flowstudio.llm.server",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
        # Threads that wait for work by spinning take all of a busy machine.
        env={"OMP_WAIT_POLICY": "passive"},
    )


async def _hand_over(process: asyncio.subprocess.Process, setup: Setup, key: str) -> int:
    threads = max(1, (os.cpu_count() or 2) - 1)
    reply: dict[str, Any] = {}
    try:
        async with asyncio.timeout(_START_S):
            reply = await _exchange(process, asdict(setup) | {"key": key, "threads": threads})
    except TimeoutError as error:
        raise ProviderError(f"{NAME} did not start within {_START_S:g} seconds.") from error
    if "port" not in reply:
        reason = reply.get("error", "its process ended at once")
        raise MissingModelError(
            f"{NAME} could not be started from {setup.model}: {reason}. "
            "Run `flowstudio models install --force`."
        )
    return int(reply["port"])


async def _exchange(process: asyncio.subprocess.Process, message: dict[str, Any]) -> dict[str, Any]:
    if process.stdin is None or process.stdout is None:
        return {}
    try:
        process.stdin.write(orjson.dumps(message) + b"\n")
        await process.stdin.drain()
        return dict(orjson.loads(await process.stdout.readline() or b"{}"))
    except (ConnectionError, ValueError):
        return {}


def _wire(port: int, key: str) -> Wire:
    # The server closes a connection after a stream without saying so: none is used twice.
    transport = httpx.AsyncHTTPTransport(
        verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        limits=httpx.Limits(max_keepalive_connections=0),
    )
    return Wire(
        http=httpx.AsyncClient(transport=transport, trust_env=False),
        name=NAME,
        base_url=f"http://127.0.0.1:{port}/v1",
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
        secret=key,
        hint="It is started again with the next call.",
        silence_s=_SILENCE_S,
    )
