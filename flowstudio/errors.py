"""Every error FlowStudio raises on purpose, in one tree.

FlowStudioError
├── InvalidDocumentError     a workflow document that cannot be used; carries every problem
├── InvalidInputError        inputs, answers or settings that break their schema
├── NotFoundError            no such run, workflow, model, blob …; or none that the actor may see
├── ConflictError            the thing is not in a state that allows this
│   └── StaleRevisionError   it was changed since the caller read it
├── NotSignedInError         nobody, or nobody any more, is behind the request
├── AccessDeniedError        the actor may not do this
│   └── ProofNeededError     the actor may, after giving the password again
├── ThrottledError           too many attempts; says when to try again
├── QueueClosedError         the queue takes no new runs for now; says when to try again
├── SecretKeyError           the secret key is missing or is not the one the data was sealed with
├── StepError                a node could not do its work; the run decides what follows
│   ├── ExpressionError      a template, expression or custom code failed or passed a limit
│   ├── StepTimeoutError     the step took longer than its timeout_s
│   ├── BudgetError          the next call would pass the run's max_cost_usd
│   ├── AddressRefusedError  an outgoing request aimed at an address that is not allowed
│   ├── HttpStatusError      the other side answered with a failing status
│   └── ModelError           a model call failed (its subclasses live in llm/errors.py)
└── JournalError             the journal could not be read or written
    ├── StaleOwnerError      another process has taken this run over
    └── JournalDamagedError  a stored row no longer reads as what was written

A message says what is wrong, where, and what to do. No HTTP status lives here: each door has one
table that maps these classes to its own language.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


class FlowStudioError(Exception):
    """Root of the tree."""


class InvalidDocumentError(FlowStudioError):
    """A workflow document that cannot be used.

    Attributes:
        problems: all of them, in document order (`flowstudio.graph.problems.Problem`).
    """

    def __init__(self, problems: "Sequence[Any]") -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class InvalidInputError(FlowStudioError):
    """Inputs, answers or settings that break their schema.

    Attributes:
        problems: one sentence each, all at once.
    """

    def __init__(self, problems: "Sequence[str]") -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


class NotFoundError(FlowStudioError):
    """No such thing."""


class ConflictError(FlowStudioError):
    """The thing is not in a state that allows this."""


class StaleRevisionError(ConflictError):
    """The thing was changed since the caller read it; nothing was written."""


class NotSignedInError(FlowStudioError):
    """Nobody, or nobody any more, is behind the request."""


class AccessDeniedError(FlowStudioError):
    """The actor may not do this."""


class ProofNeededError(AccessDeniedError):
    """The actor may do this only shortly after having proved who they are."""


class ThrottledError(FlowStudioError):
    """Too many attempts.

    Attributes:
        retry_after_s: seconds until another one is allowed.
    """

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class QueueClosedError(FlowStudioError):
    """The queue is being drained and takes no new runs; what waits in it goes on.

    Attributes:
        retry_after_s: seconds after which it may be open again.
    """

    retry_after_s: float = 60.0


class SecretKeyError(FlowStudioError):
    """The secret key is missing, too weak, or not the one the data was sealed with."""


class StepError(FlowStudioError):
    """A node could not do its work.

    Attributes:
        retryable: whether another attempt may succeed; `retry.attempts` decides if one is made.
        is_final: it ends the run, whatever `on_error` and containers around it say.
        retry_after_s: the least wait before it, when the other side named one.
    """

    retryable: bool = True
    is_final: bool = False

    def __init__(
        self, message: str, *, retryable: bool | None = None, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message)
        if retryable is not None:
            self.retryable = retryable
        self.retry_after_s = retry_after_s


class ExpressionError(StepError):
    """A template, expression or custom code failed or passed a limit."""

    retryable = False


class StepTimeoutError(StepError):
    """The step took longer than its `timeout_s`."""


class BudgetError(StepError):
    """The next call would pass the run's `max_cost_usd`; no `on_error` catches it."""

    retryable = False
    is_final = True


class AddressRefusedError(StepError):
    """An outgoing request aimed at an address that is not allowed."""

    retryable = False


class HttpStatusError(StepError):
    """The other side answered with a failing status."""

    retryable = False


class ModelError(StepError):
    """A model call failed."""

    retryable = False


class JournalError(FlowStudioError):
    """The journal could not be read or written; what was committed stays."""


class StaleOwnerError(JournalError):
    """Another process has taken this run over; this one must stop without writing."""


class JournalDamagedError(JournalError):
    """A stored row no longer reads as what was written.

    Attributes:
        seq: of the event whose output is damaged, if it is one; the step can run again.
    """

    def __init__(self, message: str, seq: int | None = None) -> None:
        super().__init__(message)
        self.seq = seq
