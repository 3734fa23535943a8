"""What went wrong in a step, as the journal and a person see it."""

from typing import Any

from flowstudio.errors import JournalError, StepError

_LONGEST_MESSAGE = 10_000


def clean(message: str) -> str:
    """A message that can be stored: valid UTF-8, and of a length that somebody may read."""
    if len(message) > _LONGEST_MESSAGE:
        message = f"{message[:_LONGEST_MESSAGE]}… ({len(message):,} characters)"
    return message.encode("utf-8", "replace").decode()


def error_in(errors: BaseExceptionGroup[BaseException]) -> JournalError | StepError:
    """The error that a group of them comes down to.

    A container's own TaskGroup wraps what its turns raised. Trouble with storage goes first, as it
    is none of the node's.
    """
    storage, _ = errors.split(JournalError)
    first: BaseException = storage or errors
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    if isinstance(first, JournalError | StepError):
        return first
    return StepError(f"{type(first).__name__}: {first}")


def failure_data(error: StepError, attempt: int) -> dict[str, Any]:
    """What a `step_failed` event says of an error.

    One that came up from inside a container keeps the kind, node and path of where it arose.
    """
    described = {
        "type": getattr(error, "kind", type(error).__name__),
        "message": clean(str(error)),
    }
    if (node := getattr(error, "node", None)) is not None:
        described |= {"node": node, "path": getattr(error, "path", "")}
    return {"attempt": attempt, "error": described}
