"""Whom and what the code that logs is busy with; tasks begun meanwhile inherit it."""

from contextvars import ContextVar
from typing import Final

#: In the order in which a line of the log shows them.
_NAMES: Final = ("request_id", "user_id", "run_id", "workflow_id")
_FIELDS: Final = {name: ContextVar(name, default="") for name in _NAMES}


def note(**fields: str) -> None:
    """From here on in this task, log lines carry these; an empty text takes a field away.

    Raises:
        KeyError: no line has such a field.
    """
    for name, value in fields.items():
        _FIELDS[name].set(value)


def noted() -> dict[str, str]:
    """What is known here."""
    return {name: value for name in _NAMES if (value := _FIELDS[name].get())}
