"""Templates filled in with the values of their expressions."""

from collections.abc import Mapping
from typing import Any

from flowstudio.errors import ExpressionError
from flowstudio.graph.fields import as_text
from flowstudio.graph.references import Template

MAX_TEXT = 20_000_000


def render(template: Template, values: Mapping[str, Any]) -> Any:
    """Put the values of its expressions, by source, into a template.

    One expression alone keeps its type; mixed text becomes a string. Values are data: braces in
    them mean nothing.

    Raises:
        ExpressionError: the text would be longer than `MAX_TEXT` characters.
    """
    if template.keeps_type:
        return values[template.expressions[0].source]
    texts: list[str] = []
    length = 0
    for part in template.parts:
        text = part if isinstance(part, str) else as_text(values[part.source])
        length += len(text)
        if length > MAX_TEXT:
            raise ExpressionError(f"The text would have more than {MAX_TEXT:,} characters.")
        texts.append(text)
    return "".join(texts)
