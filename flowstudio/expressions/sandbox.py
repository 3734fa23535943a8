"""The evaluator: the user's language, run out of process under limits."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal, Self

from pydantic_monty import MontyError, MontyRuntimeError

from flowstudio.errors import ExpressionError
from flowstudio.expressions import faults, programs
from flowstudio.expressions.interpreter import Interpreter
from flowstudio.expressions.limits import CODE_LIMITS, EXPRESSION_LIMITS, Limits
from flowstudio.expressions.paths import unknown_name, walk
from flowstudio.expressions.programs import Program
from flowstudio.expressions.templates import render
from flowstudio.expressions.wall import Wall
from flowstudio.expressions.workers import Workers
from flowstudio.graph.references import (
    BUILTIN_NAMES,
    MODULE_NAMES,
    Expression,
    Path,
    Template,
    parse_expression,
)

ITEM_NAMES = ("item", "index")
#: Items walked in this process before others get their turn.
ITEMS_PER_TURN = 2_000


class Sandbox:
    """Evaluates templates, expressions and custom code in worker processes.

    Implements `flowstudio.engine.contract.Evaluator`. Names that nothing reads are never looked up.
    Plain paths are walked here; all the rest of a call makes one exchange with a worker, or one
    for every few thousand items.
    """

    def __init__(
        self,
        kind: Literal["run", "preview"] = "run",
        processes: int = 2,
        *,
        limits: Limits = EXPRESSION_LIMITS,
        code_limits: Limits = CODE_LIMITS,
        wall: Wall | None = None,
    ) -> None:
        self._limits = limits
        self._code_limits = code_limits
        self._workers = Workers(kind, processes, wall)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def exchanges(self) -> int:
        """Programs sent to workers so far."""
        return self._workers.exchanges

    @property
    def wall(self) -> Wall:
        """What stands around the workers besides the language itself."""
        return self._workers.wall

    async def open(self) -> None:
        """Start a worker now; otherwise the first expression does."""
        await self.evaluate(["True"], {})

    async def close(self) -> None:
        """End the workers; nothing can be evaluated afterwards."""
        await self._workers.close()

    async def resolve(self, templates: Sequence[Template], names: Mapping[str, Any]) -> list[Any]:
        """Values of templates; one expression alone keeps its type, mixed text becomes a string."""
        expressions = [part for template in templates for part in template.expressions]
        values = await self._values(expressions, names)
        return [render(template, values) for template in templates]

    async def evaluate(self, sources: Sequence[str], names: Mapping[str, Any]) -> list[Any]:
        """Values of bare expressions over the same names."""
        values = await self._values([parse_expression(source) for source in sources], names)
        return [values[source] for source in sources]

    async def evaluate_each(
        self, sources: Sequence[str], items: Sequence[Any], names: Mapping[str, Any]
    ) -> list[list[Any]]:
        """For each of `items`, the values of the expressions with `item` and `index` in scope."""
        expressions = [parse_expression(source) for source in sources]
        paths = [path for each in expressions if (path := each.path) and path[0] in ITEM_NAMES]
        if len(paths) == len(sources):
            return await _walk_each(paths, items)
        read, modules = _select(expressions, names, ITEM_NAMES)
        program = programs.for_items(sources, read, modules)
        if not items:
            return []
        try:
            return await self._workers.run(
                lambda interpreter: self._run_each(interpreter, program, sources, read, items),
                self._limits,
            )
        except MontyError as error:
            raise faults.in_expressions(error, program, sources, self._limits) from error

    async def run_code(self, code: str, names: Mapping[str, Any]) -> Any:
        """The value of the last expression of a piece of code that sees only `names`.

        The code is plain Python as the sandbox knows it, without the dots on dictionaries that
        expressions have. What it prints is dropped; if its last statement is no expression, the
        value is null.
        """
        program = programs.for_code(code, list(names))
        data = programs.encode(dict(names))

        limits = self._code_limits
        try:
            return await self._workers.run(
                lambda interpreter: interpreter.run(program.text, _in=data)[0], limits
            )
        except MontyError as error:
            raise faults.in_code(error, program, limits) from error

    async def _values(
        self, expressions: Sequence[Expression], names: Mapping[str, Any]
    ) -> dict[str, Any]:
        values: dict[str, Any] = {}
        others: dict[str, Expression] = {}
        for expression in expressions:
            if expression.path and expression.path[0] in names:
                values[expression.source] = walk(expression.path, names)
            else:
                others[expression.source] = expression
        if others:
            values.update(await self._run(others, names))
        return values

    async def _run(
        self, expressions: Mapping[str, Expression], names: Mapping[str, Any]
    ) -> dict[str, Any]:
        sources = list(expressions)
        read, modules = _select(expressions.values(), names)
        program = programs.for_expressions(sources, read, modules)

        try:
            values = await self._workers.run(
                lambda interpreter: interpreter.run(program.text, _in=programs.encode(read)),
                self._limits,
            )
        except MontyError as error:
            raise faults.in_expressions(error, program, sources, self._limits) from error
        return dict(zip(sources, values, strict=True))

    def _run_each(
        self,
        interpreter: Interpreter,
        program: Program,
        sources: Sequence[str],
        read: Mapping[str, Any],
        items: Sequence[Any],
    ) -> list[list[Any]]:
        rows: list[list[Any]] = []
        text, data = program.text, programs.encode(read)
        for start, batch in programs.batches(items):
            try:
                rows += interpreter.run(text, _in=data, _items=batch, _start=str(start))
            except MontyRuntimeError as error:
                if isinstance(error.exception(), TimeoutError | MemoryError):
                    # After a limit the interpreter must not be asked anything more.
                    raise
                fault = faults.in_expressions(error, program, sources, self._limits)
                index = interpreter.run(programs.READ_POSITION)[0]
                raise _at_item(fault, index) from error
            text, data = programs.RUN_ITEMS, ""
        return rows


def _select(
    expressions: Collection[Expression], names: Mapping[str, Any], own: Collection[str] = ()
) -> tuple[dict[str, Any], set[str]]:
    """The values that expressions read, and the modules they use."""
    read: dict[str, Any] = {}
    modules: set[str] = set()
    for root in sorted({root for each in expressions for root in each.roots}.difference(own)):
        if root in names:
            read[root] = names[root]
        elif root in MODULE_NAMES:
            modules.add(root)
        elif root not in BUILTIN_NAMES:
            raise unknown_name(root)
    return read, modules


async def _walk_each(paths: Sequence[Path], items: Sequence[Any]) -> list[list[Any]]:
    rows: list[list[Any]] = []
    for index, item in enumerate(items):
        try:
            rows.append([walk(path, {"item": item, "index": index}) for path in paths])
        except ExpressionError as error:
            raise _at_item(error, index) from error
        if index % ITEMS_PER_TURN == ITEMS_PER_TURN - 1:
            await asyncio.sleep(0)
    return rows


def _at_item(error: ExpressionError, index: int) -> ExpressionError:
    return ExpressionError(f"Item {index}: {error}")
