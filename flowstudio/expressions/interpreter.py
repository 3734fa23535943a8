"""One fresh interpreter in a worker process, for the length of one call."""

from collections.abc import Callable
from typing import Any

from pydantic_monty import MontySession

from flowstudio.errors import ExpressionError
from flowstudio.expressions.limits import MAX_RESULT
from flowstudio.graph import canonical

_UNREADABLE = "The code changed names of the sandbox's own, those that start with an underscore."


class Interpreter:
    """Runs programs one after the other; what one leaves behind, the next one finds."""

    def __init__(self, session: MontySession, count: Callable[[], None]) -> None:
        self._session = session
        self._count = count
        self._received = 0

    def run(self, program: str, **texts: str) -> list[Any]:
        """Run a program whose value is a list of JSON texts; returns what they say.

        Raises:
            pydantic_monty.MontyError: the program failed or passed a limit.
            ExpressionError: the results of the call are too large together, or the program was
                tampered with.
        """
        self._count()
        written = self._session.feed_run(program, inputs=texts, print_callback=_drop)
        if not isinstance(written, list) or not all(isinstance(text, str) for text in written):
            raise ExpressionError(_UNREADABLE)
        self._received += sum(map(len, written))
        if self._received > MAX_RESULT:
            raise ExpressionError(f"The result has more than {MAX_RESULT:,} characters.")
        try:
            return [canonical.load(text) for text in written]
        except (ValueError, RecursionError) as error:
            raise ExpressionError(_UNREADABLE) from error


def _drop(_stream: str, _text: str) -> None:
    """Printed output has no reader; dropping it here keeps it from the server's own output."""
