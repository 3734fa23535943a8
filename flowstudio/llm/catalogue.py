"""Which models exist and what they cost, kept in the data directory so it is known offline too."""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import orjson

from flowstudio.clock import Clock
from flowstudio.errors import ModelError

_log = logging.getLogger(__name__)

_FRESH = timedelta(hours=24)
_PAUSE_AFTER_FAILURE_S = 60.0
#: Endings that steer the choice of a provider; they may follow any id and are not in the list.
_ROUTING_SUFFIXES = (":nitro", ":floor", ":exacto")
_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """One model.

    Attributes:
        context_length: in tokens; None when unknown.
        prompt_usd_per_million: None when unknown or not a fixed price.
        local: whether it runs on this machine.
        modalities: what it takes in, such as `text` and `image`.
        max_output_tokens: the longest answer; None when unknown.
    """

    id: str
    name: str
    context_length: int | None
    prompt_usd_per_million: Decimal | None
    completion_usd_per_million: Decimal | None
    local: bool = False
    modalities: tuple[str, ...] = ("text",)
    supported_parameters: tuple[str, ...] = ()
    max_output_tokens: int | None = None

    def price(self, prompt_tokens: int, completion_tokens: int) -> Decimal | None:
        """US dollars for that many tokens, or None when a price is unknown."""
        if self.prompt_usd_per_million is None or self.completion_usd_per_million is None:
            return None
        total = prompt_tokens * self.prompt_usd_per_million
        total += completion_tokens * self.completion_usd_per_million
        return total / _MILLION


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The models that can be called.

    Attributes:
        age_s: seconds since the provider was asked; None if it never was.
    """

    models: tuple[ModelInfo, ...]
    age_s: float | None = None

    def find(self, model: str) -> ModelInfo | None:
        """The model of this id, which may end in a routing suffix such as `:nitro`."""
        return find_model({info.id: info for info in self.models}, model)


def find_model(models: Mapping[str, ModelInfo], model: str) -> ModelInfo | None:
    """The model of this id, which may end in a routing suffix such as `:nitro`."""
    return models.get(model) or models.get(without_routing(model))


def without_routing(model: str) -> str:
    """A model's id without a suffix that only steers the choice of a provider."""
    for suffix in _ROUTING_SUFFIXES:
        model = model.removesuffix(suffix)
    return model


class CatalogueCache:
    """A provider's list of models: asked for at most daily, served stale when out of reach."""

    def __init__(self, path: Path, source: str, clock: Clock) -> None:
        """Keep the list in a file.

        Args:
            path: of the file.
            source: address of the provider; a file that came from another is not used.
            clock: tells the age.
        """
        self._path = path
        self._source = source
        self._clock = clock
        self._lock = asyncio.Lock()
        self._models: dict[str, ModelInfo] = {}
        self._fetched_at: datetime | None = None
        self._is_read = False
        self._not_before = 0.0

    @property
    def known(self) -> Mapping[str, ModelInfo]:
        """What is known without asking anybody; empty before the first success."""
        if not self._is_read:
            self._is_read = True
            self._read()
        return self._models

    @property
    def age_s(self) -> float | None:
        """Seconds since the provider was asked; None if it never was."""
        if self._fetched_at is None:
            return None
        return max(0.0, (self._clock.now() - self._fetched_at).total_seconds())

    async def refresh(self, fetch: Callable[[], Awaitable[Any]]) -> Mapping[str, ModelInfo]:
        """Ask the provider if what is known is older than a day; a failure leaves it as it is.

        Args:
            fetch: asks for `GET /models` with the caller's key; raises ModelError.
        """
        async with self._lock:
            if self.known and self.age_s is not None and self.age_s < _FRESH.total_seconds():
                return self._models
            if self._clock.monotonic() < self._not_before:
                return self._models
            try:
                models = {info.id: info for info in read_models(await fetch())}
            except ModelError as error:
                self._not_before = self._clock.monotonic() + _PAUSE_AFTER_FAILURE_S
                _log.warning("The list of models could not be brought up to date: %s", error)
            else:
                self._models, self._fetched_at = models, self._clock.now()
                self._write()
            return self._models

    def _read(self) -> None:
        try:
            stored = orjson.loads(self._path.read_bytes())
            if stored["source"] != self._source:
                return
            self._models = {item["id"]: _from_stored(item) for item in stored["models"]}
            self._fetched_at = datetime.fromisoformat(stored["fetched_at"])
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError, InvalidOperation) as error:
            self._models = {}
            _log.warning("The stored list of models at %s is not readable: %s", self._path, error)

    def _write(self) -> None:
        stored = {
            "source": self._source,
            "fetched_at": self._fetched_at,
            "models": [asdict(info) for info in self._models.values()],
        }
        temporary = self._path.with_suffix(f".{os.getpid()}.tmp")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(orjson.dumps(stored, default=str))
            temporary.replace(self._path)
        except OSError as error:
            _log.warning("The list of models could not be stored: %s", error)


def _from_stored(item: dict[str, Any]) -> ModelInfo:
    for price in ("prompt_usd_per_million", "completion_usd_per_million"):
        item[price] = None if item[price] is None else Decimal(item[price])
    for several in ("modalities", "supported_parameters"):
        item[several] = tuple(item[several])
    return ModelInfo(**item)


def read_models(reply: Any) -> Iterable[ModelInfo]:
    """The models of a reply to `GET /models`; entries without an id are passed over."""
    items = reply.get("data") if isinstance(reply, dict) else None
    for item in items if isinstance(items, list) else ():
        if isinstance(item, dict) and isinstance(item.get("id"), str):
            yield _from_reply(item)


def _from_reply(item: dict[str, Any]) -> ModelInfo:
    pricing = _dict(item.get("pricing"))
    provider = _dict(item.get("top_provider"))
    return ModelInfo(
        id=item["id"],
        name=str(item.get("name") or item["id"]),
        context_length=_count(item.get("context_length")),
        prompt_usd_per_million=_per_million(pricing.get("prompt")),
        completion_usd_per_million=_per_million(pricing.get("completion")),
        modalities=_words(_dict(item.get("architecture")).get("input_modalities")) or ("text",),
        supported_parameters=_words(item.get("supported_parameters")),
        max_output_tokens=_count(provider.get("max_completion_tokens")),
    )


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _words(value: Any) -> tuple[str, ...]:
    return tuple(str(word) for word in value) if isinstance(value, list) else ()


def _count(value: Any) -> int | None:
    return int(value) if isinstance(value, int | float) and value > 0 else None


def _per_million(per_token: Any) -> Decimal | None:
    # A router's price is "-1": it depends on the model it picks.
    try:
        price = Decimal(str(per_token)) * _MILLION
    except InvalidOperation:
        return None
    return price if price.is_finite() and price >= 0 else None
