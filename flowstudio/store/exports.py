"""Everything that is kept about a person, as JSON values and without secrets."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Row, Select, select
from sqlmodel import Session, col

from flowstudio.store.tables.audit import AuditRow
from flowstudio.store.tables.keys import ApiKeyRow
from flowstudio.store.tables.projects import MemberRow, ProjectRow
from flowstudio.store.tables.runs import RunRow
from flowstudio.store.tables.schedules import ScheduleRow
from flowstudio.store.tables.sessions import SessionRow
from flowstudio.store.tables.users import IdentityRow, UserRow
from flowstudio.store.tables.workflows import WorkflowRow

_PROFILE = ("id", "email", "name", "role", "email_verified_at", "created_at", "last_seen_at")
_SESSION = ("method", "user_agent", "address", "created_at", "refreshed_at", "revoked_at")
_IDENTITY = ("provider", "label", "created_at", "last_used_at")
_KEY = ("id", "name", "scopes", "project_id", "created_at", "expires_at", "last_used_at")
_RUN = ("id", "workflow", "project_id", "status", "created_at", "finished_at", "cost_usd")
_AUDIT = ("at", "verb", "kind", "object_id", "project_id", "result", "address")
_SCHEDULE = ("id", "project_id", "workflow_id", "name", "kind", "expression", "zone", "created_at")
_WORKFLOW = ("id", "project_id", "name", "created_at", "updated_at")


def export_person(session: Session, user_id: str) -> dict[str, Any]:
    """Everything kept about a person; workflows are those they made where they still belong."""
    mine = select(col(MemberRow.project_id)).where(col(MemberRow.user_id) == user_id)
    return {
        "format": "flowstudio-account/1",
        "profile": _rows(session, _pick(UserRow, _PROFILE).where(col(UserRow.id) == user_id))[0],
        "projects": _rows(
            session,
            select(col(ProjectRow.id), col(ProjectRow.name), col(MemberRow.role))
            .join(MemberRow, col(MemberRow.project_id) == col(ProjectRow.id))
            .where(col(MemberRow.user_id) == user_id),
        ),
        "workflows": [
            row | {"document": orjson.loads(row["document"])}
            for row in _rows(
                session,
                _pick(WorkflowRow, (*_WORKFLOW, "document")).where(
                    col(WorkflowRow.created_by) == user_id, col(WorkflowRow.project_id).in_(mine)
                ),
            )
        ],
        "runs": _rows(session, _pick(RunRow, _RUN).where(col(RunRow.created_by) == user_id)),
        "schedules": _rows(
            session,
            _pick(ScheduleRow, _SCHEDULE).where(
                col(ScheduleRow.owner_id) == user_id, col(ScheduleRow.project_id).in_(mine)
            ),
        ),
        "sessions": _rows(
            session, _pick(SessionRow, _SESSION).where(col(SessionRow.user_id) == user_id)
        ),
        "linked_accounts": _rows(
            session, _pick(IdentityRow, _IDENTITY).where(col(IdentityRow.user_id) == user_id)
        ),
        "api_keys": _rows(session, _pick(ApiKeyRow, _KEY).where(col(ApiKeyRow.user_id) == user_id)),
        "activity": _rows(
            session, _pick(AuditRow, _AUDIT).where(col(AuditRow.actor_id) == user_id)
        ),
    }


def _pick(table: Any, names: Iterable[str]) -> Select[*tuple[Any, ...]]:
    return select(*(getattr(table, name) for name in names))


def _rows(session: Session, query: Select[*tuple[Any, ...]]) -> list[dict[str, Any]]:
    return [_as_json(row) for row in session.execute(query)]


def _as_json(row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in row._mapping.items()  # noqa: SLF001 - its public way, despite the name
    }
