"""JSON Schemas written by users: checked before they are trusted, and applied without surprises.

Nothing is fetched, whatever `$ref` says, and patterns are matched by an engine whose time grows
only with the text: Python's own can be made to hang by a short one.
"""

import copy
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

from jsonschema import Draft202012Validator, SchemaError, ValidationError
from jsonschema.protocols import Validator
from pydantic_core import SchemaError as BadPattern
from referencing import Registry, Resource
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from flowstudio.errors import InvalidInputError
from flowstudio.graph.canonical import dump, load
from flowstudio.graph.json_schema import SafeValidator, compile_pattern
from flowstudio.graph.references import Path
from flowstudio.graph.slots import SlotFault, path_text
from flowstudio.graph.spelling import Spelling
from flowstudio.graph.wording import listed

_MOST_PROBLEMS = 100
REFERENCES = frozenset({"$ref", "$dynamicRef"})
#: Keywords whose values are data, not schemas.
DATA = frozenset({"const", "default", "enum", "examples"})
#: Keywords whose values are schemas by name.
NAMED = frozenset({"properties", "$defs", "dependentSchemas"})
TYPE_NAMES = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "an object",
    "string": "text",
}


def schema_faults(schema: Any, *path: str | int) -> list[SlotFault]:
    """What is wrong with a user's JSON Schema, each at its place under `path`."""
    try:
        errors = list(Draft202012Validator(Draft202012Validator.META_SCHEMA).iter_errors(schema))
    except RecursionError:
        return [SlotFault(path, "This JSON Schema is nested too deeply.")]
    if errors:
        return [
            SlotFault((*path, *error.absolute_path), f"Not a valid JSON Schema: {_brief(error)}.")
            for error in errors
        ]
    return [SlotFault((*path, *place), message) for place, message in _refused(schema)]


def object_schema_faults(schema: Mapping[str, Any], *path: str | int) -> list[SlotFault]:
    """The same for a schema that describes an object of named fields, defaults included."""
    faults = schema_faults(schema, *path)
    if not faults and schema.get("type", "object") != "object":
        message = "This schema describes the fields of an object; set its type to 'object'."
        faults.append(SlotFault((*path, "type"), message))
    if faults:
        return faults
    # Checked in place, for a property may refer to another one.
    whole = {key: schema[key] for key in ("properties", "$defs") if key in schema}
    return [
        SlotFault((*path, "properties", name, "default"), f"The default does not fit: {problem}")
        for name, part in _properties(schema).items()
        if "default" in part
        for problem in problems_of(whole, {name: part["default"]})
    ]


def problems_of(schema: Any, value: Any, noun: str = "") -> list[str]:
    """One sentence for each way a value breaks a schema, up to a hundred; the value is never repeated.

    Args:
        schema: one that `schema_faults` finds nothing wrong with.
        value: any JSON value.
        noun: what the top-level fields are called, such as `input`.
    """
    validator = _validator(dump(schema))
    try:
        found = islice(validator.iter_errors(value), _MOST_PROBLEMS)
        errors = sorted(found, key=lambda error: list(map(str, error.path)))
    except (RecursionError, Unresolvable):
        return ["The schema refers to itself without end, or to something that does not exist."]
    sentences = (sentence for error in errors for sentence in _sentences(error, noun))
    return list(islice(sentences, _MOST_PROBLEMS))


def with_defaults(schema: Any, value: Any) -> Any:
    """A copy of an object with the schema's defaults filled in, also in objects inside it."""
    if not isinstance(value, Mapping):
        return value
    filled = dict(value)
    for name, part in _properties(schema).items():
        if name in filled:
            filled[name] = with_defaults(part, filled[name])
        elif "default" in part:
            filled[name] = copy.deepcopy(part["default"])
    return filled


def check_fields(schema: Mapping[str, Any], value: Any, noun: str) -> dict[str, Any]:
    """The checked fields of an object, defaults filled in.

    Fields the schema does not name are refused, unless it says otherwise by
    `additionalProperties`: a misspelt name should not pass unnoticed.

    Raises:
        InvalidInputError: with every problem.
    """
    if not isinstance(value, Mapping):
        raise InvalidInputError([f"Give an object with one {noun} per field."])
    schema = {"type": "object", **schema}
    if _properties(schema) and not _OPENING.intersection(schema):
        schema["additionalProperties"] = False
    filled: dict[str, Any] = with_defaults(schema, value)
    if problems := problems_of(schema, filled, noun):
        raise InvalidInputError(problems)
    return filled


_OPENING = frozenset({"additionalProperties", "$ref", "allOf", "anyOf", "oneOf", "if"})


@lru_cache(maxsize=256)
def _validator(schema: bytes) -> Validator:
    return SafeValidator(
        load(schema), registry=Registry(), format_checker=Draft202012Validator.FORMAT_CHECKER
    )


def _properties(schema: Any) -> dict[str, dict[str, Any]]:
    named = schema.get("properties") if isinstance(schema, Mapping) else None
    if not isinstance(named, Mapping):
        return {}
    return {name: part for name, part in named.items() if isinstance(part, dict)}


def _refused(schema: Any) -> Iterator[tuple[Path, str]]:
    """Places in a valid schema that it is not safe or not possible to follow."""
    resource = Resource.from_contents(schema, default_specification=DRAFT202012)
    resolver = Registry().with_resource("", resource).resolver()
    for place, part in _parts(schema):
        if "patternProperties" in part:
            yield (*place, "patternProperties"), "patternProperties is not supported here."
        pattern = part.get("pattern")
        if isinstance(pattern, str):
            try:
                compile_pattern(pattern)
            except BadPattern:
                yield (
                    (*place, "pattern"),
                    "This pattern is not valid, or looks around, which is not supported.",
                )
        for keyword in REFERENCES.intersection(part):
            target = part[keyword]
            if not str(target).startswith("#"):
                yield (
                    (*place, keyword),
                    "A $ref may lead only within this schema: start it with '#'.",
                )
                continue
            try:
                resolver.lookup(target)
            except Unresolvable:
                yield (*place, keyword), f"There is nothing at {target!r} in this schema."


def _parts(schema: Any) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Every object schema inside a schema, with its place."""
    stack: list[tuple[Path, Any, bool]] = [((), schema, True)]
    while stack:
        place, value, is_schema = stack.pop()
        if isinstance(value, list):
            stack.extend(((*place, i), child, True) for i, child in enumerate(value))
        elif isinstance(value, dict):
            if is_schema:
                yield place, value
            for key, child in value.items():
                if not is_schema or key not in DATA:
                    stack.append(((*place, key), child, not (is_schema and key in NAMED)))


def _sentences(error: ValidationError, noun: str) -> Iterable[str]:
    path = path_text(tuple(error.absolute_path))
    known, instance, limit = (
        _properties(error.schema),
        _plain(error.instance),
        _plain(error.validator_value),
    )
    kind = noun if noun and not path else "field"
    inside = f" in '{path}'" if path else ""
    if error.validator == "required":
        missing = [name for name in limit if name not in instance]
        # jsonschema reports each missing name by itself, in the order of `required`.
        name = next((name for name in missing if repr(name) in error.message), missing[0])
        return [f"The {kind} '{name}'{inside} is missing."]
    if error.validator == "additionalProperties" and limit is False:
        spelling = Spelling()
        extra = [name for name in instance if name not in known]
        return (
            f"There is no {kind} {_short(name)!r}{inside}.{spelling.hint(str(name), known)}"
            for name in extra
        )
    place = f"'{path}'" if path else "The value"
    return [f"{place} {_complaint(error)}."]


def _complaint(error: ValidationError) -> str:
    limit = _plain(error.validator_value)
    if error.validator == "type":
        kinds = [limit] if isinstance(limit, str) else limit
        return f"must be {' or '.join(TYPE_NAMES.get(kind, kind) for kind in kinds)}"
    if error.validator == "enum":
        return f"must be one of {listed((_short(option) for option in limit), 12)}"
    if error.validator == "pattern":
        return error.message
    words = {
        "const": "must be exactly {}",
        "format": "must be written as {}",
        "minLength": "must have at least {} characters",
        "maxLength": "must have at most {} characters",
        "minimum": "must be at least {}",
        "maximum": "must be at most {}",
        "exclusiveMinimum": "must be more than {}",
        "exclusiveMaximum": "must be less than {}",
        "multipleOf": "must be a multiple of {}",
        "minItems": "must have at least {} entries",
        "maxItems": "must have at most {} entries",
        "minProperties": "must have at least {} fields",
        "maxProperties": "must have at most {} fields",
    }
    if str(error.validator) in words:
        return words[str(error.validator)].format(_short(limit))
    return f"does not fit its schema ({error.validator})"


def _plain(value: Any) -> Any:
    # jsonschema types these as possibly unset; in an error that was raised they never are.
    return value


def _brief(error: ValidationError | SchemaError) -> str:
    return _short(error.message)


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 120 else f"{text[:117]}…"
