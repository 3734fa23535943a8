"""What went wrong in a worker, said to the person who wrote the expression or the code."""

import re
from collections.abc import Sequence

from pydantic_monty import MontyCrashedError, MontyError, MontyRuntimeError, MontySyntaxError

from flowstudio.errors import ExpressionError
from flowstudio.expressions.limits import Limits
from flowstudio.expressions.programs import Program
from flowstudio.expressions.rewrite import brief

SHOWN_MESSAGE = 500
SHOWN_SOURCES = 3
_NOT_JSON = re.compile(r"Object of type (\S+) is not JSON serializable")
_NOT_FINITE = "Out of range float"
_NOT_SUPPORTED = "The monty syntax parser does not yet support "


def in_expressions(
    error: MontyError, program: Program, sources: Sequence[str], limits: Limits
) -> ExpressionError:
    """The error of a batch of expressions, naming the one at fault where it is known."""
    places = [program.source_at(line) for line in _lines(error)]
    at_fault = next((sources[place] for place in places if place is not None), None)
    if at_fault is not None or len(sources) == 1:
        subject = f"`{brief(at_fault or sources[0])}`"
    else:
        shown = ", ".join(f"`{brief(source)}`" for source in sources[:SHOWN_SOURCES])
        subject = f"One of {shown}{', …' if len(sources) > SHOWN_SOURCES else ''}"
    return ExpressionError(f"{subject}: {explain(error, limits)}")


def in_code(error: MontyError, program: Program, limits: Limits) -> ExpressionError:
    """The error of a piece of code, naming the innermost line of it where that is known."""
    lines = [line for line in _lines(error) if program.source_at(line) == 0]
    subject = f"Line {lines[-1] - program.first_lines[0] + 1}" if lines else "The code"
    return ExpressionError(f"{subject}: {explain(error, limits)}")


def explain(error: MontyError, limits: Limits) -> str:
    """The reason, without the place."""
    if isinstance(error, MontyCrashedError):
        if error.timed_out:
            return _out_of_time(limits)
        return "the expression engine was restarted twice over this; it may need too much memory."
    inner = error.exception()
    return _passed_limit(inner, limits) or _ended(_reworded(type(inner).__name__, str(inner)))


def _passed_limit(inner: BaseException, limits: Limits) -> str | None:
    message = str(inner)
    if isinstance(inner, TimeoutError):
        sleeps = message.startswith("sleep")
        return "it may not sleep; use a wait node." if sleeps else _out_of_time(limits)
    if isinstance(inner, MemoryError):
        return f"it needs more than {limits.memory_mb} MB of memory."
    if isinstance(inner, RecursionError) or "recursion limit exceeded" in message:
        return f"it is too deep: calls and values may be nested {limits.depth} levels."
    return None


def _reworded(kind: str, message: str) -> str:
    if kind == "KeyError":
        return f"there is no key {message}"
    if found := _NOT_JSON.search(message):
        return f"it gives a {found[1]}, which is not JSON; make it text, a number, a list or a dict"
    if message.startswith(_NOT_FINITE):
        return "it gives a number that is infinite or not a number, which JSON cannot hold"
    if message.startswith(_NOT_SUPPORTED):
        return f"the sandbox does not know {message.removeprefix(_NOT_SUPPORTED)}"
    if kind in ("LookupError", "SyntaxError"):
        return message
    return f"{kind}: {message}".removesuffix(": ")


def _out_of_time(limits: Limits) -> str:
    return f"it took longer than {limits.time_s:g} s."


def _ended(message: str) -> str:
    if len(message) > SHOWN_MESSAGE:
        return f"{message[:SHOWN_MESSAGE]}…"
    return message if message.endswith(".") else f"{message}."


def _lines(error: MontyError) -> list[int]:
    if not isinstance(error, MontyRuntimeError | MontySyntaxError):
        return []
    # Only the first feed of a session holds the user's text.
    return [
        frame.line
        for frame in error.traceback()
        if "-input-0" in frame.filename or frame.filename == "main.py"
    ]
