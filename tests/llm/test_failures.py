from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import orjson
import pytest

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
from flowstudio.llm.failures import as_error, parse_retry_after, read_failure


def error_of(status, *, message="because", headers=None, code=None, **metadata):
    error = {"code": status if code is None else code, "message": message, "metadata": metadata}
    body = orjson.dumps({"error": error})
    return as_error(read_failure("OpenRouter", "some/model", status, headers or {}, body))


@pytest.mark.parametrize(
    ("status", "kind", "retryable"),
    [
        (400, InvalidRequestError, False),
        (401, KeyRefusedError, False),
        (402, PaymentError, False),
        (403, RefusedError, False),
        (404, UnknownModelError, False),
        (408, ProviderError, True),
        (413, InvalidRequestError, False),
        (418, ProviderError, False),
        (422, InvalidRequestError, False),
        (429, BusyError, True),
        (500, ProviderError, True),
        (502, ProviderError, True),
        (503, ProviderError, True),
        (524, ProviderError, True),
        (529, BusyError, True),
    ],
)
def test_a_status_decides_the_error_and_whether_to_retry(status, kind, retryable):
    error = error_of(status)
    assert type(error) is kind
    assert error.retryable is retryable


def test_a_refused_key_names_the_setting():
    assert str(error_of(401)) == (
        "OpenRouter refused the key (401). Check FLOWSTUDIO_OPENROUTER_API_KEY."
    )


def test_credit_held_back_for_calls_in_flight_is_waited_for():
    error = error_of(402, headers={"retry-after": "3"}, limit_source="openrouter_in_flight_budget")
    assert isinstance(error, PaymentError)
    assert (error.retryable, error.retry_after_s) == (True, 3.0)


def test_used_up_credit_is_not_waited_for():
    error = error_of(402)
    assert not error.retryable
    assert "credit" in str(error)


def test_a_spent_guardrail_budget_says_when_it_resets():
    error = error_of(403, limit_source="openrouter_guardrail_budget", resets_at="2026-12-01")
    assert isinstance(error, RefusedError)
    assert "a guardrail's budget is used up until 2026-12-01" in str(error)


def test_moderation_says_what_it_found():
    error = error_of(403, reasons=["violence"], flagged_input="…")
    assert "moderation found violence" in str(error)


def test_an_unknown_model_is_named():
    assert "'some/model'" in str(error_of(404))
    unknown = error_of(400, message="some/model is not a valid model ID")
    assert isinstance(unknown, UnknownModelError)


@pytest.mark.parametrize(
    "kind", ["context_length_exceeded", "token_limit_exceeded", "exceed_context_size_error"]
)
def test_messages_that_are_too_long_are_told_apart(kind):
    assert isinstance(error_of(400, error_type=kind), ContextLengthError)


@pytest.mark.parametrize(
    ("code", "kind"),
    [(429, BusyError), ("502", ProviderError), ("server_error", ProviderError)],
)
def test_a_code_inside_a_stream_may_be_a_number_or_a_word(code, kind):
    error = error_of(0, code=code)
    assert isinstance(error, kind)
    assert error.retryable


def test_an_error_type_inside_a_stream_stands_for_a_status():
    error = error_of(0, code="x", error_type="rate_limit_exceeded")
    assert isinstance(error, BusyError)


def test_the_provider_behind_is_named():
    assert "at Acme" in str(error_of(502, provider_name="Acme"))


def test_the_raw_reason_is_shown_when_the_message_says_nothing():
    assert "disk on fire" in str(
        error_of(502, message="Provider returned error", raw="disk on fire")
    )


@pytest.mark.parametrize(
    "body", [b"", b"<html>gateway</html>", b"[]", b'{"error": "busy"}', b"\xff"]
)
def test_a_body_that_is_no_error_object_is_no_reason_to_fail(body):
    error = as_error(read_failure("OpenRouter", "m", 502, {}, body))
    assert error.retryable


def test_a_long_reason_is_shortened():
    assert len(str(error_of(400, message="x" * 5000))) < 500


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("2", 2.0), ("0.5", 0.5), ("-3", 0.0), ("soon", None), (None, None), ("9e99", 86_400.0)],
)
def test_retry_after_in_seconds(value, seconds):
    assert parse_retry_after(value) == seconds


def test_retry_after_as_a_date():
    moment = datetime.now(UTC) + timedelta(hours=1)
    assert 3_500 < parse_retry_after(format_datetime(moment)) <= 3_600
