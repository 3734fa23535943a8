"""An answer while it grows, chunk by chunk."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from flowstudio.llm.messages import Json, TokenUsage


class Answer:
    """What a provider has said so far; also what is left of it when the stream breaks.

    Attributes:
        model: the one that really answers, once it has said so.
        cost_usd: the provider's own figure, from the last chunk; None until it came.
        usage: None until it came.
    """

    __slots__ = (
        "_calls",
        "_parts",
        "_reasoning",
        "cost_usd",
        "finish_reason",
        "generation_id",
        "model",
        "usage",
    )

    def __init__(self, model: str) -> None:
        self.model = model
        self.finish_reason: str | None = None
        self.generation_id: str | None = None
        self.usage: TokenUsage | None = None
        self.cost_usd: Decimal | None = None
        self._parts: list[str] = []
        self._reasoning: list[str] = []
        self._calls: dict[int, dict[str, Any]] = {}

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(self._parts)

    @property
    def reasoning(self) -> str:
        """The thinking so far, if the model shows it."""
        return "".join(self._reasoning)

    @property
    def tool_calls(self) -> tuple[Json, ...]:
        """The calls so far, in the order of their indexes."""
        return tuple(self._calls[index] for index in sorted(self._calls))

    @property
    def has_begun(self) -> bool:
        """Whether anything of the answer has come."""
        return bool(self._parts or self._reasoning or self._calls)

    def add(self, chunk: Mapping[str, Any]) -> str:
        """Take in one chunk and return the text it adds.

        Raises:
            ArithmeticError, AttributeError, LookupError, TypeError, ValueError: not shaped as a chunk.
        """
        text = ""
        if choices := chunk.get("choices"):
            choice = choices[0]
            # A whole answer that was not streamed has a message where a chunk has a delta.
            text = self._take_delta(choice.get("delta") or choice.get("message") or {})
            if reason := choice.get("finish_reason"):
                self.finish_reason = str(reason)
                self._take_names(chunk)
        if usage := chunk.get("usage"):
            self._take_usage(usage)
            self._take_names(chunk)
        elif self.generation_id is None:
            self._take_names(chunk)
        return text

    def _take_names(self, chunk: Mapping[str, Any]) -> None:
        self.generation_id = chunk.get("id") or self.generation_id
        self.model = chunk.get("model") or self.model

    def _take_delta(self, delta: Mapping[str, Any]) -> str:
        text: str = delta.get("content") or ""
        if text:
            self._parts.append(_text(text))
        if reasoning := delta.get("reasoning"):
            self._reasoning.append(_text(reasoning))
        for call in delta.get("tool_calls") or ():
            self._take_call(call)
        return text

    def _take_call(self, piece: Mapping[str, Any]) -> None:
        index = int(piece.get("index", len(self._calls)))
        call = self._calls.setdefault(
            index, {"id": "", "type": "function", "function": {"name": "", "arguments": ""}}
        )
        call["id"] = piece.get("id") or call["id"]
        function = piece.get("function") or {}
        call["function"]["name"] += function.get("name") or ""
        call["function"]["arguments"] += function.get("arguments") or ""

    def _take_usage(self, usage: Mapping[str, Any]) -> None:
        self.usage = read_usage(usage)
        if usage.get("cost") is not None:
            self.cost_usd = Decimal(str(usage["cost"]))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        message = "text of an answer is a string"
        raise TypeError(message)
    return value


def read_usage(usage: Mapping[str, Any]) -> TokenUsage:
    """The token counts of a provider's `usage` object."""
    prompt = usage.get("prompt_tokens_details") or {}
    completion = usage.get("completion_tokens_details") or {}
    return TokenUsage(
        int(usage.get("prompt_tokens") or 0),
        int(usage.get("completion_tokens") or 0),
        int(prompt.get("cached_tokens") or 0),
        int(completion.get("reasoning_tokens") or 0),
    )
