"""What is wrong with the form of a value is told in words that a person knows."""

from datetime import date
from decimal import Decimal
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field, ValidationError

from flowstudio.graph.form_faults import describe


class Form(BaseModel, extra="forbid"):
    name: str = Field("a", min_length=1, max_length=2_000)
    code: str = Field("abc", min_length=3)
    tags: list[str] = Field([], max_length=1)
    most: float = Field(1, gt=0, le=1e7)
    usd: Decimal = Field(Decimal(0), ge=0, le=Decimal(1_000_000))
    since: date = Field(date(2026, 1, 1), gt=date(2025, 1, 1))
    tries: int = 1
    mode: Literal["all", "any"] = "all"
    on: bool = True
    more: dict[str, int] = {}


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", "", "This must not be empty."),
        ("name", "x" * 2_001, "At most 2,000 characters."),
        ("name", 7, "This must be a text."),
        ("code", "a", "At least 3 characters."),
        ("tags", ["a", "b"], "At most 1 entry."),
        ("tags", "a", "This must be a list."),
        ("most", 0, "This must be more than 0."),
        ("most", 2e7, "This must be at most 10,000,000."),
        ("most", "many", "This must be a number."),
        ("usd", -1, "This must be at least 0."),
        ("usd", "2000000", "This must be at most 1,000,000."),
        ("since", date(2024, 1, 1), "This must be more than 2025-01-01."),
        ("tries", 1.5, "This must be a whole number."),
        ("mode", "some", "This must be 'all' or 'any'."),
        ("on", "perhaps", "This must be true or false."),
        ("more", [], "This must be an object, with names and values."),
        ("nmae", "a", "Unknown key; remove it or check its spelling."),
    ],
)
def test_each_fault_is_told_in_a_sentence(field: str, value: Any, said: str) -> None:
    with pytest.raises(ValidationError) as error:
        Form.model_validate({field: value})
    assert [describe(details) for details in error.value.errors()] == [said]
