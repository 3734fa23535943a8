"""OpenAI's SDK, as its documentation streams."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from openai import AsyncOpenAI


@asynccontextmanager
async def open_caller(
    url: str, key: str
) -> AsyncIterator[Callable[[str, Callable[[str], None]], Awaitable[str]]]:
    """A caller over one client."""
    async with AsyncOpenAI(base_url=url, api_key=key, max_retries=0) as client:

        async def call(model: str, on_text: Callable[[str], None]) -> str:
            texts = []
            stream = await client.chat.completions.create(
                model=model, messages=[{"role": "user", "content": "hello"}], stream=True
            )
            async for chunk in stream:
                for choice in chunk.choices:
                    if text := choice.delta.content:
                        texts.append(text)
                        on_text(text)
            return "".join(texts)

        yield call
