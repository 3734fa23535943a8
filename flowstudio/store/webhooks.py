"""Webhooks and forms, and their sealed secrets."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from flowstudio.security.keyring import Sealed
from flowstudio.store.tables.webhooks import WebhookRow


@dataclass(frozen=True, slots=True)
class WebhookRecord:
    """A webhook or form without its secret.

    Attributes:
        kind: `webhook` or `form`.
        auth: `none`, `header` or `hmac`; with `header`, the secret comes in `auth_header`.
        respond: `now`, `end` or `stream`; with `end`, within `timeout_s`.
        key_from: where the deduplication key stands, whose value makes two requests the same one: a
            header, or a path into the body such as `body.order.id`; "" for none.
        per_minute, per_day: how many requests are taken; None for any number.
        shows_outputs: whether the form's result page shows what came out.
        has_secret: whether there is one.
        created_by: id of the person whose runs these are, or None when they are gone.
    """

    id: str
    workflow_id: str
    token: str = field(repr=False)
    name: str
    kind: str
    auth: str
    auth_header: str
    methods: tuple[str, ...]
    respond: str
    timeout_s: float
    key_from: str
    per_minute: int
    per_day: int | None
    shows_outputs: bool
    is_enabled: bool
    has_secret: bool
    created_by: str | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class SealedWebhook:
    """A webhook and its sealed secret, if it has one."""

    record: WebhookRecord
    sealed: Sealed | None = field(repr=False)


def find_webhook(session: Session, webhook_id: str) -> SealedWebhook | None:
    """A webhook of whatever workflow, or None."""
    row = session.get(WebhookRow, webhook_id)
    return _sealed(row) if row is not None else None


def find_by_token(session: Session, token: str) -> SealedWebhook | None:
    """The webhook at an address, or None."""
    row = session.exec(select(WebhookRow).where(WebhookRow.token == token)).first()
    return _sealed(row) if row is not None else None


def list_webhooks(session: Session, workflow_id: str) -> list[WebhookRecord]:
    """A workflow's webhooks and forms, the oldest first."""
    rows = session.exec(
        select(WebhookRow).where(WebhookRow.workflow_id == workflow_id).order_by(col(WebhookRow.id))
    )
    return [_record(row) for row in rows]


def add_webhook(session: Session, sealed: Sealed | None, **values: Any) -> WebhookRecord:
    """Make a webhook from the columns of `WebhookRow`."""
    row = WebhookRow(**_columns(values), **_secret(sealed))
    session.add(row)
    session.flush()
    return _record(row)


def change_webhook(session: Session, webhook_id: str, **values: Any) -> WebhookRecord:
    """Set columns of a webhook."""
    row = session.get_one(WebhookRow, webhook_id)
    for name, value in _columns(values).items():
        setattr(row, name, value)
    session.add(row)
    session.flush()
    return _record(row)


def put_secret(session: Session, webhook_id: str, sealed: Sealed | None) -> WebhookRecord:
    """Give a webhook another secret, or none."""
    return change_webhook(session, webhook_id, **_secret(sealed))


def remove_webhook(session: Session, webhook_id: str) -> None:
    """Remove a webhook for good."""
    session.delete(session.get_one(WebhookRow, webhook_id))
    session.flush()


def _columns(values: dict[str, Any]) -> dict[str, Any]:
    if "methods" in values:
        values = values | {"methods": " ".join(values["methods"])}
    return values


def _secret(sealed: Sealed | None) -> dict[str, Any]:
    if sealed is None:
        return {"key_id": "", "sealed": None}
    return {"key_id": sealed.key_id, "sealed": sealed.data}


def _sealed(row: WebhookRow) -> SealedWebhook:
    sealed = Sealed(row.key_id, row.sealed) if row.sealed is not None else None
    return SealedWebhook(_record(row), sealed)


def _record(row: WebhookRow) -> WebhookRecord:
    return WebhookRecord(
        id=row.id,
        workflow_id=row.workflow_id,
        token=row.token,
        name=row.name,
        kind=row.kind,
        auth=row.auth,
        auth_header=row.auth_header,
        methods=tuple(row.methods.split()),
        respond=row.respond,
        timeout_s=row.timeout_s,
        key_from=row.key_from,
        per_minute=row.per_minute,
        per_day=row.per_day,
        shows_outputs=row.shows_outputs,
        is_enabled=row.is_enabled,
        has_secret=row.sealed is not None,
        created_by=row.created_by,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
