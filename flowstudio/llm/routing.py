"""Which model answers: the one named, or the one that suits a task and a policy."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from flowstudio.llm.messages import Policy, TaskType

LOCAL_PREFIX = "local/"
LOCAL_MODEL = "local/smollm2-135m-instruct"

Provider = Literal["openrouter", "local"]


@dataclass(frozen=True, slots=True)
class Route:
    """Where a call goes.

    Attributes:
        preferences: provider preferences that the policy implies.
    """

    model: str
    provider: Provider
    preferences: Mapping[str, Any] = field(default_factory=dict)


#: Choices in order; a model that has vanished from the catalogue gives way to the next.
_GENERAL: Mapping[Policy, tuple[str, ...]] = {
    "cheapest": ("qwen/qwen3.7-flash", "openai/gpt-oss-20b", "google/gemini-2.5-flash-lite"),
    "balanced": ("openai/gpt-6.1-terra", "google/gemini-3.8-flash", "openai/gpt-5-mini"),
    "best": ("anthropic/claude-opus-5.5", "openai/gpt-6.1-sol", "anthropic/claude-opus-4.5"),
    "fastest": (
        "anthropic/claude-haiku-5.5",
        "google/gemini-3.5-flash-lite",
        "openai/gpt-oss-20b",
    ),
}
#: Tasks of which a small model makes a good job.
_SIMPLE: Mapping[Policy, tuple[str, ...]] = {
    **_GENERAL,
    "balanced": ("anthropic/claude-haiku-5.5", "openai/gpt-6-luna", "openai/gpt-5-nano"),
    "best": ("openai/gpt-6.1-terra", "google/gemini-3.8-flash", "openai/gpt-5-mini"),
}
_CODE: Mapping[Policy, tuple[str, ...]] = {
    "cheapest": ("qwen/qwen3-coder-30b-a3b-instruct", "openai/gpt-oss-20b"),
    "balanced": ("anthropic/claude-sonnet-5.5", "openai/gpt-6.1-terra", "qwen/qwen3-coder-plus"),
    "best": ("anthropic/claude-opus-5.5", "openai/gpt-6.1-sol", "anthropic/claude-opus-4.5"),
    "fastest": ("anthropic/claude-haiku-5.5", "mistralai/codestral-2508", "openai/gpt-oss-120b"),
}
_REASON: Mapping[Policy, tuple[str, ...]] = {
    "cheapest": ("openai/gpt-oss-120b", "qwen/qwen3-30b-a3b-thinking-2507"),
    "balanced": ("deepseek/deepseek-v4-pro-0813", "openai/gpt-6.1-terra", "openai/o4-mini"),
    "best": ("openai/gpt-6-astra", "anthropic/claude-opus-5.5", "openai/o3"),
    "fastest": ("openai/gpt-oss-120b", "openai/gpt-6-luna", "openai/gpt-oss-20b"),
}
_VISION: Mapping[Policy, tuple[str, ...]] = {
    "cheapest": ("google/gemini-2.5-flash-lite", "qwen/qwen3-vl-8b-instruct"),
    "balanced": ("google/gemini-3.8-flash", "openai/gpt-6.1-terra", "google/gemini-2.5-flash"),
    "best": ("google/gemini-4-argon", "anthropic/claude-opus-5.5", "google/gemini-2.5-pro"),
    "fastest": ("google/gemini-3.5-flash-lite", "google/gemini-2.5-flash-lite"),
}
_EMBED: Mapping[Policy, tuple[str, ...]] = {
    "cheapest": ("qwen/qwen3-embedding-8b",),
    "balanced": ("openai/text-embedding-3-small",),
    "best": ("google/gemini-embedding-001",),
    "fastest": ("openai/text-embedding-3-small",),
}
_CHOICES: Mapping[TaskType, Mapping[Policy, tuple[str, ...]]] = {
    "chat": _GENERAL,
    "summarise": _SIMPLE,
    "extract": _SIMPLE,
    "classify": _SIMPLE,
    "write": _GENERAL,
    "code": _CODE,
    "reason": _REASON,
    "translate": _SIMPLE,
    "vision": _VISION,
    "embed": _EMBED,
}
_PREFERENCES: Mapping[Policy, Mapping[str, Any]] = {
    "cheapest": {"sort": "price"},
    "fastest": {"sort": "throughput"},
}


def candidates(task: TaskType, policy: Policy) -> tuple[str, ...]:
    """Models that suit a task under a policy, the first choice first."""
    return _CHOICES[task][policy]


def choose(task: TaskType, policy: Policy, available: Container[str]) -> Route:
    """The first choice that is available; simply the first choice when none is known to be."""
    choices = candidates(task, policy)
    model = next((name for name in choices if name in available), choices[0])
    return Route(model, "openrouter", _PREFERENCES.get(policy, {}))
