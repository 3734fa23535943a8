"""FlowStudio's gateway."""

import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from pydantic import SecretStr

from flowstudio.llm.gateway import Gateway
from flowstudio.llm.messages import ChatRequest, Message
from flowstudio.settings import Settings


@asynccontextmanager
async def open_caller(
    url: str, key: str
) -> AsyncIterator[Callable[[str, Callable[[str], None]], Awaitable[str]]]:
    """A caller over one gateway."""
    with tempfile.TemporaryDirectory() as directory:
        settings = Settings(
            openrouter_base_url=url, openrouter_api_key=SecretStr(key), data_dir=Path(directory)
        )
        async with httpx.AsyncClient() as http:
            gateway = Gateway(settings, http)

            async def call(model: str, on_text: Callable[[str], None]) -> str:
                request = ChatRequest((Message("user", "hello"),), model=model)
                return (await gateway.complete(request, on_text)).text

            yield call
