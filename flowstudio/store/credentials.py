"""Credentials, sealed, and which workflows name them."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import literal
from sqlmodel import Session, col, select

from flowstudio.security.keyring import Sealed
from flowstudio.store.dialect import has_bytes
from flowstudio.store.tables.credentials import CredentialRow
from flowstudio.store.tables.workflows import WorkflowRow


@dataclass(frozen=True, slots=True)
class CredentialRecord:
    """A credential without its secret.

    Attributes:
        hosts: where it may be sent.
        details: what else is no secret, such as the header's name.
        created_by: id of the person, or None when they are gone.
    """

    id: str
    project_id: str
    name: str
    kind: str
    hosts: tuple[str, ...]
    details: Mapping[str, Any]
    created_by: str | None
    created_at: datetime
    updated_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class SealedCredential:
    """A credential and its sealed secret."""

    record: CredentialRecord
    sealed: Sealed = field(repr=False)


@dataclass(frozen=True, slots=True)
class NamingWorkflow:
    """A workflow in whose document a credential's id occurs."""

    id: str
    name: str
    document: bytes = field(repr=False)


def find_credential(session: Session, credential_id: str) -> SealedCredential | None:
    """A credential of whatever project, or None."""
    row = session.get(CredentialRow, credential_id)
    return _sealed(row) if row is not None else None


def find_newest(session: Session, project_id: str, kind: str) -> SealedCredential | None:
    """The newest credential of a kind in a project, or None."""
    row = session.exec(
        select(CredentialRow)
        .where(CredentialRow.project_id == project_id, CredentialRow.kind == kind)
        .order_by(col(CredentialRow.created_at).desc(), col(CredentialRow.id).desc())
        .limit(1)
    ).first()
    return _sealed(row) if row is not None else None


def list_credentials(
    session: Session, project_id: str, *, limit: int, after: str | None = None
) -> list[CredentialRecord]:
    """A project's credentials, the newest first; `after` is the last id seen."""
    wanted = select(CredentialRow).where(CredentialRow.project_id == project_id)
    if after is not None:
        wanted = wanted.where(CredentialRow.id < after)
    rows = session.exec(wanted.order_by(col(CredentialRow.id).desc()).limit(limit))
    return [_record(row) for row in rows]


def find_id_by_name(session: Session, project_id: str, name: str) -> str | None:
    """Id of the credential of this name, or None."""
    return session.exec(
        select(CredentialRow.id).where(
            CredentialRow.project_id == project_id, CredentialRow.name == name
        )
    ).first()


def known_ids(session: Session, project_id: str, ids: Collection[str]) -> set[str]:
    """Those of the ids that name a credential of the project."""
    found = select(CredentialRow.id).where(
        CredentialRow.project_id == project_id, col(CredentialRow.id).in_(ids)
    )
    return set(session.exec(found))


def put_credential(session: Session, record: CredentialRecord, sealed: Sealed) -> None:
    """Add a credential, or replace all of it."""
    row = CredentialRow(
        id=record.id,
        project_id=record.project_id,
        name=record.name,
        kind=record.kind,
        hosts=json.dumps(record.hosts),
        shown=json.dumps(dict(record.details)),
        key_id=sealed.key_id,
        sealed=sealed.data,
        created_by=record.created_by,
        created_at=record.created_at,
        updated_at=record.updated_at,
        last_used_at=record.last_used_at,
    )
    session.merge(row)
    session.flush()


def note_use(session: Session, credential_id: str, now: datetime) -> None:
    """Remember when it was last used, if it is still there."""
    row = session.get(CredentialRow, credential_id)
    if row is not None:
        row.last_used_at = now
        session.add(row)
        session.flush()


def remove_credential(session: Session, credential_id: str) -> None:
    """Remove it for good."""
    session.delete(session.get_one(CredentialRow, credential_id))
    session.flush()


def list_naming(session: Session, project_id: str, credential_id: str) -> list[NamingWorkflow]:
    """The project's workflows in whose documents the id occurs, by name."""
    rows = session.exec(
        select(WorkflowRow)
        .where(
            WorkflowRow.project_id == project_id,
            has_bytes(col(WorkflowRow.document), literal(credential_id.encode())),
        )
        .order_by(col(WorkflowRow.name))
    )
    return [NamingWorkflow(row.id, row.name, row.document) for row in rows]


def _sealed(row: CredentialRow) -> SealedCredential:
    return SealedCredential(_record(row), Sealed(row.key_id, row.sealed))


def _record(row: CredentialRow) -> CredentialRecord:
    return CredentialRecord(
        id=row.id,
        project_id=row.project_id,
        name=row.name,
        kind=row.kind,
        hosts=tuple(json.loads(row.hosts)),
        details=json.loads(row.shown),
        created_by=row.created_by,
        created_at=row.created_at,
        updated_at=row.updated_at,
        last_used_at=row.last_used_at,
    )
