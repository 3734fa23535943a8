"""The floor: httpx alone, doing what anybody would write by hand."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx


@asynccontextmanager
async def open_caller(
    url: str, key: str
) -> AsyncIterator[Callable[[str, Callable[[str], None]], Awaitable[str]]]:
    """A caller over one client."""
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(headers=headers) as client:

        async def call(model: str, on_text: Callable[[str], None]) -> str:
            body = {
                "model": model,
                "messages": [{"role": "user", "content": "hello"}],
                "stream": True,
            }
            texts = []
            async with client.stream("POST", f"{url}/chat/completions", json=body) as response:
                async for line in response.aiter_lines():
                    if not line.startswith("data: ") or line == "data: [DONE]":
                        continue
                    for choice in json.loads(line[6:])["choices"]:
                        if text := choice["delta"].get("content"):
                            texts.append(text)
                            on_text(text)
            return "".join(texts)

        yield call
