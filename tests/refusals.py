"""Ask a sandbox for one thing, and expect an answer or a refusal."""

import pytest

from flowstudio.errors import ExpressionError
from flowstudio.expressions.sandbox import Sandbox
from flowstudio.graph.references import parse_template


async def evaluate(sandbox: Sandbox, source: str, **names: object) -> object:
    """The value of one expression, as a template gives it."""
    template = parse_template("{{ " + source + " }}")
    return (await sandbox.resolve([template], names))[0]


async def refused(sandbox: Sandbox, source: str, **names: object) -> str:
    """The message with which an expression is refused."""
    with pytest.raises(ExpressionError) as caught:
        await evaluate(sandbox, source, **names)
    return str(caught.value)


async def refused_code(sandbox: Sandbox, code: str, **names: object) -> str:
    """The message with which a piece of code is refused."""
    with pytest.raises(ExpressionError) as caught:
        await sandbox.run_code(code, names)
    return str(caught.value)
