"""How often something may be tried."""

import pytest

from flowstudio.errors import ThrottledError
from flowstudio.security.throttle import Throttle, _Windows


@pytest.fixture
def throttle(clock):
    return Throttle(clock)


def attempts(throttle, count, **who):
    """How many of so many attempts pass."""
    passed = 0
    for _ in range(count):
        try:
            throttle.attempt("session.open", **who)
        except ThrottledError:
            continue
        passed += 1
    return passed


def test_a30b_an_account_can_be_tried_five_times_a_minute(throttle, clock):
    assert attempts(throttle, 8, account="ann@example.com") == 5
    clock.turn(59)
    assert attempts(throttle, 1, account="ann@example.com") == 0
    clock.turn(1)
    assert attempts(throttle, 8, account="ann@example.com") == 5


def test_a30b_an_address_can_try_twenty_times_a_minute_over_all_accounts(throttle):
    passed = sum(
        attempts(throttle, 1, account=f"{number}@example.com", address="203.0.113.7")
        for number in range(30)
    )
    assert passed == 20


def test_the_wait_is_until_the_first_attempt_of_the_window_is_a_minute_old(throttle, clock):
    attempts(throttle, 1, account="ann")
    clock.turn(10)
    attempts(throttle, 4, account="ann")
    with pytest.raises(ThrottledError) as caught:
        throttle.attempt("session.open", account="ann")
    assert caught.value.retry_after_s == 50


def test_what_is_done_and_by_whom_is_counted_apart(throttle):
    assert attempts(throttle, 5, account="ann") == 5
    assert attempts(throttle, 5, account="bob") == 5
    throttle.attempt("account.recover", account="ann")


def test_an_address_that_is_refused_costs_its_victims_nothing(throttle):
    assert attempts(throttle, 20, address="203.0.113.7") == 20
    assert attempts(throttle, 10, account="ann", address="203.0.113.7") == 0
    assert attempts(throttle, 10, account="ann", address="203.0.113.8") == 5


def test_addresses_of_one_ipv6_network_count_as_one(throttle):
    passed = sum(attempts(throttle, 1, address=f"2001:db8:0:1::{number:x}") for number in range(40))
    assert passed == 20
    assert attempts(throttle, 1, address="2001:db8:0:2::1") == 1
    assert attempts(throttle, 20, address="192.0.2.1") == 20
    assert attempts(throttle, 1, address="::ffff:192.0.2.1") == 0


def test_what_is_remembered_stays_bounded(clock):
    windows = _Windows(clock, 100)
    for number in range(1000):
        windows.acquire_entry(f"key {number}", 5, 60)
    assert len(windows._hits) == 100
    for _ in range(1000):
        windows.acquire_entry("key 999", 5, 60)
    assert windows.get("key 999") == 5
