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
from flowstudio.graph.wording import brief

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
    free = free_names(tree)
    roots = frozenset(node.id for node in free)
    return Expression(source, roots, _fixed_path(tree), tuple(_reads(tree, free)))


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


def free_names(tree: ast.expr) -> list[ast.Name]:
    """The names an expression reads from outside: not those it binds itself, where it binds them."""
    # A walrus binds in the whole expression, also from inside a comprehension.
    walruses = {
        node.target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.NamedExpr) and isinstance(node.target, ast.Name)
    }
    free: list[ast.Name] = []
    stack: list[tuple[ast.AST, frozenset[str]]] = [(tree, frozenset(walruses))]
    while stack:
        node, bound = stack.pop()
        if isinstance(node, ast.Name):
            if node.id not in bound:
                free.append(node)
        else:
            stack.extend(_children(node, bound))
    return free


def _children(node: ast.AST, bound: frozenset[str]) -> Iterator[tuple[ast.AST, frozenset[str]]]:
    """The parts of a node, each with the names bound there."""
    if isinstance(node, ast.Lambda):
        arguments = {part.arg for part in ast.walk(node.args) if isinstance(part, ast.arg)}
        yield node.args, bound
        yield node.body, bound | arguments
    elif isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
        targets = [part for loop in node.generators for part in ast.walk(loop.target)]
        inside = bound | {part.id for part in targets if isinstance(part, ast.Name)}
        # The first iterable is evaluated outside, before any name is bound.
        yield node.generators[0].iter, bound
        for child in ast.iter_child_nodes(node):
            if child is not node.generators[0]:
                yield child, inside
        for child in ast.iter_child_nodes(node.generators[0]):
            if child is not node.generators[0].iter:
                yield child, inside
    else:
        for child in ast.iter_child_nodes(node):
            yield child, bound


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


def _root(node: ast.expr) -> ast.expr:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node


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


def _reads(tree: ast.expr, free: list[ast.Name]) -> list[Path]:
    found: set[Path] = set()
    read_here = {id(node) for node in free}
    # A method call reads the value the method belongs to, not a key of that name.
    methods = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    stack: list[ast.AST] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.expr) and id(node) not in methods:
            path = _fixed_path(node)
            if path is not None:
                if id(_root(node)) in read_here:
                    found.add(path)
                continue
        stack.extend(ast.iter_child_nodes(node))
    return sorted(found, key=str)
