"""What a config field holds, so that one declaration serves the form, the checks and the engine.

A plain field is literal. Wherever a string may hold `{{ … }}`, the field says so with one of the
types below; `Slots` (slots.py) finds them in a checked config.
"""

import json
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

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


def _schema(kind: str, title: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "format": kind, "title": title})


#: Text with templates in it; whatever they give becomes text.
Text = Annotated[str, BeforeValidator(as_text), Expressive("template"), _schema("template", "Text")]
#: Longer text for a model.
Prompt = Annotated[
    str, BeforeValidator(as_text), Expressive("template"), _schema("prompt", "Prompt")
]
#: Any JSON value; strings in it, at any depth, may be templates.
Value = Annotated[Any, Expressive("template"), WithJsonSchema({"format": "template"})]
#: Stands beside a number or similar, to allow a template in its place.
Templated = Annotated[
    str, BeforeValidator(_templated), Expressive("template"), _schema("template", "Template")
]
#: A bare expression over the usual names.
Expression = Annotated[
    str,
    Field(min_length=1),
    Expressive("expression"),
    WithJsonSchema({"type": "string", "format": "expression", "minLength": 1}),
]
#: A bare expression evaluated for each `item` of a list.
ItemExpression = Annotated[
    str,
    Field(min_length=1),
    Expressive("expression", names=("item", "index")),
    WithJsonSchema({"type": "string", "format": "expression", "minLength": 1}),
]
#: A JSON Schema written by the user.
JsonSchema = Annotated[dict[str, Any], WithJsonSchema({"type": "object", "format": "json-schema"})]
