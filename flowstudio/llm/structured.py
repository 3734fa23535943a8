"""Answers as JSON: reading them, checking them against their schema, saying what is wrong."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from pydantic_core import SchemaError as BadPattern
from referencing import Registry
from referencing.exceptions import Unresolvable

from flowstudio.graph.json_schema import SafeValidator
from flowstudio.llm.errors import InvalidRequestError

_MAX_PROBLEMS = 5
_MAX_MESSAGE = 200
_FENCE = re.compile(r"^```[a-zA-Z]*\s*\n(.*?)\n?```$", re.DOTALL)


class AnswerSchema:
    """A JSON Schema that answers must fit. A reference to another document is refused."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        """Check the schema itself.

        Raises:
            InvalidRequestError: it is no JSON Schema.
        """
        try:
            Draft202012Validator.check_schema(schema)
        except SchemaError as error:
            raise InvalidRequestError(
                f"The schema of the answer is not a JSON Schema: {describe_place(error)}"
            ) from error
        self.schema = schema
        # An empty registry: the default one would fetch what a $ref points at.
        self._validator = SafeValidator(
            schema, registry=Registry(), format_checker=Draft202012Validator.FORMAT_CHECKER
        )

    def read(self, text: str) -> tuple[Any, str | None]:
        """The value an answer holds, and what is wrong with it: one of the two is None.

        Raises:
            InvalidRequestError: the schema cannot be followed.
        """
        try:
            value = json.loads(_without_fence(text), parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            return None, f"it is not JSON: {error}"
        try:
            problems = [
                describe_place(error)
                for error, _ in zip(
                    self._validator.iter_errors(value), range(_MAX_PROBLEMS), strict=False
                )
            ]
        except Unresolvable as error:
            raise InvalidRequestError(
                f"The schema of the answer refers to {error.ref!r}, which is not in it."
            ) from error
        except BadPattern as error:
            message = "A pattern in the schema of the answer is not valid, or looks around."
            raise InvalidRequestError(message) from error
        except RecursionError as error:
            message = "The schema of the answer refers to itself without end."
            raise InvalidRequestError(message) from error
        return (None, "; ".join(problems)) if problems else (value, None)


def describe_place(error: ValidationError | SchemaError) -> str:
    """Where a value breaks a schema, and how: `items[0].price: 'x' is not of type 'number'`."""
    place = _place(error.absolute_path)
    message = error.message
    if len(message) > _MAX_MESSAGE:
        message = f"{message[:100]} … {message[-90:]}"
    return f"{place}: {message}" if place else message


def _place(keys: Iterable[str | int]) -> str:
    text = ""
    for key in keys:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else str(key)
    return text


def _without_fence(text: str) -> str:
    text = text.strip()
    fenced = _FENCE.match(text)
    return fenced[1] if fenced else text


def _refuse_constant(name: str) -> None:
    message = f"{name} is not allowed"
    raise ValueError(message)


def is_strict(schema: Any) -> bool:
    """Whether a schema keeps the rules of `strict` mode: objects closed, every property required.

    Providers answer 400 to a schema that is called strict and is not.
    """
    if isinstance(schema, list):
        return all(is_strict(part) for part in schema)
    if not isinstance(schema, Mapping):
        return True
    properties = schema.get("properties")
    if isinstance(properties, Mapping) or schema.get("type") == "object":
        properties = properties or {}
        if schema.get("additionalProperties") is not False:
            return False
        if set(schema.get("required", ())) != set(properties):
            return False
    return all(is_strict(part) for part in schema.values())
