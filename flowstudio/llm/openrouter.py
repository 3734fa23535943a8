"""OpenRouter: what its requests look like, and what it knows besides chat."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from decimal import Decimal
from typing import Any

import httpx
import orjson

from flowstudio.errors import ModelError
from flowstudio.llm.answer import Answer, read_usage
from flowstudio.llm.catalogue import ModelInfo
from flowstudio.llm.errors import KeyRefusedError, ProviderError, UnreachableError
from flowstudio.llm.failures import KEY_SETTING
from flowstudio.llm.messages import Charge, ChatRequest, EmbedResult, Message, TokenUsage
from flowstudio.llm.structured import is_strict
from flowstudio.llm.wire import Wire
from flowstudio.settings import Settings

_NAME = "OpenRouter"
_MODELS_S = 10.0


class OpenRouter:
    """Calls over OpenRouter's API, or any server that speaks it."""

    def __init__(self, settings: Settings, http: httpx.AsyncClient, silence_s: float) -> None:
        self.base_url = settings.openrouter_base_url.rstrip("/")
        self._key = settings.openrouter_api_key.get_secret_value().strip()
        self._key_place = KEY_SETTING
        headers = _authorization(self._key) | {"Content-Type": "application/json"}
        # Nothing to unpack means that every chunk is passed on the moment it comes.
        headers["Accept-Encoding"] = "identity"
        if settings.openrouter_app_url:
            headers["HTTP-Referer"] = settings.openrouter_app_url
            headers["X-OpenRouter-Title"] = "FlowStudio"
        hint = "Check the network, or FLOWSTUDIO_OPENROUTER_BASE_URL."
        self._wire = Wire(http, _NAME, self.base_url, headers, self._key, hint, silence_s)

    def with_key(self, key: str, place: str) -> "OpenRouter":
        """The same connections with another key.

        Args:
            key: to call with.
            place: where a person finds it when it is refused.
        """
        other = copy(self)
        other._key, other._key_place = key, place  # noqa: SLF001 - of our own kind
        headers = {**self._wire.headers, **_authorization(key)}
        other._wire = replace(self._wire, headers=headers, secret=key, key_place=place)  # noqa: SLF001
        return other

    @property
    def has_key(self) -> bool:
        """Whether there is a key to call it with."""
        return bool(self._key)

    def check_key(self) -> None:
        """Refuse a key that cannot stand in a header.

        Raises:
            KeyRefusedError: it has spaces, line breaks or other characters that no key has.
        """
        if not (self._key.isascii() and self._key.isprintable() and " " not in self._key):
            raise KeyRefusedError(
                f"{self._key_place[:1].upper()}{self._key_place[1:]} holds characters that no key has. Copy the key again."
            )

    async def chat(
        self,
        request: ChatRequest,
        info: ModelInfo | None,
        answer: Answer,
        on_text: Callable[[str], None],
    ) -> None:
        """Stream one answer; `info` is what the catalogue knows of the model.

        Raises:
            ModelError: whatever went wrong.
        """
        self.check_key()
        await self._wire.chat(chat_body(request, answer.model, info), answer, on_text)

    async def embed(self, model: str, texts: Sequence[str]) -> EmbedResult:
        """One vector for each text.

        Raises:
            ModelError: whatever went wrong.
        """
        self.check_key()
        body = {"model": model, "input": list(texts)}
        reply = await self._wire.call("POST", "/embeddings", model, body)
        return read_embeddings(_NAME, model, reply, len(texts))

    async def models(self) -> Any:
        """The reply to `GET /models`.

        Raises:
            ModelError: whatever went wrong.
        """
        self.check_key()
        try:
            # Calls wait for this list once a day; they can do without it.
            async with asyncio.timeout(_MODELS_S):
                return await self._wire.call("GET", "/models")
        except TimeoutError as error:
            raise UnreachableError(
                f"{_NAME} did not send its list of models within {_MODELS_S:g} seconds."
            ) from error

    async def find_charge(self, generation_id: str) -> Charge | None:
        """What a call cost, or None while OpenRouter does not know it yet."""
        try:
            reply = await self._wire.call("GET", f"/generation?id={generation_id}")
            data = reply["data"]
            usage = TokenUsage(
                int(data.get("native_tokens_prompt") or data.get("tokens_prompt") or 0),
                int(data.get("native_tokens_completion") or data.get("tokens_completion") or 0),
            )
            return Charge(Decimal(str(data["total_cost"])), usage, str(data.get("model") or ""))
        except (ModelError, KeyError, TypeError, AttributeError, ArithmeticError, ValueError):
            return None


def _authorization(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def chat_body(request: ChatRequest, model: str, info: ModelInfo | None) -> dict[str, Any]:
    """A request as OpenRouter's chat completions take it."""
    messages = [message.as_json() for message in request.messages]
    body: dict[str, Any] = {"model": model, "messages": messages, "stream": True}
    # max_tokens rather than max_completion_tokens: `require_parameters` knows every provider by it.
    for name in ("temperature", "max_tokens", "seed"):
        if (value := getattr(request, name)) is not None:
            body[name] = value
    if request.fallbacks:
        body["models"] = [model, *request.fallbacks]
    if request.tools:
        body["tools"] = list(request.tools)
    if request.tool_choice is not None:
        body["tool_choice"] = request.tool_choice
    if request.reasoning is not None:
        body["reasoning"] = dict(request.reasoning)
    provider = dict(request.provider or {})
    if request.schema is not None:
        _add_schema(body, provider, request.schema, info)
    if provider:
        body["provider"] = provider
    return body


def _add_schema(
    body: dict[str, Any],
    provider: dict[str, Any],
    schema: Mapping[str, Any],
    info: ModelInfo | None,
) -> None:
    if info and info.supported_parameters and "structured_outputs" not in info.supported_parameters:
        wish = Message("system", _ask_for_json(schema))
        body["messages"] = [wish.as_json(), *body["messages"]]
        return
    body["response_format"] = {
        "type": "json_schema",
        "json_schema": {"name": "answer", "strict": is_strict(schema), "schema": dict(schema)},
    }
    provider.setdefault("require_parameters", True)


def _ask_for_json(schema: Mapping[str, Any]) -> str:
    text = orjson.dumps(dict(schema)).decode()
    return f"Answer with JSON alone, without any text around it, that fits this JSON Schema: {text}"


def read_embeddings(provider: str, model: str, reply: Any, expected: int) -> EmbedResult:
    """The vectors of a reply to `POST /embeddings`.

    Raises:
        ProviderError: it does not hold one vector for each text.
    """
    try:
        items = sorted(reply["data"], key=lambda item: item.get("index", 0))
        vectors = tuple(tuple(map(float, item["embedding"])) for item in items)
        usage = reply.get("usage") or {}
        cost = Decimal(str(usage.get("cost") or 0))
        tokens = read_usage(usage)
    except (AttributeError, KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise ProviderError(f"{provider} sent something that is no list of vectors.") from error
    if len(vectors) != expected:
        raise ProviderError(f"{provider} sent {len(vectors)} vectors for {expected} texts.")
    return EmbedResult(vectors, str(reply.get("model") or model), tokens, cost)
