"""A JSON Schema validator that a user's schema cannot make hang."""

from collections.abc import Callable, Iterator
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


_extend: Callable[..., Callable[..., Validator]] = extend
#: Draft 2020-12 with safe patterns. Give it a `registry`: the default one fetches what a $ref names.
SafeValidator = _extend(Draft202012Validator, {"pattern": _check_pattern})
