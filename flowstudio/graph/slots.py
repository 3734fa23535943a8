"""The places in a checked config that hold templates or expressions."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, get_args

from pydantic import BaseModel

from flowstudio.errors import ExpressionError
from flowstudio.graph.fields import Expressive
from flowstudio.graph.references import (
    TEMPLATE_END,
    TEMPLATE_START,
    Expression,
    Path,
    Template,
    parse_expression,
    parse_template,
)
from flowstudio.graph.wording import brief


@dataclass(frozen=True, slots=True)
class Slot:
    """One place in a config that is evaluated.

    Attributes:
        path: keys and indexes from the config's root.
        parsed: a template, filled in before the node runs; or a bare expression, which the node
            evaluates itself, when and as often as it needs.
        names: names in scope here besides the usual ones.
        inner: evaluated inside the container's body.
    """

    path: Path
    parsed: Template | Expression
    names: tuple[str, ...] = ()
    inner: bool = False

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """The expressions in it, in order."""
        return self.parsed.expressions if isinstance(self.parsed, Template) else (self.parsed,)


@dataclass(frozen=True, slots=True)
class SlotFault:
    """A place whose text does not parse."""

    path: Path
    message: str


def find_slots(config: BaseModel) -> tuple[list[Slot], list[SlotFault]]:
    """List a config's templates and expressions, and those that do not parse."""
    slots: list[Slot] = []
    faults: list[SlotFault] = []
    for path, mark, text in _marked(config, ()):
        try:
            if mark.kind == "expression":
                refuse_braces(text)
                slots.append(Slot(path, parse_expression(text), mark.names, mark.inner))
            elif TEMPLATE_START in text:
                slots.append(Slot(path, parse_template(text), mark.names, mark.inner))
        except ExpressionError as error:
            faults.append(SlotFault(path, str(error)))
    return slots, faults


def refuse_braces(text: str) -> None:
    """Refuse a bare expression that is written as a template.

    Raises:
        ExpressionError: it stands in double braces.
    """
    # `{{ a }}` is valid Python, a set in a set; nobody means that.
    inside = text.strip().removeprefix(TEMPLATE_START).removesuffix(TEMPLATE_END).strip()
    if text.strip().startswith(TEMPLATE_START) and text.strip().endswith(TEMPLATE_END):
        raise ExpressionError(f"Write this expression without double braces: {brief(inside)}")


def _marked(model: BaseModel, path: Path) -> Iterator[tuple[Path, Expressive, str]]:
    marks = _marks(type(model))
    for name, field in type(model).model_fields.items():
        here = (*path, field.alias or name)
        yield from _within(getattr(model, name), here, marks.get(name))


def _within(
    value: Any, path: Path, mark: Expressive | None
) -> Iterator[tuple[Path, Expressive, str]]:
    if isinstance(value, BaseModel):
        yield from _marked(value, path)
    elif isinstance(value, str):
        if mark is not None:
            yield path, mark, value
    elif isinstance(value, dict):
        for key, child in value.items():
            yield from _within(child, (*path, key), mark)
    elif isinstance(value, list | tuple):
        for index, child in enumerate(value):
            yield from _within(child, (*path, index), mark)


@lru_cache(maxsize=256)
def _marks(model: type[BaseModel]) -> dict[str, Expressive]:
    found = {}
    for name, field in model.model_fields.items():
        marks = [mark for mark in field.metadata if isinstance(mark, Expressive)]
        marks += list(_in_annotation(field.annotation))
        if marks:
            found[name] = marks[0]
    return found


def _in_annotation(annotation: Any) -> Iterator[Expressive]:
    for part in get_args(annotation):
        if isinstance(part, Expressive):
            yield part
        else:
            yield from _in_annotation(part)


def fill(config: Any, values: dict[Path, Any]) -> Any:
    """A copy of a config's JSON values with the given places replaced."""
    if not values:
        return config
    return _fill(config, (), values)


def _fill(value: Any, path: Path, values: dict[Path, Any]) -> Any:
    if path in values:
        return values[path]
    if isinstance(value, dict):
        return {key: _fill(child, (*path, key), values) for key, child in value.items()}
    if isinstance(value, list):
        return [_fill(child, (*path, index), values) for index, child in enumerate(value)]
    return value


def path_text(path: Path) -> str:
    """A path for people: `fields.total`, `cases[0].when`."""
    text = ""
    for key in path:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else str(key)
    return text
