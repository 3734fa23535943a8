"""The programs a worker is fed, as text.

Only text crosses the wall: values go in as one JSON text and come out as JSON texts. A worker
therefore cannot hand over an object that is small there and huge here, or one that is not JSON.
"""

import ast
import json
import keyword
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from flowstudio.errors import ExpressionError
from flowstudio.expressions.limits import MAX_CODE, MAX_RESULT
from flowstudio.expressions.rewrite import rewrite

_READ = """\
import json as _json
_names = _json.loads(_in)
_in = None
"""

# `dumps` itself makes lists of tuples, generators and `map`, refuses what is nested too deeply or
# in a circle, and counts its text against the memory limit. Builtins are kept as defaults, for code
# may give their names another meaning.
_WRITE = f"""\
def _write(value, len=len):
    try:
        text = _json.dumps(value, ensure_ascii=False, allow_nan=False)
    except TypeError:
        text = _json.dumps(_plain(value), ensure_ascii=False, allow_nan=False)
    if len(text) > {MAX_RESULT}:
        raise LookupError('the result has more than {MAX_RESULT:,} characters.')
    return text
def _plain(value, type=type, isinstance=isinstance, dict=dict, list=list, sorted=sorted, str=str):
    kind = type(value).__name__
    if isinstance(value, dict):
        return {{key: _plain(entry) for key, entry in value.items()}}
    if kind in ('set', 'frozenset'):
        try:
            value = sorted(value)
        except TypeError:
            value = list(value)
    lists = ('tuple', 'deque', 'range', 'dict_keys', 'dict_values', 'dict_items')
    if isinstance(value, list) or kind in lists:
        return [_plain(entry) for entry in value]
    if kind in ('datetime', 'date', 'time'):
        return value.isoformat()
    return str(value) if kind == 'Decimal' else value
"""

_LOOK_UP = """\
def _get(value, key, of):
    if isinstance(value, dict):
        if key in value:
            return value[key]
        raise LookupError(f"'{of}' has no '{key}'; it has: {', '.join(list(value)[:20]) or 'nothing'}.")
    if value is None:
        raise LookupError(f"'{of}' is null, so it has no '{key}'.")
    if isinstance(value, list):
        raise LookupError(f"'{of}' is a list, so it has no '{key}'; pick an entry, such as [0].")
    return getattr(value, key)
"""

_EACH = """\
_at = 0
def _run(items, start):
    global _at
    rows = []
    for offset, item in enumerate(items):
        _at = start + offset
        rows.append(_write([each(item, _at, *_values) for each in _each]))
    return rows
"""
RUN_ITEMS = "_run(_json.loads(_items), int(_start))\n"
READ_POSITION = "[_write(_at)]"

ITEMS_PER_BATCH = 5_000
CHARACTERS_PER_BATCH = 2_000_000


@dataclass(frozen=True, slots=True)
class Program:
    """Text for a worker.

    Attributes:
        first_lines: where each of the user's sources starts, and the line after the last.
    """

    text: str
    first_lines: tuple[int, ...]

    def source_at(self, line: int) -> int | None:
        """Which of the sources stands on this line."""
        if not self.first_lines[0] <= line < self.first_lines[-1]:
            return None
        return sum(first <= line for first in self.first_lines) - 1


def for_expressions(
    sources: Sequence[str], names: Collection[str], modules: Collection[str]
) -> Program:
    """A program whose value is a list with the JSON of each expression's value."""
    # Names are parameters: a node called `list` is in nobody's way, and what one expression binds
    # with `:=` does not reach the next.
    names_text = ", ".join(names)
    lines = [f"_write((lambda {names_text}: {rewrite(each)})(*_values))," for each in sources]
    return _assemble(_expression_prelude(names, modules) + "[\n", lines, "]\n")


def for_items(sources: Sequence[str], names: Collection[str], modules: Collection[str]) -> Program:
    """A program whose value is a list with, for each item, the JSON of its expressions' values.

    `RUN_ITEMS` repeats its last line for further items.
    """
    names_text = ", ".join(("item", "index", *names))
    lines = [f"lambda {names_text}: {rewrite(each)}," for each in sources]
    prelude = _expression_prelude(names, modules) + _EACH + "_each = [\n"
    return _assemble(prelude, lines, "]\n" + RUN_ITEMS)


def for_code(code: str, names: Collection[str]) -> Program:
    """A program whose value is the JSON of the last expression's value, in a list.

    Raises:
        ExpressionError: the code does not parse, and the message names the line; or a name is none.
    """
    _check_names(names)
    bound = "".join(f"{name} = _names['{name}']\n" for name in names)
    return _assemble(_READ + _WRITE + bound, [_keep_last(code)], "[_write(_result)]\n")


def encode(value: Any) -> str:
    """JSON text of values on their way to a worker.

    Raises:
        ExpressionError: the value is nested too deeply or is not JSON.
    """
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        pass
    try:
        # orjson refuses integers beyond 64 bits, which JSON allows.
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ExpressionError(
            f"A value that is read here is too deep or not JSON: {error}"
        ) from error


def batches(items: Sequence[Any]) -> Iterator[tuple[int, str]]:
    """Items as JSON texts that a worker can hold, each with the index of its first item.

    Raises:
        ExpressionError: an item is nested too deeply or is not JSON.
    """
    start, size = 0, 0
    texts: list[str] = []
    for index, item in enumerate(items):
        text = encode(item)
        if texts and (len(texts) == ITEMS_PER_BATCH or size + len(text) > CHARACTERS_PER_BATCH):
            yield start, f"[{','.join(texts)}]"
            start, size, texts = index, 0, []
        texts.append(text)
        size += len(text)
    if texts:
        yield start, f"[{','.join(texts)}]"


def _check_names(names: Iterable[str]) -> None:
    for name in names:
        if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("_"):
            raise ExpressionError(
                f"{name!r} cannot be a name in code: use letters, digits and underscores, "
                "and start with a letter."
            )


def _expression_prelude(names: Collection[str], modules: Collection[str]) -> str:
    imports = "".join(f"import {name}\n" for name in sorted(modules))
    values = ", ".join(f"_names['{name}']" for name in names)
    return f"{_READ}{imports}_values = [{values}]\n{_WRITE}{_LOOK_UP}"


def _assemble(prelude: str, sources: Sequence[str], end: str) -> Program:
    first_lines = [prelude.count("\n") + 1]
    for source in sources:
        first_lines.append(first_lines[-1] + source.count("\n") + 1)
    return Program(prelude + "".join(f"{source}\n" for source in sources) + end, tuple(first_lines))


def _keep_last(code: str) -> str:
    code = code.replace("\r\n", "\n").replace("\r", "\n")
    last = _last_expression(code)
    if last is None:
        return f"{code}\n_result = None"
    lines = code.encode().split(b"\n")
    end, start = (last.end_lineno or 1) - 1, last.lineno - 1
    lines[end] = lines[end][: last.end_col_offset] + b")" + lines[end][last.end_col_offset :]
    lines[start] = (
        lines[start][: last.col_offset] + b"_result = (" + lines[start][last.col_offset :]
    )
    return b"\n".join(lines).decode()


def _last_expression(code: str) -> ast.Expr | None:
    if len(code) > MAX_CODE:
        raise ExpressionError(f"Code has at most {MAX_CODE:,} characters; this has {len(code):,}.")
    try:
        body = ast.parse(code).body
    except SyntaxError as error:
        raise ExpressionError(f"Line {error.lineno or 1}: {error.msg}.") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise ExpressionError(f"The code is too deep or not valid: {error}".rstrip(": ")) from error
    last = body[-1] if body else None
    return last if isinstance(last, ast.Expr) else None
