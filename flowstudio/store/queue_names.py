"""What the things that limits and rates are set for are called."""

from collections.abc import Collection

from sqlmodel import Session, col, select

from flowstudio.store.tables.credentials import CredentialRow
from flowstudio.store.tables.projects import ProjectRow
from flowstudio.store.tables.workflows import WorkflowRow

_MOST = 500


def list_names(session: Session, ids: Collection[str]) -> dict[str, str]:
    """Names of projects, workflows and credentials, by id; what is gone has none."""
    names: dict[str, str] = {}
    for row in (ProjectRow, WorkflowRow):
        found = session.exec(select(row.id, row.name).where(col(row.id).in_(ids)))
        names |= dict(found.all())
    return names | dict(_credentials(session, ids))


def list_credential_names(session: Session) -> list[tuple[str, str]]:
    """Ids of the credentials of all projects, and what they are called; nothing else of them."""
    return _credentials(session, None)


def _credentials(session: Session, ids: Collection[str] | None) -> list[tuple[str, str]]:
    query = select(CredentialRow.id, CredentialRow.name, ProjectRow.name).join(
        ProjectRow, col(ProjectRow.id) == col(CredentialRow.project_id)
    )
    if ids is not None:
        query = query.where(col(CredentialRow.id).in_(ids))
    order = (col(ProjectRow.name), col(CredentialRow.name))
    found = session.exec(query.order_by(*order).limit(_MOST))
    return [(each_id, f"{name} ({project})") for each_id, name, project in found]
