"""What goes into a model call and what comes out of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

TaskType = Literal[
    "chat",
    "summarise",
    "extract",
    "classify",
    "write",
    "code",
    "reason",
    "translate",
    "vision",
    "embed",
]
Policy = Literal["cheapest", "balanced", "best", "fastest"]
Role = Literal["system", "user", "assistant", "tool"]
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation.

    Attributes:
        content: text, or parts in OpenAI's form (`{"type": "image_url", …}`).
        tool_calls: calls an assistant made, as they stood in its answer.
        tool_call_id: the call that a `tool` message answers.
    """

    role: Role
    content: str | tuple[Json, ...]
    tool_calls: tuple[Json, ...] = ()
    tool_call_id: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The message as the wire has it."""
        message: dict[str, Any] = {
            "role": self.role,
            "content": self.content if isinstance(self.content, str) else list(self.content),
        }
        if self.tool_calls:
            message["tool_calls"] = list(self.tool_calls)
        if self.tool_call_id is not None:
            message["tool_call_id"] = self.tool_call_id
        return message


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One call: to a named model, or to whichever suits a task and a policy.

    Attributes:
        fallbacks: models the provider tries in turn when the first fails.
        provider: OpenRouter's provider preferences, passed through.
        schema: JSON Schema the answer must fit; the result then carries the parsed value.
        tools: in OpenAI's form; calls come back unexecuted in the result.
        reasoning: OpenRouter's reasoning settings, such as `{"effort": "low"}`.
    """

    messages: tuple[Message, ...]
    model: str | None = None
    task: TaskType = "chat"
    policy: Policy = "balanced"
    temperature: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    provider: Json | None = None
    fallbacks: tuple[str, ...] = ()
    schema: Json | None = None
    tools: tuple[Json, ...] = ()
    tool_choice: str | Json | None = None
    reasoning: Json | None = None


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """Tokens of one or several turns.

    Attributes:
        cached_tokens: of the prompt, those the provider had read before.
        reasoning_tokens: of the completion, those spent on thinking.
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0

    def __add__(self, other: "TokenUsage") -> "TokenUsage":
        return TokenUsage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.cached_tokens + other.cached_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
        )


@dataclass(frozen=True, slots=True)
class Charge:
    """What one call cost, whether it succeeded, failed or was cancelled.

    Attributes:
        is_estimate: the provider's own figure could not be had; counted from tokens and prices.
    """

    cost_usd: Decimal
    usage: TokenUsage
    model: str
    is_estimate: bool = False


@dataclass(frozen=True, slots=True)
class ChatResult:
    """A finished answer.

    Attributes:
        json: the value that fits the request's schema; None without one.
        model: the one that really answered.
        finish_reason: `stop`, `length` (cut off at `max_tokens`) or `tool_calls`.
        repairs: how often the model was shown what was wrong with its JSON.
    """

    text: str
    json: Any
    model: str
    usage: TokenUsage
    cost_usd: Decimal
    finish_reason: str
    generation_id: str | None = None
    tool_calls: tuple[Json, ...] = ()
    reasoning: str = ""
    repairs: int = 0


@dataclass(frozen=True, slots=True)
class EmbedResult:
    """One vector for each text, in order."""

    vectors: tuple[tuple[float, ...], ...] = field(repr=False)
    model: str
    usage: TokenUsage
    cost_usd: Decimal
