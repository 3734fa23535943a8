"""What can go wrong in a model call, and which of it may be tried again.

ModelError
├── MissingModelError     the built-in model is not installed or cannot be started
├── KeyRefusedError       the key is wrong, disabled or malformed
├── PaymentError          no credit left, or too much of it is reserved by calls in flight
├── RefusedError          a guardrail, a budget, moderation or a permission forbids the call
├── UnknownModelError     no such model, or nobody serves it with these parameters
├── InvalidRequestError   the provider does not accept the request
│   └── ContextLengthError  the messages do not fit the model's context
├── BusyError             too many requests, or the provider is overloaded
├── ProviderError         the provider failed, before or within its answer
│   ├── UnreachableError  no connection, or silence for too long
│   └── BrokenAnswerError the answer breaks off, or makes no sense
└── AnswerError           the answer is cut off or does not fit its schema
"""

from flowstudio.errors import ModelError


class MissingModelError(ModelError):
    """The built-in model is not installed or cannot be started."""


class KeyRefusedError(ModelError):
    """The key is wrong, disabled or malformed."""


class PaymentError(ModelError):
    """No credit left, or too much of it is reserved by calls in flight; then it is retryable."""


class RefusedError(ModelError):
    """A guardrail, a budget, moderation or a permission forbids the call."""


class UnknownModelError(ModelError):
    """No such model, or nobody serves it with these parameters."""


class InvalidRequestError(ModelError):
    """The provider does not accept the request."""


class ContextLengthError(InvalidRequestError):
    """The messages do not fit the model's context."""


class BusyError(ModelError):
    """Too many requests, or the provider is overloaded."""

    retryable = True


class ProviderError(ModelError):
    """The provider failed, before or within its answer."""

    retryable = True


class UnreachableError(ProviderError):
    """No connection, or silence for too long."""


class BrokenAnswerError(ProviderError):
    """The answer breaks off, or makes no sense."""


class AnswerError(ModelError):
    """The answer is cut off or does not fit its schema."""

    retryable = True
