"""Templates and expressions as text: their parts, the names they read, and renaming those.

Nothing is evaluated here; `ast` only parses.
"""

import ast
import builtins
import keyword
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from flowstudio.errors import ExpressionError

TEMPLATE_START = "{{"
TEMPLATE_END = "}}"
MAX_EXPRESSION = 4_000

#: Names that always or inside a loop mean something, so no node may take them.
RUN_NAMES = frozenset({"inputs", "run"})
LOOP_NAMES = frozenset({"item", "index", "previous"})
RESERVED_NAMES = RUN_NAMES | LOOP_NAMES
BUILTIN_NAMES = frozenset(name for name in dir(builtins) if not name.startswith("_"))
#: Modules an expression may use by name, without an import.
MODULE_NAMES = frozenset({"datetime", "json", "math", "re"})

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Expression:
    """One parsed expression.

    Attributes:
        source: the text, without braces.
        roots: free names it reads, builtins included.
        path: root, keys and indexes when it is nothing but a path, which the host can walk.
        reads: for each root, the longest fixed path it is read by; what its value depends on.
    """

    source: str
    roots: frozenset[str]
    path: Path | None
    reads: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Template:
    """A string split into literal text and expressions."""

    parts: tuple[str | Expression, ...]

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """The expressions in it, in order."""
        return tuple(part for part in self.parts if isinstance(part, Expression))

    @property
    def keeps_type(self) -> bool:
        """Whether it is one expression alone, whose value keeps its type."""
        return len(self.parts) == 1 and isinstance(self.parts[0], Expression)


def name_problem(name: str) -> str | None:
    """Why this cannot be a node's name, or None if it can."""
    if not name:
        return "A node needs a name; expressions use it."
    if not name.isidentifier() or keyword.iskeyword(name):
        return (
            f"{name!r} is not a Python identifier: use letters, digits and underscores, "
            "and start with a letter."
        )
    if unicodedata.normalize("NFKC", name) != name:
        return f"{name!r} holds letters that Python reads as others; write it with plain ones."
    if name.startswith("_"):
        return f"{name!r} starts with an underscore; expressions refuse such names."
    if name in RESERVED_NAMES:
        return f"{name!r} is reserved: it already has a meaning in expressions."
    return None


@lru_cache(maxsize=4096)
def parse_template(text: str) -> Template:
    """Split a string at its double braces.

    Raises:
        ExpressionError: an expression is empty, unclosed or not valid.
    """
    parts: list[str | Expression] = []
    position = 0
    while (start := text.find(TEMPLATE_START, position)) >= 0:
        if start > position:
            parts.append(text[position:start])
        expression, position = _read_expression(text, start + len(TEMPLATE_START))
        parts.append(expression)
    if position < len(text):
        parts.append(text[position:])
    return Template(tuple(parts))


def _read_expression(text: str, start: int) -> tuple[Expression, int]:
    # A dict may hold "}}" of its own, so the first end at which the text parses is the right one.
    first_error: ExpressionError | None = None
    end = text.find(TEMPLATE_END, start)
    if end < 0:
        raise ExpressionError(f"'{text[start - 2 : start + 20]}…' is never closed by '}}}}'.")
    tries = 0
    while end >= 0 and tries < 20 and end - start <= MAX_EXPRESSION + 2:
        try:
            return parse_expression(text[start:end].strip()), end + len(TEMPLATE_END)
        except ExpressionError as error:
            first_error = first_error or error
        end = text.find(TEMPLATE_END, end + 1)
        tries += 1
    if first_error is None:
        raise ExpressionError(f"An expression has at most {MAX_EXPRESSION:,} characters.")
    raise first_error


@lru_cache(maxsize=8192)
def parse_expression(source: str) -> Expression:
    """Parse one bare expression and find what it reads.

    Raises:
        ExpressionError: not valid Python, too long or deep, or it uses a refused name.
    """
    tree = parse_tree(source)
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    bound = {node.id for node in names if not isinstance(node.ctx, ast.Load)}
    bound |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    roots = frozenset(node.id for node in names if node.id not in bound)
    path = _fixed_path(tree)
    return Expression(source, roots, path, tuple(_reads(tree, roots)))


def parse_tree(source: str) -> ast.expr:
    """Parse one expression to a syntax tree in which every name is allowed.

    Raises:
        ExpressionError: not valid Python, too long or deep, or it uses a refused name.
    """
    if not source.strip():
        message = "The expression is empty."
        raise ExpressionError(message)
    if len(source) > MAX_EXPRESSION:
        raise ExpressionError(f"An expression has at most {MAX_EXPRESSION:,} characters.")
    try:
        tree = ast.parse(source.strip(), mode="eval").body
        _refuse_names(tree)
    except SyntaxError as error:
        raise ExpressionError(
            f"'{brief(source)}' is not a valid expression: {error.msg}."
        ) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise ExpressionError(f"'{brief(source)}' is too deep or not valid.") from error
    return tree


def _refuse_names(tree: ast.expr) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.Await | ast.Yield | ast.YieldFrom):
            message = "await and yield have no place in an expression."
            raise ExpressionError(message)
        for name in _names_in(node):
            if name.startswith("_"):
                raise ExpressionError(f"{name!r}: names starting with _ are refused.")


def _names_in(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.arg | ast.keyword) and node.arg:
        yield node.arg


def _fixed_path(node: ast.expr) -> Path | None:
    keys: list[str | int] = []
    while not isinstance(node, ast.Name):
        if isinstance(node, ast.Attribute):
            keys.append(node.attr)
        elif isinstance(node, ast.Subscript) and (key := _fixed_key(node.slice)) is not None:
            keys.append(key)
        else:
            return None
        node = node.value
    return (node.id, *reversed(keys))


def _fixed_key(node: ast.expr) -> str | int | None:
    if isinstance(node, ast.Constant) and type(node.value) in (str, int):
        return node.value  # type: ignore[return-value]
    if (
        isinstance(node, ast.UnaryOp)
        and isinstance(node.op, ast.USub)
        and isinstance(node.operand, ast.Constant)
        and type(node.operand.value) is int
    ):
        return -node.operand.value
    return None


def _reads(tree: ast.expr, roots: frozenset[str]) -> list[Path]:
    found: set[Path] = set()
    # A method call reads the value the method belongs to, not a key of that name.
    methods = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    stack: list[ast.AST] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.expr) and id(node) not in methods:
            path = _fixed_path(node)
            if path is not None and path[0] in roots:
                found.add(path)
                continue
        stack.extend(ast.iter_child_nodes(node))
    return sorted(found, key=str)


def rename_in_template(text: str, old: str, new: str) -> str:
    """Write a template anew with one root name replaced; text that does not parse is kept."""
    try:
        template = parse_template(text)
    except ExpressionError:
        return text
    if not any(old in part.roots for part in template.expressions):
        return text
    return "".join(
        part
        if isinstance(part, str)
        else f"{TEMPLATE_START} {rename_in_expression(part.source, old, new)} {TEMPLATE_END}"
        for part in template.parts
    )


def rename_in_expression(source: str, old: str, new: str) -> str:
    """Write an expression anew with one root name replaced; what does not parse is kept."""
    try:
        if old not in parse_expression(source).roots:
            return source
        tree = parse_tree(source)
    except ExpressionError:
        return source
    lines = [line.encode() for line in source.strip().split("\n")]
    places = sorted(
        (node.lineno - 1, node.col_offset)
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and node.id == old
    )
    for line, column in reversed(places):
        text = lines[line]
        lines[line] = text[:column] + new.encode() + text[column + len(old.encode()) :]
    return b"\n".join(lines).decode()


def brief(source: str) -> str:
    """The beginning of a text, to be quoted in a message."""
    return source if len(source) <= 60 else f"{source[:57]}…"
