"""pydantic-ai: an agent without tools, its text streamed as deltas without debouncing."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider


@asynccontextmanager
async def open_caller(
    url: str, key: str
) -> AsyncIterator[Callable[[str, Callable[[str], None]], Awaitable[str]]]:
    """A caller over one provider, with an agent for each model."""
    provider = OpenAIProvider(base_url=url, api_key=key)
    agents: dict[str, Agent] = {}

    async def call(model: str, on_text: Callable[[str], None]) -> str:
        if model not in agents:
            agents[model] = Agent(OpenAIChatModel(model, provider=provider))
        texts = []
        async with agents[model].run_stream("hello") as result:
            async for text in result.stream_text(delta=True, debounce_by=None):
                texts.append(text)
                on_text(text)
        return "".join(texts)

    yield call
