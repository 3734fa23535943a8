"""What a config field holds, so that one declaration serves the form, the checks and the engine.

A plain field is literal. Wherever a string may hold `{{ … }}`, the field says so with one of the
types below; `Slots` (slots.py) finds them in a checked config.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler, WithJsonSchema
from pydantic_core import CoreSchema

from flowstudio.graph.references import TEMPLATE_START

Kind = Literal["template", "expression"]


@dataclass(frozen=True, slots=True)
class Expressive:
    """Marks a field whose strings are templates or bare expressions.

    Attributes:
        kind: `template` for strings with `{{ … }}` at any depth of the value; `expression` for a
            bare expression.
        names: names in scope besides the usual ones, such as `item`.
        inner: evaluated inside the container's body, where its children are in scope.
    """

    kind: Kind
    names: tuple[str, ...] = ()
    inner: bool = False

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """The field's schema, with what an editor has to know to complete names in it."""
        schema = dict(handler(core))
        if self.names:
            schema["x-names"] = list(self.names)
        if self.inner:
            schema["x-inner"] = True
        return schema


#: How a form draws a field, where its type does not say so by itself.
FieldKind = Literal[
    "text",
    "template",
    "prompt",
    "value",
    "code",
    "expression",
    "number",
    "switch",
    "choice",
    "list",
    "map",
    "group",
    "schema",
    "json",
    "credential",
    "model",
    "workflow",
    "cron",
    "moment",
]


def shown(  # noqa: PLR0913 - what can be said of a field
    kind: FieldKind | None = None,
    *,
    key: bool = False,
    fold: bool = False,
    order: int | None = None,
    unit: str | None = None,
    lines: int | None = None,
    labels: Mapping[str, str] | None = None,
    when: Mapping[str, Sequence[Any]] | None = None,
    each: str | None = None,
    kinds: Sequence[str] | None = None,
) -> dict[str, Any]:
    """How a form shows a field, for its `json_schema_extra`.

    Args:
        kind: instead of what the field's type says.
        key: the one setting that a card or a notebook cell shows.
        fold: shown only under "More settings".
        order: fields with a higher number stand further down; 0 without one.
        unit: stands behind a number.
        lines: of text, at least.
        labels: of a choice's values.
        when: shown only while other fields have one of these values.
        each: the list beside it that gives `item` its value.
        kinds: of credentials that fit.
    """
    said = {
        "field": kind,
        "key": key or None,
        "fold": fold or None,
        "order": order,
        "unit": unit,
        "lines": lines,
        "labels": dict(labels) if labels else None,
        "when": {name: list(values) for name, values in when.items()} if when else None,
        "each": each,
        "kinds": list(kinds) if kinds else None,
    }
    return {f"x-{name}": value for name, value in said.items() if value is not None}


def as_text(value: Any) -> str:
    """A value as it stands in mixed text: strings as they are, null empty, the rest as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False)


def _templated(value: Any) -> Any:
    if not isinstance(value, str) or TEMPLATE_START not in value:
        message = "Give a value of the right type, or a template in double braces."
        raise ValueError(message)
    return value


def schema_of(kind: FieldKind, title: str = "", **more: Any) -> WithJsonSchema:
    """The JSON Schema of a string that a form draws as `kind`."""
    format_ = {"value": "template", "code": "python"}.get(kind, kind)
    named = {"title": title} if title else {}
    return WithJsonSchema({"type": "string", "format": format_, "x-field": kind, **named, **more})


# `Expressive` comes last: what it says of a field is added to the schema before it.

#: Text with templates in it; whatever they give becomes text.
Text = Annotated[
    str, BeforeValidator(as_text), schema_of("template", "Text"), Expressive("template")
]
#: Longer text for a model.
Prompt = Annotated[
    str, BeforeValidator(as_text), schema_of("prompt", "Prompt"), Expressive("template")
]
#: The id of a model; empty where something else may choose one.
ModelName = Annotated[
    str,
    BeforeValidator(as_text),
    schema_of("template", "Model", **shown("model")),
    Expressive("template"),
]
#: Any JSON value; strings in it, at any depth, may be templates.
Value = Annotated[
    Any, WithJsonSchema({"format": "template", "x-field": "value"}), Expressive("template")
]
#: Stands beside a number or similar, to allow a template in its place.
Templated = Annotated[
    str, BeforeValidator(_templated), schema_of("template", "Template"), Expressive("template")
]
#: A bare expression over the usual names.
Expression = Annotated[
    str, Field(min_length=1), schema_of("expression", minLength=1), Expressive("expression")
]
#: A bare expression evaluated for each `item` of a list.
ItemExpression = Annotated[
    str,
    Field(min_length=1),
    schema_of("expression", minLength=1),
    Expressive("expression", names=("item", "index")),
]
#: A JSON Schema written by the user.
JsonSchema = Annotated[
    dict[str, Any],
    WithJsonSchema({"type": "object", "format": "json-schema", "x-field": "schema"}),
]
#: When something happens again and again: minute, hour, day of the month, month, day of the week.
Cron = Annotated[str, Field(max_length=100), schema_of("cron", maxLength=100)]
