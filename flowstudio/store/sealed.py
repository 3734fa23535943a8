"""What is sealed, and with which keys of the ring."""

import base64
import binascii
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from sqlmodel import Session, col, func, select

from flowstudio.security.keyring import Sealed
from flowstudio.store.tables.audit import InstanceRow
from flowstudio.store.tables.credentials import CredentialRow
from flowstudio.store.tables.notifications import NotificationSettingRow
from flowstudio.store.tables.webhooks import WebhookRow
from flowstudio.store.tables.workflows import WorkflowRow

_CHECK = "secret_check"


@dataclass(frozen=True, slots=True)
class SealedRow:
    """Something sealed, and whose it is.

    Attributes:
        kind: `credential`, `webhook`, or `notification webhook`, whose id is its person's.
    """

    kind: str
    id: str
    project_id: str
    name: str
    sealed: Sealed


def find_check(session: Session) -> Sealed | None:
    """The sealed text that only the right ring opens; None before the first start has written it."""
    row = session.get(InstanceRow, _CHECK)
    if row is None:
        return None
    key_id, _, text = row.value.partition(" ")
    try:
        return Sealed(key_id, base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        # No key opens this, which says what there is to say.
        return Sealed(key_id, b"")


def put_check(session: Session, sealed: Sealed) -> None:
    """Write that text down."""
    value = f"{sealed.key_id} {base64.b64encode(sealed.data).decode()}"
    row = session.get(InstanceRow, _CHECK) or InstanceRow(name=_CHECK, value=value)
    row.value = value
    session.add(row)
    session.flush()


def count_by_key(session: Session) -> Counter[str]:
    """How many secrets each key seals, by its id."""
    counted = select(CredentialRow.key_id, func.count()).group_by(col(CredentialRow.key_id))
    signing = (
        select(WebhookRow.key_id, func.count())
        .where(col(WebhookRow.sealed).is_not(None))
        .group_by(col(WebhookRow.key_id))
    )
    own = (
        select(NotificationSettingRow.webhook_key_id, func.count())
        .where(col(NotificationSettingRow.webhook_secret).is_not(None))
        .group_by(col(NotificationSettingRow.webhook_key_id))
    )
    total: Counter[str] = Counter()
    for query in (counted, signing, own):
        total += Counter(dict(session.exec(query).all()))
    return total


def list_sealed(session: Session) -> Iterator[SealedRow]:
    """Every secret of every project, sealed."""
    for row in session.exec(select(CredentialRow)):
        sealed = Sealed(row.key_id, row.sealed)
        yield SealedRow("credential", row.id, row.project_id, row.name, sealed)
    hooks = select(WebhookRow, WorkflowRow.project_id).join(
        WorkflowRow, col(WorkflowRow.id) == col(WebhookRow.workflow_id)
    )
    for hook, project_id in session.exec(hooks):
        if hook.sealed is not None:
            sealed = Sealed(hook.key_id, hook.sealed)
            yield SealedRow("webhook", hook.id, project_id, hook.name, sealed)
    for setting in session.exec(select(NotificationSettingRow)):
        if setting.webhook_secret is not None:
            sealed = Sealed(setting.webhook_key_id, setting.webhook_secret)
            yield SealedRow("notification webhook", setting.user_id, "", "", sealed)


def put_sealed(session: Session, found: SealedRow, sealed: Sealed) -> None:
    """Replace what a row holds by the same, sealed anew."""
    if found.kind == "notification webhook":
        setting = session.get_one(NotificationSettingRow, found.id)
        setting.webhook_key_id, setting.webhook_secret = sealed.key_id, sealed.data
        session.add(setting)
        session.flush()
        return
    table = CredentialRow if found.kind == "credential" else WebhookRow
    row = session.get_one(table, found.id)
    row.key_id, row.sealed = sealed.key_id, sealed.data
    session.add(row)
    session.flush()
