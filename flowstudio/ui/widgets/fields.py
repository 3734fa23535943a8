"""The fields a JSON Schema asks for, and the reading of what was typed into them."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

Kind = Literal["text", "long", "integer", "number", "boolean", "choice", "lines", "json"]
_LONG_TEXT = 120
_NAMED = re.compile(r"(?='?(?P<name>\w+))(?P<prefix>\w+(?:\[\d+\]|\.\w+)*: )?")


@dataclass(frozen=True, slots=True)
class Field:
    """One input of a form; `value` is its text (`on` or "" for a switch)."""

    name: str
    label: str
    kind: Kind
    required: bool
    help: str
    value: str
    options: list[str]
    error: str = ""


def fields_of(schema: Mapping[str, Any], values: Mapping[str, Any] | None = None) -> list[Field]:
    """The inputs an object schema asks for, filled with `values`, else with its defaults."""
    properties = schema.get("properties")
    if not isinstance(properties, Mapping):
        return []
    required = set(schema.get("required", ()))
    return [
        _field(name, part, required=name in required, values=values or {})
        for name, part in properties.items()
        if isinstance(part, Mapping)
    ]


def _field(
    name: str, part: Mapping[str, Any], *, required: bool, values: Mapping[str, Any]
) -> Field:
    value = values.get(name, part.get("default"))
    kind = _kind(part, value)
    return Field(
        name=name,
        label=str(part.get("title") or name.replace("_", " ").capitalize()),
        kind=kind,
        required=required and kind != "boolean",
        help=str(part.get("description") or ""),
        value=_as_typed(kind, value),
        options=[_as_typed("text", option) for option in part.get("enum", ())],
    )


def _kind(part: Mapping[str, Any], value: Any) -> Kind:
    if part.get("enum"):
        return "choice"
    kind = part.get("type", "string")
    if kind == "string":
        long = part.get("format") in {"textarea", "multiline", "markdown", "long-text"}
        limit = part.get("maxLength", 0)
        typed = value if isinstance(value, str) else ""
        return (
            "long"
            if long or limit > _LONG_TEXT or len(typed) > _LONG_TEXT or "\n" in typed
            else "text"
        )
    if kind == "integer":
        return "integer"
    if kind == "number":
        return "number"
    if kind == "boolean":
        return "boolean"
    items = part.get("items")
    if kind == "array" and isinstance(items, Mapping) and items.get("type") == "string":
        return "lines"
    return "json"


def _as_typed(kind: Kind, value: Any) -> str:
    if value is None:
        return ""
    if kind == "boolean":
        return "on" if value else ""
    if kind == "lines" and isinstance(value, list):
        return "\n".join(str(item) for item in value)
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, indent=2 if kind == "json" else None)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a submitted form holds: values of the right types, or the fields with their errors."""

    values: dict[str, Any]
    fields: list[Field]

    @property
    def is_valid(self) -> bool:
        """Whether no field has an error."""
        return not any(field.error for field in self.fields)


def read_form(schema: Mapping[str, Any], typed: Mapping[str, Any]) -> Reading:
    """Read the text of a form; an empty optional field is left out."""
    properties = schema.get("properties", {})
    values: dict[str, Any] = {}
    fields: list[Field] = []
    for field in fields_of(schema):
        text = typed.get(field.name, "")
        text = text if isinstance(text, str) else ("on" if text else "")
        error = ""
        if field.kind != "boolean" and not text.strip():
            error = "Fill this in." if field.required else ""
        else:
            try:
                values[field.name] = _parse(field, text, properties[field.name])
            except ValueError as problem:
                error = str(problem)
        fields.append(replace(field, value=text, error=error))
    return Reading(values, fields)


def _parse(field: Field, text: str, part: Mapping[str, Any]) -> Any:
    if field.kind == "boolean":
        return text == "on"
    if field.kind == "choice":
        return next((o for o in part["enum"] if _as_typed("text", o) == text), text)
    if field.kind == "lines":
        return [line.strip() for line in text.splitlines() if line.strip()]
    if field.kind in {"integer", "number"}:
        return _number(text, whole=field.kind == "integer")
    if field.kind == "json":
        try:
            return json.loads(text)
        except RecursionError as error:
            message = "This is nested too deeply to be read."
            raise ValueError(message) from error
        except ValueError as error:
            message = f"This is not JSON: {error}."
            raise ValueError(message) from error
    return text


def _number(text: str, *, whole: bool) -> float:
    try:
        return int(text) if whole else float(text)
    except ValueError as error:
        message = "Give a whole number." if whole else "Give a number."
        raise ValueError(message) from error


def with_problems(fields: list[Field], problems: list[str]) -> tuple[list[Field], list[str]]:
    """Put each problem (`'name' must be …` or `name: …`) at its field.

    Returns:
        The fields, and the problems that belong to none of them.
    """
    names = {field.name for field in fields}
    at: dict[str, str] = {}
    rest: list[str] = []
    for problem in problems:
        match = _NAMED.match(problem)
        if match and match["name"] in names:
            at.setdefault(match["name"], problem.removeprefix(match["prefix"] or ""))
        else:
            rest.append(problem)
    return [replace(field, error=at.get(field.name, field.error)) for field in fields], rest
