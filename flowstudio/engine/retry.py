"""How long to wait before another attempt."""

import random

from flowstudio.graph.document import Retry


def delay_s(
    retry: Retry, failed_attempts: int, retry_after_s: float | None, rng: random.Random
) -> float:
    """Seconds before the next attempt: exponential, with full jitter in the upper half.

    Jitter keeps many steps that failed together from coming back together (Brooker, "Exponential
    Backoff And Jitter", 2015). A wait the other side asked for is never cut short.
    """
    ceiling = min(retry.max_s, retry.backoff_s * retry.factor ** (failed_attempts - 1))
    waited = ceiling / 2 + rng.random() * ceiling / 2
    return max(waited, retry_after_s or 0)
