"""What a call will cost, before it is made."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flowstudio.llm.messages import ChatRequest, Message, TaskType

_TOKENS_PER_MESSAGE = 4
_TOKENS_PER_IMAGE = 1_000
_LATIN_CHARACTERS_PER_TOKEN = 4
_OTHER_TOKENS_PER_CHARACTER = 0.8
#: Longest answer assumed when nobody names one.
_USUAL_MAX_OUTPUT = 4_096
_TYPICAL_OUTPUT: Mapping[TaskType, int] = {
    "chat": 300,
    "summarise": 200,
    "extract": 150,
    "classify": 20,
    "write": 700,
    "code": 700,
    "reason": 1_500,
    "translate": 300,
    "vision": 300,
    "embed": 0,
}


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a call will cost: hardly less, most likely, at most.

    Attributes:
        prompt_tokens: estimated; providers count with their own tokenizers.
        max_output_tokens: the answer's bound: `max_tokens`, or without it what is usual.
        is_known: false when nobody knows a price for the model; the amounts are then 0.
        model: the one the call goes to.
    """

    low_usd: Decimal
    typical_usd: Decimal
    high_usd: Decimal
    prompt_tokens: int
    max_output_tokens: int
    is_known: bool = True
    model: str = ""

    @classmethod
    def of(
        cls, prices: Sequence[Decimal | None], prompt_tokens: int, largest: int, model: str
    ) -> "Prediction":
        """A prediction from the low, typical and high price; None where nobody knows one."""
        low, typical, high = (price or Decimal(0) for price in prices)
        is_known = None not in prices
        return cls(low, typical, high, prompt_tokens, largest, is_known, model)


def estimate_tokens(text: str) -> int:
    """Roughly how many tokens a text has: a quarter of its Latin characters, most of the others."""
    others = 0 if text.isascii() else sum(1 for character in text if ord(character) > 0x24F)
    latin = (len(text) - others) / _LATIN_CHARACTERS_PER_TOKEN
    return math.ceil(latin + others * _OTHER_TOKENS_PER_CHARACTER)


def estimate_prompt(messages: Iterable[Message]) -> int:
    """Roughly how many tokens a conversation has."""
    return sum(_TOKENS_PER_MESSAGE + _content_tokens(message.content) for message in messages)


def _content_tokens(content: str | tuple[Mapping[str, Any], ...]) -> int:
    if isinstance(content, str):
        return estimate_tokens(content)
    return sum(
        estimate_tokens(str(part.get("text", "")))
        if part.get("type") == "text"
        else _TOKENS_PER_IMAGE
        for part in content
    )


def output_bounds(
    request: ChatRequest, typical: int | None, longest: int | None
) -> tuple[int, int]:
    """Typical and largest number of tokens in the answer to a request.

    Args:
        request: the call.
        typical: median of earlier calls, if there were any.
        longest: what the model can do at most, if known.
    """
    largest = request.max_tokens or min(longest or _USUAL_MAX_OUTPUT, _USUAL_MAX_OUTPUT)
    expected = _TYPICAL_OUTPUT[request.task] if typical is None else typical
    # An earlier answer may have been longer than usual; nothing but max_tokens bounds the next.
    if not request.max_tokens:
        largest = max(largest, 2 * expected)
    return min(expected, largest), largest
