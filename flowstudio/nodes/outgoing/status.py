"""What a failing status means for the step."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from flowstudio.errors import HttpStatusError
from flowstudio.nodes.outgoing.http import Reply
from flowstudio.nodes.outgoing.masking import mask_text
from flowstudio.nodes.outgoing.text import brief, decode

_RETRYABLE = frozenset({408, 425, 429})
_MAX_RETRY_AFTER_S = 86_400.0


def check_status(reply: Reply, what: str, now: datetime, secrets: tuple[str, ...] = ()) -> None:
    """Let a good status pass.

    Raises:
        HttpStatusError: 400 or more; `what` begins its message, such as `GET api.example.com`.
    """
    if reply.status < 400:
        return
    text = brief(mask_text(decode(reply.content[:20_000], "utf-8"), secrets))
    raise HttpStatusError(
        f"{what} answered {reply.status}{f': {text}' if text else '.'}",
        retryable=reply.status in _RETRYABLE or reply.status >= 500,
        retry_after_s=_retry_after_s(reply.headers.get("retry-after", "").strip(), now),
    )


def _retry_after_s(text: str, now: datetime) -> float | None:
    if text.isascii() and text.isdecimal():
        return min(float(text[:9]), _MAX_RETRY_AFTER_S)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max((aware - now).total_seconds(), 0.0), _MAX_RETRY_AFTER_S)
