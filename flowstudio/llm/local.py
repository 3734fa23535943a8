"""The built-in model: a child process, started on the first call and again after a crash."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from flowstudio.llm.answer import Answer
from flowstudio.llm.catalogue import ModelInfo
from flowstudio.llm.child import NAME, Child, Setup, start_child
from flowstudio.llm.errors import InvalidRequestError, MissingModelError, ProviderError
from flowstudio.llm.install import model_file
from flowstudio.llm.messages import Charge, ChatRequest, EmbedResult, TokenUsage
from flowstudio.llm.openrouter import read_embeddings
from flowstudio.llm.routing import LOCAL_MODEL, LOCAL_PREFIX
from flowstudio.llm.wire import Wire
from flowstudio.settings import Settings

CONTEXT_LENGTH = 2_048
DEFAULT_MAX_TOKENS = 256
_FREE = Decimal(0)
_SLOTS = 4
#: A small model left to itself fills its answer with blank lines.
_COMPACT = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
_NEWS_S = 0.5


class LocalModel:
    """Calls to the built-in model. Bound to the event loop of its first call."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._child: Child | None = None
        self._gone: list[Child] = []
        self._in_use = 0
        self._rest: asyncio.TimerHandle | None = None
        self._starting = asyncio.Lock()
        # More calls than slots wait here, where waiting is not taken for silence.
        self._slots = asyncio.Semaphore(_SLOTS)

    @property
    def path(self) -> Path:
        """The weights."""
        return self._settings.model_path or model_file(self._settings.data_dir)

    @property
    def is_installed(self) -> bool:
        """Whether the weights are there."""
        return self.path.is_file()

    @property
    def info(self) -> ModelInfo:
        """The model as the catalogue lists it."""
        custom = self._settings.model_path
        return ModelInfo(
            id=f"{LOCAL_PREFIX}{custom.stem.lower()}" if custom else LOCAL_MODEL,
            name=custom.stem if custom else "SmolLM2 135M (tiny demo model, built in)",
            context_length=CONTEXT_LENGTH,
            prompt_usd_per_million=_FREE,
            completion_usd_per_million=_FREE,
            local=True,
            supported_parameters=("temperature", "max_tokens", "seed", "structured_outputs"),
            max_output_tokens=CONTEXT_LENGTH,
        )

    async def chat(
        self, request: ChatRequest, answer: Answer, on_text: Callable[[str], None]
    ) -> None:
        """Stream one answer.

        Raises:
            ModelError: whatever went wrong.
        """
        if request.tools:
            message = (
                "The built-in model cannot call tools. Set FLOWSTUDIO_OPENROUTER_API_KEY and "
                "pick a model that can."
            )
            raise InvalidRequestError(message)
        body = chat_body(request)
        async with self._connection() as wire:
            model = answer.model
            await wire.chat(body, answer, on_text)
            # The child names itself by its file.
            answer.model = model

    async def charge(self, answer: Answer) -> Charge:
        """Nothing but the tokens."""
        return Charge(_FREE, answer.usage or TokenUsage(), answer.model)

    async def settle(
        self,
        answer: Answer,
        request: ChatRequest,  # noqa: ARG002 - another provider works its cost out from it
        limit_s: float,  # noqa: ARG002
    ) -> Charge | None:
        """Nothing but the tokens, as far as they were counted."""
        return await self.charge(answer) if answer.has_begun else None

    async def embed(self, texts: Sequence[str]) -> EmbedResult:
        """One vector for each text.

        Raises:
            ModelError: whatever went wrong.
        """
        async with self._connection() as wire:
            model = self.info.id
            reply = await wire.call("POST", "/embeddings", model, {"input": list(texts)})
        return read_embeddings(NAME, model, reply | {"model": model}, len(texts))

    async def close(self) -> None:
        """End the child process, if there is one."""
        async with self._starting:
            self._let_go()
            await self._clear()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Wire]:
        async with self._slots:
            with self._awake():
                child = await self._ready()
                try:
                    yield child.wire
                except ProviderError:
                    # A connection may break a moment before the news of the death that broke it.
                    await child.wait(_NEWS_S)
                    raise

    @contextmanager
    def _awake(self) -> Iterator[None]:
        """Keep the process for as long as the block takes, and a while after."""
        self._in_use += 1
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None
        try:
            yield
        finally:
            self._in_use -= 1
            if not self._in_use:
                loop = asyncio.get_running_loop()
                self._rest = loop.call_later(self._settings.model_idle_s, self._let_go)

    def _let_go(self) -> None:
        # Even with the weights given back, an idle process of it holds some 60 MB.
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None
        child, self._child = self._child, None
        if child is not None:
            child.let_go()
            self._gone.append(child)

    async def _clear(self) -> None:
        while self._gone:
            await self._gone.pop().stop()

    async def _ready(self) -> Child:
        async with self._starting:
            if self._child is not None and not self._child.is_alive:
                self._gone.append(self._child)
                self._child = None
            await self._clear()
            if self._child is None:
                self._child = await self._start()
            return self._child

    async def _start(self) -> Child:
        if not self.is_installed:
            raise MissingModelError(self._missing())
        return await start_child(
            Setup(
                str(self.path), _SLOTS, CONTEXT_LENGTH, max(1, round(self._settings.model_idle_s))
            )
        )

    def _missing(self) -> str:
        if self._settings.model_path:
            return f"There is no model at {self.path}. Check FLOWSTUDIO_MODEL_PATH."
        return (
            "The built-in model is not installed. Run `flowstudio models install`, "
            "or set FLOWSTUDIO_OPENROUTER_API_KEY."
        )


def chat_body(request: ChatRequest) -> dict[str, Any]:
    """A request as the built-in model takes it."""
    body: dict[str, Any] = {
        "messages": [message.as_json() for message in request.messages],
        "max_tokens": request.max_tokens or DEFAULT_MAX_TOKENS,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if request.seed is not None:
        body["seed"] = request.seed
    if request.temperature is not None:
        body["temperature"] = request.temperature
    if request.schema is not None:
        # As a grammar, since response_format leaves the bounds of numbers open. llguidance reads
        # the schema itself; what it does not know it leaves to the check of the answer.
        schema = dict(request.schema) | {"x-guidance": _COMPACT}
        body["grammar"] = f"%llguidance {{}}\nstart: %json {json.dumps(schema)}"
        body.setdefault("temperature", 0)
    return body
