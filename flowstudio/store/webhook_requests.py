"""What came in at webhooks lately."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import delete
from sqlmodel import Session, col, select

from flowstudio.store.tables.webhooks import WebhookRequestRow, WebhookRow

#: Of a link, and as many again of its test address.
MOST_REQUESTS = 20


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """A request as it came in, without secrets.

    Attributes:
        headers, query: JSON lists of pairs.
        body: as text, cut.
        size: of the whole body, in bytes.
        detail: why it was refused, or "".
        run_id: of the run it made or was given, or "".
    """

    id: str
    webhook_id: str
    is_test: bool
    at: datetime
    method: str
    headers: str = field(repr=False)
    query: str = field(repr=False)
    body: str = field(repr=False)
    size: int
    status: int
    detail: str
    run_id: str


# Ids of one millisecond are in no order.
_NEWEST = (col(WebhookRequestRow.at).desc(), col(WebhookRequestRow.id).desc())


def list_requests(session: Session, webhook_id: str) -> list[RequestRecord]:
    """The newest first."""
    rows = session.exec(
        select(WebhookRequestRow)
        .where(WebhookRequestRow.webhook_id == webhook_id)
        .order_by(*_NEWEST)
    )
    return [RequestRecord(**row.model_dump()) for row in rows]


def put_requests(session: Session, webhook_id: str, records: list[RequestRecord]) -> None:
    """Add requests, and let go of those that are too old; does nothing if the link is gone."""
    if session.get(WebhookRow, webhook_id) is None:
        return
    for record in records:
        session.add(WebhookRequestRow(**{name: getattr(record, name) for name in record.__slots__}))
    session.flush()
    for is_test in (False, True):
        newest = (
            select(WebhookRequestRow.id)
            .where(
                WebhookRequestRow.webhook_id == webhook_id,
                WebhookRequestRow.is_test == is_test,
            )
            .order_by(*_NEWEST)
            .limit(MOST_REQUESTS)
        )
        session.execute(
            delete(WebhookRequestRow).where(
                col(WebhookRequestRow.webhook_id) == webhook_id,
                col(WebhookRequestRow.is_test) == is_test,
                col(WebhookRequestRow.id).not_in(newest),
            )
        )
