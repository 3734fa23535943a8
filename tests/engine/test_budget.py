"""The money of one run."""

from decimal import Decimal

import pytest

from flowstudio.engine.budget import Budget
from flowstudio.errors import BudgetError


def test_money_is_set_aside_given_back_and_spent():
    budget = Budget(Decimal(1))
    budget.reserve(Decimal("0.4"), "a")
    assert budget.remaining_usd() == Decimal("0.6")
    budget.release(Decimal("0.4"))
    budget.add(Decimal("0.5"))
    assert budget.remaining_usd() == Decimal("0.5")


def test_a_call_that_would_just_reach_the_limit_may_be_made():
    Budget(Decimal(1), Decimal("0.6")).reserve(Decimal("0.4"), "a")


def test_a_call_that_would_pass_the_limit_may_not_and_nothing_is_set_aside():
    budget = Budget(Decimal(1), Decimal("0.6"))
    budget.reserve(Decimal("0.3"), "a")
    with pytest.raises(BudgetError, match=r"'b' .*spent \$0.6 and has \$0.3 reserved"):
        budget.reserve(Decimal("0.2"), "b")
    assert budget.remaining_usd() == Decimal("0.1")


def test_a_free_call_may_be_made_when_all_is_spent():
    Budget(Decimal(1), Decimal(5)).reserve(Decimal(0), "a")


def test_nothing_remains_of_an_overspent_budget():
    assert Budget(Decimal(1), Decimal(5)).remaining_usd() == 0


def test_without_a_limit_anything_may_be_spent():
    budget = Budget(None)
    budget.reserve(Decimal("1e6"), "a")
    assert budget.remaining_usd() is None


def test_a_limit_of_nothing_allows_no_paid_call():
    with pytest.raises(BudgetError):
        Budget(Decimal(0)).reserve(Decimal("0.000001"), "a")
