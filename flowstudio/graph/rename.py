"""Giving a node another name, and every expression that reads it."""

import ast
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from typing import Any

from flowstudio.errors import ConflictError, ExpressionError, InvalidInputError, NotFoundError
from flowstudio.graph.catalogue import Catalogue
from flowstudio.graph.checks.references import View
from flowstudio.graph.checks.subject import Subject, check_node
from flowstudio.graph.document import Document, Node
from flowstudio.graph.references import (
    BUILTIN_NAMES,
    MODULE_NAMES,
    TEMPLATE_END,
    TEMPLATE_START,
    Expression,
    Path,
    Template,
    free_names,
    name_problem,
    parse_expression,
    parse_template,
    parse_tree,
)
from flowstudio.graph.slots import Slot, fill, path_text


def rename_node(document: Document, node_id: str, new_name: str, catalogue: Catalogue) -> Document:
    """Rename a node and rewrite every reference to it.

    Where a node's config is not valid yet, only the templates in it are rewritten: nothing tells
    which of its other texts are expressions.

    Raises:
        NotFoundError: no node has this id.
        InvalidInputError: the name cannot be used in expressions.
        ConflictError: the name is taken, or it already means something where the node is read.
    """
    node = next((node for node in document.nodes if node.id == node_id), None)
    if node is None:
        message = f"There is no node with the id {node_id!r} to rename."
        raise NotFoundError(message)
    if problem := name_problem(new_name):
        raise InvalidInputError([problem])
    if any(other.name == new_name for other in document.nodes if other.id != node_id):
        message = f"Another node is already called '{new_name}'; choose a different name."
        raise ConflictError(message)
    rename = _Renaming(document, node, new_name, catalogue)
    return document.model_copy(update={"nodes": [rename(each) for each in document.nodes]})


class _Renaming:
    """One rename, carried through a document node by node."""

    def __init__(self, document: Document, target: Node, new: str, catalogue: Catalogue) -> None:
        self._target, self._new, self._catalogue = target, new, catalogue
        old = target.name
        namesakes = [node for node in document.nodes if node.name == old]
        # A name no expression can mean, or one that means another node, has no references here.
        self._is_read = name_problem(old) is None and namesakes == [target]
        self._subject: Subject | None = None
        if old in BUILTIN_NAMES | MODULE_NAMES:
            self._subject = Subject(document, catalogue, {})

    def __call__(self, node: Node) -> Node:
        update: dict[str, Any] = {"name": self._new} if node.id == self._target.id else {}
        if self._is_read and (values := self._values(node)):
            update["config"] = fill(node.config, values)
        return node.model_copy(update=update) if update else node

    def _values(self, node: Node) -> dict[Path, Any]:
        values: dict[Path, Any] = {}
        old, new = self._target.name, self._new
        for slot in _slots(node, self._catalogue):
            text = _at(node.config, slot.path)
            if not isinstance(text, str) or not self._means_target(node, slot):
                continue
            try:
                _refuse_hiding(slot, old, new)
                values[slot.path] = _rename(slot.parsed, text, old, new)
            except ConflictError as error:
                place = path_text(("config", *slot.path))
                message = f"'{node.name}' cannot follow, at {place}: {error}"
                raise ConflictError(message) from error
        return values

    def _means_target(self, node: Node, slot: Slot) -> bool:
        if self._target.name in slot.names:
            return False
        # Where the node is out of scope, a builtin's name means the builtin.
        return self._subject is None or View(self._subject, node).sees(slot, self._target)


def _refuse_hiding(slot: Slot, old: str, new: str) -> None:
    """A name must not come to mean a node where it meant a builtin, or something else than it."""
    for expression in slot.expressions:
        hides = new in expression.roots and new in BUILTIN_NAMES | MODULE_NAMES
        if hides or (new in slot.names and old in expression.roots):
            raise ConflictError(_taken(new))


def _slots(node: Node, catalogue: Catalogue) -> Iterable[Slot]:
    checked = check_node(node, catalogue[node.type]) if node.type in catalogue else None
    if checked is None or checked.config is None:
        return _templates((), node.config)
    return checked.slots


def _templates(path: Path, value: Any) -> Iterator[Slot]:
    if isinstance(value, str) and TEMPLATE_START in value:
        with suppress(ExpressionError):
            yield Slot(path, parse_template(value))
    elif isinstance(value, dict):
        for key, child in value.items():
            yield from _templates((*path, key), child)
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _templates((*path, index), child)


def _at(value: Any, path: Path) -> Any:
    try:
        for key in path:
            value = value[key]
    except (KeyError, IndexError, TypeError):
        return None
    return value


def _rename(parsed: Template | Expression, text: str, old: str, new: str) -> str:
    if isinstance(parsed, Expression):
        return rename_in_expression(text, old, new)
    if not any(old in part.roots for part in parsed.expressions):
        return text
    return "".join(
        part
        if isinstance(part, str)
        else f"{TEMPLATE_START} {rename_in_expression(part.source, old, new)} {TEMPLATE_END}"
        for part in parsed.parts
    )


@lru_cache(maxsize=512)
def rename_in_expression(source: str, old: str, new: str) -> str:
    """Write an expression anew with one name it reads replaced, the rest as it was.

    Raises:
        ExpressionError: the text does not parse.
        ConflictError: the new name already means something in this expression.
    """
    if old not in parse_expression(source).roots:
        return source
    tree = parse_tree(source)
    wanted = sorted(new if node.id == old else node.id for node in free_names(tree))
    for write in (_replaced, _unparsed):
        renamed = write(source, tree, old, new)
        # Places inside f-strings are not always right; reading it back shows it.
        if renamed is not None and _reads(renamed) == wanted:
            return renamed
    raise ConflictError(_taken(new))


def _taken(name: str) -> str:
    return f"'{name}' already has a meaning inside that expression; choose a different name."


def _replaced(source: str, tree: ast.expr, old: str, new: str) -> str | None:
    lines = [line.encode() for line in _lines(source)]
    places = [
        (node.lineno - 1, node.col_offset, node.end_col_offset or 0)
        for node in free_names(tree)
        if node.id == old
    ]
    for line, start, end in sorted(places, reverse=True):
        if line >= len(lines):
            return None
        lines[line] = lines[line][:start] + new.encode() + lines[line][end:]
    return b"\n".join(lines).decode(errors="replace")


def _lines(source: str) -> list[str]:
    return source.strip().replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _unparsed(_source: str, tree: ast.expr, old: str, new: str) -> str | None:
    for node in free_names(tree):
        if node.id == old:
            node.id = new
    try:
        return ast.unparse(tree)
    except (ValueError, RecursionError):
        return None


def _reads(source: str) -> list[str] | None:
    try:
        return sorted(node.id for node in free_names(parse_tree(source)))
    except ExpressionError:
        return None
