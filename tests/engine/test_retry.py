"""How long to wait before another attempt."""

import random

import pytest

from flowstudio.engine.retry import delay_s
from flowstudio.graph.document import Retry

RETRY = Retry(attempts=9, backoff_s=1, factor=2, max_s=10)


@pytest.mark.parametrize(("failed", "ceiling"), [(1, 1), (2, 2), (3, 4), (4, 8), (5, 10), (90, 10)])
def test_waits_grow_up_to_the_longest_with_jitter_in_their_upper_half(failed, ceiling):
    rng = random.Random(1)
    waits = [delay_s(RETRY, failed, None, rng) for _ in range(200)]
    assert all(ceiling / 2 <= wait <= ceiling for wait in waits)
    assert max(waits) - min(waits) > ceiling / 4


def test_what_the_other_side_asked_for_is_the_least_wait():
    assert delay_s(RETRY, 1, 300, random.Random(1)) == 300
    assert delay_s(RETRY, 9, 0.001, random.Random(1)) >= 5


def test_no_backoff_is_no_wait():
    assert delay_s(Retry(attempts=2, backoff_s=0), 1, None, random.Random(1)) == 0


def test_the_hundredth_attempt_overflows_nothing():
    assert delay_s(Retry(attempts=100, factor=10), 99, None, random.Random(1)) <= 60
