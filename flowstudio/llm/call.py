"""One logical call: brief waits, repairs of its JSON, and what it all cost."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any, Protocol

from flowstudio.clock import Clock
from flowstudio.errors import ModelError
from flowstudio.llm.answer import Answer
from flowstudio.llm.errors import AnswerError
from flowstudio.llm.local import DEFAULT_MAX_TOKENS
from flowstudio.llm.messages import Charge, ChatRequest, ChatResult, Message, TokenUsage
from flowstudio.llm.patience import brief_wait
from flowstudio.llm.routing import Route
from flowstudio.llm.structured import AnswerSchema

MAX_REPAIRS = 2
_SETTLE_FAILED_S = 2.0
#: Shorter: a cancelled run shall end within a second.
_SETTLE_CANCELLED_S = 0.7
_TRUNCATED_ROOM = 4

OnText = Callable[[str], None]


class Provider(Protocol):
    """Whoever answers."""

    async def chat(self, request: ChatRequest, answer: Answer, on_text: OnText) -> None:
        """Stream the answer to a request into `answer`; raises ModelError."""

    async def charge(self, answer: Answer) -> Charge:
        """What a finished answer cost."""

    async def settle(self, answer: Answer, request: ChatRequest, limit_s: float) -> Charge | None:
        """What an answer cost that broke off, found within so many seconds; None is nothing."""


class Call:
    """One logical call to a model.

    Attributes:
        charge: of all turns so far, the failed ones included; None while nothing was charged.
    """

    def __init__(
        self, request: ChatRequest, route: Route, provider: Provider, clock: Clock, on_text: OnText
    ) -> None:
        self._request = request
        self._route = route
        self._provider = provider
        self._clock = clock
        self._on_text = on_text
        self.charge: Charge | None = None

    async def run(self) -> ChatResult:
        """Get the answer, repairing its JSON if need be."""
        request = self._request
        schema = None if request.schema is None else AnswerSchema(request.schema)
        problem = ""
        for repairs in range(MAX_REPAIRS + 1):
            if repairs:
                self._on_text("\n\n")
            answer = await self._turn(request)
            if schema is None or answer.tool_calls:
                return self._result(answer, None, repairs)
            value, fault = schema.read(answer.text)
            if fault is None:
                return self._result(answer, value, repairs)
            problem = fault
            request = self._repair(request, answer, problem)
        raise AnswerError(
            f"The answer of {self._route.model} does not fit its schema, also after {MAX_REPAIRS} "
            f"repairs: {problem}"
        )

    def _repair(self, request: ChatRequest, answer: Answer, problem: str) -> ChatRequest:
        if answer.finish_reason == "length":
            problem = "it was cut off before its end; be briefer"
            if self._route.provider == "local" and request.max_tokens is None:
                request = replace(request, max_tokens=DEFAULT_MAX_TOKENS * _TRUNCATED_ROOM)
        said = Message("assistant", answer.text or "(nothing)")
        wish = Message(
            "user",
            f"That answer cannot be used: {problem}. Answer again with nothing but the whole, "
            "corrected JSON.",
        )
        return replace(request, messages=(*request.messages, said, wish))

    async def _turn(self, request: ChatRequest) -> Answer:
        attempt = 1
        while True:
            answer = Answer(self._route.model)
            try:
                await self._provider.chat(request, answer, self._on_text)
            except asyncio.CancelledError:
                self._add(await self._provider.settle(answer, request, _SETTLE_CANCELLED_S))
                raise
            except ModelError as error:
                self._add(await self._provider.settle(answer, request, _SETTLE_FAILED_S))
                wait = None if answer.has_begun else brief_wait(error, attempt)
                if wait is None:
                    raise
                await self._clock.sleep(wait)
                attempt += 1
            else:
                self._add(await self._provider.charge(answer))
                return answer

    def _add(self, charge: Charge | None) -> None:
        before = self.charge
        if charge is None or before is None:
            self.charge = charge or before
            return
        self.charge = Charge(
            before.cost_usd + charge.cost_usd,
            before.usage + charge.usage,
            charge.model,
            before.is_estimate or charge.is_estimate,
        )

    def _result(self, answer: Answer, value: Any, repairs: int) -> ChatResult:
        charge = self.charge or Charge(Decimal(0), TokenUsage(), answer.model)
        return ChatResult(
            text=answer.text,
            json=value,
            model=answer.model,
            usage=charge.usage,
            cost_usd=charge.cost_usd,
            finish_reason=answer.finish_reason or "stop",
            generation_id=answer.generation_id,
            tool_calls=answer.tool_calls,
            reasoning=answer.reasoning,
            repairs=repairs,
        )
