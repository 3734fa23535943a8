"""Turning a provider's failing answer into an error a person understands.

Follows OpenRouter's error table: the status, `metadata.error_type` and `metadata.limit_source`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

from flowstudio.errors import ModelError
from flowstudio.llm.errors import (
    BusyError,
    ContextLengthError,
    InvalidRequestError,
    KeyRefusedError,
    PaymentError,
    ProviderError,
    RefusedError,
    UnknownModelError,
)

KEY_SETTING = "FLOWSTUDIO_OPENROUTER_API_KEY"
_MAX_REASON = 300
_IN_FLIGHT = "openrouter_in_flight_budget"
_BUDGETS = {
    "openrouter_guardrail_budget": "a guardrail's budget",
    "openrouter_workspace_budget": "the workspace's budget",
    "openrouter_key_limit": "the key's spending limit",
}
_TOO_LONG = frozenset(
    {
        "context_length_exceeded",
        "token_limit_exceeded",
        "max_tokens_exceeded",
        "exceed_context_size_error",
    }
)
#: Error types that stand for a status, for errors which come inside a stream without one.
_STATUS_OF_TYPE = {
    "authentication": 401,
    "payment_required": 402,
    "permission_denied": 403,
    "content_policy_violation": 403,
    "refusal": 403,
    "not_found": 404,
    "rate_limit_exceeded": 429,
    "provider_overloaded": 529,
    "provider_unavailable": 503,
    "invalid_request": 400,
    "invalid_prompt": 400,
    "timeout": 408,
    "server": 500,
}


@dataclass(frozen=True, slots=True)
class Failure:
    """A provider's own account of what went wrong.

    Attributes:
        provider: its name for people, such as `OpenRouter`.
        status: HTTP status, or the code inside a stream; 0 when neither says anything.
    """

    provider: str
    model: str
    status: int
    reason: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    retry_after_s: float | None = None

    @property
    def type(self) -> str:
        """The provider's word for the kind of failure, or ""."""
        return str(self.metadata.get("error_type") or "")

    @property
    def because(self) -> str:
        """Its reason, ready to be put behind a sentence."""
        return f" It says: {self.reason}" if self.reason else ""


def read_failure(
    provider: str, model: str, status: int, headers: Mapping[str, str], body: bytes
) -> Failure:
    """Read a reply that failed with a status, or an event within an answer (status 0)."""
    try:
        error = orjson.loads(body)["error"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        error = {"message": body[:_MAX_REASON].decode(errors="replace")}
    wait = parse_retry_after(headers.get("retry-after"))
    return _failure(provider, model, status, error, wait)


def _failure(provider: str, model: str, status: int, error: Any, wait: float | None) -> Failure:
    if not isinstance(error, dict):
        error = {"message": str(error)}
    metadata = error.get("metadata")
    metadata = dict(metadata) if isinstance(metadata, dict) else {}
    if "error_type" not in metadata and isinstance(error.get("type"), str):
        metadata["error_type"] = error["type"]
    code = error.get("code")
    if not status and isinstance(code, int | str) and str(code).isdigit():
        status = int(code)
    if not status:
        status = _STATUS_OF_TYPE.get(str(metadata.get("error_type") or code), 0)
    if wait is None:
        headers = metadata.get("headers")
        wait = parse_retry_after(headers.get("Retry-After")) if isinstance(headers, dict) else None
    return Failure(provider, model, status, _reason(error, metadata), metadata, wait)


def _reason(error: Mapping[str, Any], metadata: Mapping[str, Any]) -> str:
    reason = str(error.get("message") or "").strip()
    raw = metadata.get("raw")
    if isinstance(raw, str) and raw and reason in ("", "Provider returned error"):
        reason = raw.strip()
    if len(reason) > _MAX_REASON:
        reason = reason[: _MAX_REASON - 1] + "…"
    return reason


def parse_retry_after(value: Any) -> float | None:
    """Seconds that a Retry-After header asks for: a number, or a date."""
    if value is None:
        return None
    try:
        return min(max(0.0, float(value)), 86_400.0)
    except (ValueError, TypeError):
        pass
    try:
        moment = parsedate_to_datetime(str(value))
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def as_error(failure: Failure, key_place: str = KEY_SETTING) -> ModelError:
    """The error of our tree that a failure stands for; `key_place` is where its key is kept."""
    if failure.type in _TOO_LONG or "maximum context length" in failure.reason:
        return ContextLengthError(
            f"The messages are too long for {failure.model}.{failure.because} "
            "Shorten them or pick a model with a larger context."
        )
    match failure.status:
        case 401:
            return KeyRefusedError(f"{failure.provider} refused the key (401). Check {key_place}.")
        case 402:
            return _payment(failure)
        case 403:
            return _refused(failure)
        case 404:
            return _unknown(failure)
        case 400 | 405 | 409 | 413 | 415 | 422:
            return _invalid(failure)
        case 429 | 529:
            return _busy(failure)
    return _failed(failure)


def _payment(failure: Failure) -> ModelError:
    if failure.metadata.get("limit_source") == _IN_FLIGHT or failure.retry_after_s is not None:
        return PaymentError(
            f"{failure.provider} holds the remaining credit back for calls still in flight (402)."
            f"{failure.because}",
            retryable=True,
            retry_after_s=failure.retry_after_s,
        )
    return PaymentError(
        f"{failure.provider} wants payment (402): the credit is used up.{failure.because} "
        "Add credit to the account, or pick a free model."
    )


def _refused(failure: Failure) -> ModelError:
    source = str(failure.metadata.get("limit_source") or "")
    if source:
        resets = failure.metadata.get("resets_at")
        return RefusedError(
            f"{failure.provider} refused the call (403): {_BUDGETS.get(source, source)} is used up"
            f"{f' until {resets}' if resets else ''}.{failure.because}"
        )
    reasons = failure.metadata.get("reasons")
    if isinstance(reasons, list) and reasons:
        return RefusedError(
            f"{failure.provider} refused the messages for {failure.model} (403): its moderation "
            f"found {', '.join(map(str, reasons))}."
        )
    return RefusedError(
        f"{failure.provider} refused the call to {failure.model} (403).{failure.because}"
    )


def _unknown(failure: Failure) -> ModelError:
    return UnknownModelError(
        f"{failure.provider} has no model '{failure.model}' for this request (404)."
        f"{failure.because} Check the model's name, or whether it supports the parameters asked for."
    )


def _invalid(failure: Failure) -> ModelError:
    if failure.status == 400 and "model" in failure.reason and "valid" in failure.reason:
        return UnknownModelError(
            f"{failure.provider} knows no model '{failure.model}' (400).{failure.because} "
            "Check its name."
        )
    return InvalidRequestError(
        f"{failure.provider} did not accept the request to {failure.model} ({failure.status})."
        f"{failure.because}"
    )


def _busy(failure: Failure) -> ModelError:
    what = "has had too many requests (429)" if failure.status == 429 else "is overloaded (529)"
    return BusyError(
        f"{failure.provider} {what} for {failure.model}.{failure.because}",
        retry_after_s=failure.retry_after_s,
    )


def _failed(failure: Failure) -> ModelError:
    name = failure.metadata.get("provider_name")
    status = f" ({failure.status})" if failure.status else ""
    return ProviderError(
        f"{failure.provider} failed while {failure.model} was to answer{status}"
        f"{f', at {name}' if name else ''}.{failure.because}",
        # A status we know nothing of, below 500, is not the kind that passes by waiting.
        retryable=not failure.status or failure.status == 408 or failure.status >= 500,
        retry_after_s=failure.retry_after_s,
    )
