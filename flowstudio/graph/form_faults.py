"""What pydantic finds wrong with a value, in sentences for people."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from flowstudio.graph.wording import brief

_Context = Mapping[str, Any]
_NUMBER = "This must be a number."
_WHOLE = "This must be a whole number."
_SWITCH = "This must be true or false."
_OBJECT = "This must be an object, with names and values."

#: By pydantic's name of the error (docs: errors/validation_errors).
_PLAIN = {
    "extra_forbidden": "Unknown key; remove it or check its spelling.",
    "missing": "This is missing.",
    "string_type": "This must be a text.",
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "decimal_type": _NUMBER,
    "decimal_parsing": _NUMBER,
    "finite_number": "This must be a number that is not infinite.",
    "bool_type": _SWITCH,
    "bool_parsing": _SWITCH,
    "list_type": "This must be a list.",
    "dict_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
}
_FILLED: dict[str, Callable[[_Context], str]] = {
    "string_too_short": lambda told: _at_least(told["min_length"], "character"),
    "string_too_long": lambda told: _at_most(told["max_length"], "character"),
    "too_short": lambda told: _at_least(told["min_length"], "entry"),
    "too_long": lambda told: _at_most(told["max_length"], "entry"),
    "greater_than": lambda told: f"This must be more than {_number(told['gt'])}.",
    "greater_than_equal": lambda told: f"This must be at least {_number(told['ge'])}.",
    "less_than": lambda told: f"This must be less than {_number(told['lt'])}.",
    "less_than_equal": lambda told: f"This must be at most {_number(told['le'])}.",
    "literal_error": lambda told: f"This must be {told['expected']}.",
    "enum": lambda told: f"This must be {told['expected']}.",
    "union_tag_not_found": lambda told: (
        f"The key {told['discriminator']} is missing; it says which kind this is."
    ),
    "union_tag_invalid": lambda told: (
        f"{told['discriminator']} is {brief(told['tag'])!r}; "
        f"it must be one of {told['expected_tags']}."
    ),
}


def describe(details: Any) -> str:
    """Say one error of `ValidationError.errors()` in a sentence."""
    kind = details["type"]
    if kind in _PLAIN:
        return _PLAIN[kind]
    if kind in _FILLED:
        return _FILLED[kind](details["ctx"])
    message: str = details["msg"].removeprefix("Value error, ")
    return message if message.endswith(".") else f"{message}."


def _at_least(number: int, noun: str) -> str:
    return "This must not be empty." if number == 1 else f"At least {_counted(number, noun)}."


def _at_most(number: int, noun: str) -> str:
    return f"At most {_counted(number, noun)}."


def _counted(number: int, noun: str) -> str:
    if number == 1:
        return f"1 {noun}"
    return f"{number:,} {noun}s" if noun != "entry" else f"{number:,} entries"


def _number(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.15g}"
    # A limit may be a moment, too.
    return f"{value:,}" if isinstance(value, int | Decimal) else str(value)
