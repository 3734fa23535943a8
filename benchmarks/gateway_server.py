"""What the gateway's benchmark calls: OpenRouter's protocol on the loopback address.

`python -m benchmarks.gateway_server` prints its address and ends when its stdin does. The model's
name says what is answered: `short`, `long` or `timed`.
"""

import asyncio
import sys
import time
from collections.abc import Iterator

from tests.fakes.openrouter import (
    DONE,
    USAGE,
    FakeOpenRouter,
    Received,
    Reply,
    chunk,
    event,
    stream,
)

LONG_CHUNKS = 10_000


def _answer(*texts: str) -> list[bytes]:
    frames = [event(chunk({"role": "assistant", "content": ""}))]
    frames += [event(chunk({"content": text})) for text in texts]
    usage = chunk({}, None, usage=USAGE) | {"choices": []}
    return [*frames, event(chunk({}, "stop")), event(usage), DONE]


class _Timed:
    """An answer whose text is the moment its chunk was made, in nanoseconds."""

    def __iter__(self) -> Iterator[bytes]:
        head, *_ = _answer()
        yield head
        yield event(chunk({"content": str(time.monotonic_ns())}))
        yield from _answer()[1:]


REPLIES = {
    "short": stream(*_answer("Hello", " there", ".")),
    "long": stream(*_answer(*(f" word{number}" for number in range(LONG_CHUNKS)))),
    "timed": Reply(200, {"content-type": "text/event-stream"}, _Timed()),
}


def _reply(request: Received) -> Reply | None:
    # OpenAI's SDK may put its own path before; every chat request has a model.
    return REPLIES.get(request.body["model"].rpartition("/")[2]) if request.body else None


async def _serve() -> None:
    async with FakeOpenRouter() as server:
        server.handler = _reply
        sys.stdout.write(server.url + "\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve())
