"""A JSON Schema validator that a user's schema cannot make hang."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import lru_cache
from typing import Annotated, Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend
from pydantic import Field, TypeAdapter
from pydantic import ValidationError as NoMatch


@lru_cache(maxsize=512)
def compile_pattern(pattern: str) -> TypeAdapter[str]:
    """A regular expression for an engine whose time grows only with the text.

    Python's own can be made to hang by a short pattern.

    Raises:
        pydantic_core.SchemaError: it is no pattern that engine knows.
    """
    return TypeAdapter(Annotated[str, Field(pattern=pattern)])


def _check_pattern(
    _validator: Validator, pattern: str, value: Any, _schema: Any
) -> Iterator[ValidationError]:
    if isinstance(value, str):
        try:
            compile_pattern(pattern).validate_python(value)
        except NoMatch:
            yield ValidationError(f"does not match the pattern {pattern!r}")


def _check_unique(
    validator: Validator, wanted: bool, value: Any, _schema: Any
) -> Iterator[ValidationError]:
    """`uniqueItems`, in time that grows with the list alone; jsonschema's own compares every pair."""
    is_list = wanted and validator.is_type(value, "array")
    if is_list and len({_mark(item) for item in value}) < len(value):
        yield ValidationError("has entries that are the same")


def _mark(value: Any) -> str:
    """A text that two values share when JSON Schema calls them equal.

    A text rather than a tuple: how texts are hashed is a secret of this process, so nobody can
    choose numbers that all fall into one place of a set.
    """
    if isinstance(value, dict):
        return f"{{{','.join(sorted(f'{key!r}:{_mark(item)}' for key, item in value.items()))}}}"
    if isinstance(value, list):
        return f"[{','.join(map(_mark, value))}]"
    if isinstance(value, float) and value.is_integer():
        return hex(int(value))
    if isinstance(value, int) and not isinstance(value, bool):
        return hex(value)
    return repr(value)


def _check_multiple(
    _validator: Validator, step: float, value: Any, _schema: Any
) -> Iterator[ValidationError]:
    """`multipleOf`, also of whole numbers that no float can hold."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    # As they are written: 0.3 is three times 0.1 to people, and not to floats.
    if Fraction(str(value) if isinstance(value, float) else value) % Fraction(str(step)):
        yield ValidationError(f"is not a multiple of {step}")


def _check_items(
    validator: Validator, schema: Any, value: Any, parent: Any
) -> Iterator[ValidationError]:
    """`items`; a list of plain values, which is what long lists are, takes a hundredth of the time."""
    kind = schema.get("type", "") if isinstance(schema, dict) else ""
    is_plain = isinstance(kind, str) and kind and not schema.keys() - _TOLD
    if is_plain and isinstance(value, list) and "prefixItems" not in parent:
        value = [] if all(validator.is_type(item, kind) for item in value) else value
    yield from _ITEMS(validator, schema, value, parent)


#: Beside these keywords, a schema says nothing about a value.
_TOLD = frozenset({"type", "title", "description", "default", "examples"})
_ITEMS: Callable[..., Iterator[ValidationError]] = Draft202012Validator.VALIDATORS["items"]
_extend: Callable[..., Callable[..., Validator]] = extend
#: Draft 2020-12 without what takes for ever. Give it a `registry`: the default one fetches what a $ref names.
SafeValidator = _extend(
    Draft202012Validator,
    {
        "pattern": _check_pattern,
        "uniqueItems": _check_unique,
        "multipleOf": _check_multiple,
        "items": _check_items,
    },
)
