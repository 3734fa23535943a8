"""The one way to call a model, wherever it runs."""

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import replace
from decimal import Decimal

import httpx

from flowstudio.clock import Clock, SystemClock
from flowstudio.llm.call import Call, OnText
from flowstudio.llm.catalogue import Catalogue, CatalogueCache, find_model
from flowstudio.llm.errors import InvalidRequestError
from flowstudio.llm.local import CONTEXT_LENGTH, DEFAULT_MAX_TOKENS, LocalModel
from flowstudio.llm.messages import (
    Charge,
    ChatRequest,
    ChatResult,
    EmbedResult,
    Policy,
    TaskType,
    TokenUsage,
)
from flowstudio.llm.openrouter import OpenRouter
from flowstudio.llm.paid import PaidCalls
from flowstudio.llm.predict import Prediction, estimate_prompt, output_bounds
from flowstudio.llm.routing import LOCAL_PREFIX, Route, choose
from flowstudio.settings import Settings

_SILENCE_S = 120.0

OnCharge = Callable[[Charge], None]


class Gateway:
    """Calls models: OpenRouter's when there is a key, else the built-in one."""

    def __init__(
        self,
        settings: Settings,
        http: httpx.AsyncClient | None = None,
        clock: Clock | None = None,
        silence_s: float = _SILENCE_S,
    ) -> None:
        """Make a gateway; nothing is contacted or started before the first call.

        Args:
            settings: of the process.
            http: for OpenRouter, the caller's to close; without one, the gateway has its own.
            clock: for waits and the catalogue's age.
            silence_s: how long a provider may send nothing at all, not even a sign of life.
        """
        self._clock = clock or SystemClock()
        self._local = LocalModel(settings)
        client = http or httpx.AsyncClient()
        self._own_http = client if http is None else None
        self._openrouter = OpenRouter(settings, client, silence_s)
        self._catalogue = CatalogueCache(
            settings.data_dir / "catalogue.json",
            self._openrouter.base_url,
            self._clock,
        )
        self._paid = PaidCalls(self._openrouter, self._catalogue, self._clock)

    def with_key(self, key: str, place: str) -> "Gateway":
        """The same gateway, for calls made with another key; there is nothing of it to close.

        Args:
            key: for OpenRouter.
            place: where a person finds it when it is refused.
        """
        other = copy(self)
        other._own_http = None  # noqa: SLF001 - of our own kind
        other._openrouter = self._openrouter.with_key(key, place)  # noqa: SLF001
        other._paid = PaidCalls(other._openrouter, self._catalogue, self._clock)  # noqa: SLF001
        return other

    def notice(self) -> str | None:
        """What a person should know about who answers here; None when a key is set."""
        if self._openrouter.has_key:
            return None
        return (
            "No OpenRouter key is set, so every task is answered by the tiny built-in model. "
            "Set FLOWSTUDIO_OPENROUTER_API_KEY to use any other."
        )

    def route(self, model: str | None, task: TaskType, policy: Policy) -> Route:
        """Where a call would go. Without a key that is always the built-in model."""
        if not self._openrouter.has_key or (model and model.startswith(LOCAL_PREFIX)):
            return Route(self._local.info.id, "local")
        if model:
            return Route(model, "openrouter")
        return choose(task, policy, self._catalogue.known)

    async def models(self) -> Catalogue:
        """Every model that can be called, the built-in one first."""
        if not self._openrouter.has_key:
            return Catalogue((self._local.info,))
        known = await self._catalogue.refresh(self._openrouter.models)
        return Catalogue((self._local.info, *known.values()), self._catalogue.age_s)

    async def predict(
        self, request: ChatRequest, typical_output_tokens: int | None = None
    ) -> Prediction:
        """What a call will cost. `typical_output_tokens` is the median of earlier answers."""
        route = self.route(request.model, request.task, request.policy)
        prompt = estimate_prompt(request.messages)
        if route.provider == "local":
            largest = request.max_tokens or DEFAULT_MAX_TOKENS
            free = [Decimal(0)] * 3
            return Prediction.of(free, prompt, min(largest, CONTEXT_LENGTH), route.model)
        info = find_model(await self._catalogue.refresh(self._openrouter.models), route.model)
        longest = info.max_output_tokens if info else None
        typical, largest = output_bounds(request, typical_output_tokens, longest)
        usages = (
            TokenUsage(prompt * 4 // 5, 1),
            TokenUsage(prompt, typical),
            TokenUsage(prompt * 3 // 2, largest),
        )
        prices = [await self._paid.price(route.model, usage) for usage in usages]
        return Prediction.of(prices, prompt, largest, route.model)

    async def complete(
        self,
        request: ChatRequest,
        on_text: OnText | None = None,
        on_charge: OnCharge | None = None,
    ) -> ChatResult:
        """Get one answer. To cancel the awaiting task closes the stream at once.

        Args:
            request: the call.
            on_text: told each piece of text the moment it comes.
            on_charge: told once what the call cost, whether it succeeds, fails or is cancelled;
                not called when nothing was charged.

        Raises:
            ModelError: a subclass of llm.errors; `retryable` says whether to try again.
        """
        route = self.route(request.model, request.task, request.policy)
        provider = self._local if route.provider == "local" else self._paid
        call = Call(_preferring(request, route), route, provider, self._clock, on_text or _ignore)
        try:
            return await call.run()
        finally:
            if on_charge is not None and call.charge is not None:
                on_charge(call.charge)

    async def embed(self, texts: Sequence[str], model: str | None = None) -> EmbedResult:
        """One vector for each text, in order.

        Raises:
            ModelError: a subclass of llm.errors; `retryable` says whether to try again.
        """
        if not texts:
            message = "There is no text to embed."
            raise InvalidRequestError(message)
        route = self.route(model, "embed", "balanced")
        if route.provider == "local":
            return await self._local.embed(texts)
        return await self._openrouter.embed(route.model, texts)

    async def close(self) -> None:
        """End the built-in model's process, if it was started, and close what is ours."""
        await self._local.close()
        if self._own_http is not None:
            await self._own_http.aclose()


def _preferring(request: ChatRequest, route: Route) -> ChatRequest:
    if not route.preferences:
        return request
    # What the caller wants of providers goes before what the policy implies.
    given = request.provider or {}
    if given.keys() & {"sort", "order"}:
        return request
    return replace(request, provider={**route.preferences, **given})


def _ignore(text: str) -> None:
    """Nobody watches."""
