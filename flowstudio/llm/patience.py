"""Short waits that belong inside one call; longer ones are the run's retry policy's business."""

from flowstudio.errors import ModelError
from flowstudio.llm.errors import BusyError, PaymentError, ProviderError

MAX_ATTEMPTS = 3
_LONGEST_WAIT_S = 5.0
_FIRST_WAITS_S = (0.5, 1.0)


def brief_wait(error: ModelError, attempt: int) -> float | None:
    """Seconds to wait before the call is sent again, or None when the error stands.

    Only what passes by itself is waited for: too many requests, an overloaded or failing provider,
    and credit held back for calls in flight when its release is announced.
    """
    if attempt >= MAX_ATTEMPTS or not error.retryable:
        return None
    # The subclasses of ProviderError may have done, and charged for, some of the work.
    if not isinstance(error, BusyError | PaymentError) and type(error) is not ProviderError:
        return None
    wait_s = error.retry_after_s
    if wait_s is not None:
        return wait_s if wait_s <= _LONGEST_WAIT_S else None
    return None if isinstance(error, PaymentError) else _FIRST_WAITS_S[attempt - 1]
