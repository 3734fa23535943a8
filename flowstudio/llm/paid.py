"""What a call cost: said by the provider, asked for afterwards, or worked out from prices."""

import asyncio
import importlib
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from flowstudio.clock import Clock
from flowstudio.llm.answer import Answer
from flowstudio.llm.catalogue import CatalogueCache, find_model, without_routing
from flowstudio.llm.messages import Charge, ChatRequest, TokenUsage
from flowstudio.llm.openrouter import OpenRouter
from flowstudio.llm.predict import estimate_prompt, estimate_tokens

_ASK_AGAIN_S = 0.25


class PaidCalls:
    """Calls to OpenRouter, and what they cost."""

    def __init__(self, openrouter: OpenRouter, catalogue: CatalogueCache, clock: Clock) -> None:
        self._openrouter = openrouter
        self._catalogue = catalogue
        self._clock = clock

    async def chat(
        self, request: ChatRequest, answer: Answer, on_text: Callable[[str], None]
    ) -> None:
        """Stream one answer.

        Raises:
            ModelError: whatever went wrong.
        """
        info = find_model(self._catalogue.known, answer.model)
        await self._openrouter.chat(request, info, answer, on_text)

    async def price(self, model: str, usage: TokenUsage) -> Decimal | None:
        """US dollars for that many tokens by the catalogue, else by the offline table."""
        info = find_model(self._catalogue.known, model)
        if info is not None:
            price = info.price(usage.prompt_tokens, usage.completion_tokens)
            if price is not None:
                return price
        prices = await asyncio.to_thread(importlib.import_module, "flowstudio.llm.prices")
        offline: Decimal | None = prices.offline_price(without_routing(model), usage)
        return offline

    async def charge(self, answer: Answer) -> Charge:
        """What a finished answer cost: the provider's figure, else price times tokens."""
        usage = answer.usage or TokenUsage()
        if answer.cost_usd is not None:
            return Charge(answer.cost_usd, usage, answer.model)
        price = await self.price(answer.model, usage)
        return Charge(price or Decimal(0), usage, answer.model, is_estimate=True)

    async def settle(self, answer: Answer, request: ChatRequest, limit_s: float) -> Charge | None:
        """What an answer cost that broke off; None when nothing was charged.

        Asks OpenRouter for at most `limit_s`; if it does not know in time, what had been said until
        then is counted.
        """
        if answer.usage is not None:
            return await self.charge(answer)
        if answer.generation_id is not None:
            known = await self._ask(answer.generation_id, limit_s)
            if known is not None:
                return replace(known, model=known.model or answer.model)
        if not answer.has_begun:
            return None
        said = estimate_tokens(answer.text) + estimate_tokens(answer.reasoning)
        usage = TokenUsage(estimate_prompt(request.messages), said)
        price = await self.price(answer.model, usage)
        return Charge(price or Decimal(0), usage, answer.model, is_estimate=True)

    async def _ask(self, generation_id: str, limit_s: float) -> Charge | None:
        # It takes OpenRouter a moment to know of a call that was cut off.
        deadline = self._clock.monotonic() + limit_s
        try:
            async with asyncio.timeout(limit_s):
                while (charge := await self._openrouter.find_charge(generation_id)) is None:
                    if self._clock.monotonic() + _ASK_AGAIN_S > deadline:
                        return None
                    await self._clock.sleep(_ASK_AGAIN_S)
        except TimeoutError:
            return None
        return charge
