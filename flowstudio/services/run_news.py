"""What people are told of runs: that they failed, wait for somebody, or have spent their budget."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from hashlib import sha256

from sqlmodel import Session

from flowstudio.llm.failures import KEY_SETTING
from flowstudio.services.access import PROJECT_ROLES
from flowstudio.services.answers import is_asked
from flowstudio.services.system_notices import trouble
from flowstudio.store import members, notices, questions
from flowstudio.store.journal_rows import NEAR_LIMIT
from flowstudio.store.members import MemberRecord
from flowstudio.store.notice_types import PRIORITIES, NoticeType, Priority
from flowstudio.store.notices import Members, Notice, People
from flowstudio.store.questions import RunNews

_KEY_ERROR = "KeyRefusedError"
_MOST_MEMBERS = 1_000
_BUDGET_ERROR = "BudgetError"
_CHARACTERS = 500


def tell_news(session: Session, limit: int, now: datetime) -> int:
    """Tell people of what happened in runs, inside a work that writes; gives how much it was."""
    taken = questions.take_news(session, limit)
    for news in taken:
        for notice in (_notice(session, news, now), _refused_key(news, now)):
            if notice is not None:
                notices.add(session, notice)
    return len(taken)


def escalate(session: Session, limit: int, now: datetime) -> int:
    """Ask those who are asked when nobody has answered, inside a work that writes."""
    taken = questions.take_escalations(session, now, limit)
    for news in taken:
        if news.is_draft or not news.project_id:
            continue
        asked = _asked(session, news.project_id, news.data.get("escalate_to") or ())
        notices.add(session, waiting_notice(news, asked, now, why="escalated"))
    return len(taken)


def waiting_notice(
    news: RunNews, asked: Sequence[str], now: datetime, *, why: str = "", by: str = ""
) -> Notice:
    """That a run waits for people.

    Args:
        news: of the event by which it asks.
        asked: ids of whom it asks.
        now: when they are told.
        why: they are asked beside the first ones: `escalated`, or `assigned` by somebody.
        by: name of that somebody.
    """
    # Who was asked before is not told anew when more are asked; who is named anew is.
    key = f"run:{news.run_id}:{news.seq}" + (f":{now.isoformat()}" if why == "assigned" else "")
    wish = _WISHES.get(str(news.data.get("kind")), "waits for your answer")
    title = f"“{news.workflow}” {wish}"
    if why == "escalated":
        title = f"Nobody has answered yet: {title}"
    elif why == "assigned":
        title = f"{by} hands on to you: {title}"
    return Notice(
        type="run_waiting",
        to=People(asked),
        key=key,
        title=title,
        body=str(news.data.get("message", ""))[:_CHARACTERS],
        at=now,
        link=f"/runs/{news.run_id}",
        project_id=news.project_id,
        workflow_id=news.workflow_id,
        run_id=news.run_id,
        path=news.path,
        seq=news.seq,
        priority=_priority(news.data.get("priority")),
    )


def _priority(asked: object) -> Priority | None:
    return next((priority for priority in PRIORITIES if priority == asked), None)


_WISHES = {
    "approval": "asks for your approval",
    "form": "asks you to fill in a form",
    "unknown": "needs to know what happened",
}


def _notice(session: Session, news: RunNews, now: datetime) -> Notice | None:
    # What is tried in the editor is before its person's eyes; what has no project has no people.
    if news.is_draft or not news.project_id:
        return None
    if news.type == "step_waiting":
        asked = _asked(session, news.project_id, news.data.get("assignees") or ())
        return waiting_notice(news, asked, now)
    if news.seq == NEAR_LIMIT:
        limit = _usd(news.max_cost_usd)
        title = f"“{news.workflow}” has spent four fifths of its budget{limit}"
        return _about(session, news, now, "budget_near", title)
    # The run outside tells of its own end; what is tried again by itself has not failed yet.
    if news.depth or news.is_retried:
        return None
    return _failed(session, news, now)


def _failed(session: Session, news: RunNews, now: datetime) -> Notice:
    error = news.data.get("error") or {}
    message = str(error.get("message", ""))[:_CHARACTERS]
    if error.get("type") == _BUDGET_ERROR:
        title = f"“{news.workflow}” was stopped at its budget{_usd(news.max_cost_usd)}"
        return _about(session, news, now, "budget_reached", title, message)
    return _about(session, news, now, "run_failed", f"“{news.workflow}” failed", message)


def _refused_key(news: RunNews, now: datetime) -> Notice | None:
    """That a provider refuses a key, for whoever can change it: once a day, whatever it makes fail."""
    error = news.data.get("error") or {}
    if news.type != "run_failed" or error.get("type") != _KEY_ERROR:
        return None
    message = str(error.get("message", ""))[:_CHARACTERS]
    what = f"key:{sha256(message.encode()).hexdigest()[:16]}"
    title = "A provider of models refuses the key"
    if KEY_SETTING in message:
        return trouble(what, title, message, now)
    if not news.project_id:
        return None
    owners = Members(("owner",))
    found = trouble(f"{what}:{news.project_id}", title, message, now, link=f"/runs/{news.run_id}")
    return replace(found, to=owners, project_id=news.project_id)


def _about(
    session: Session,
    news: RunNews,
    now: datetime,
    type_: NoticeType,
    title: str,
    body: str = "",
) -> Notice:
    return Notice(
        type=type_,
        to=People(_keepers(session, news)),
        key=f"run:{news.run_id}:{news.seq}",
        title=title,
        body=body,
        at=now,
        link=f"/runs/{news.run_id}",
        project_id=news.project_id,
        workflow_id=news.workflow_id,
        run_id=news.run_id,
    )


def _keepers(session: Session, news: RunNews) -> list[str]:
    """Who began a run, or whose trigger did; when that is nobody here, who edits its project."""
    if members.find_member(session, news.project_id, news.created_by) is not None:
        return [news.created_by]
    return [found.user_id for found in _with_role(session, news.project_id, "editor")]


def _asked(session: Session, project_id: str, assignees: Sequence[str]) -> list[str]:
    """Those among a project's runners who are asked; its owners when it is nobody there."""
    runners = _with_role(session, project_id, "runner")
    asked = [
        found.user_id
        for found in runners
        if is_asked(assignees, found.user_id, found.email, found.role)
    ]
    return asked or [found.user_id for found in runners if found.role == "owner"]


def _with_role(session: Session, project_id: str, least: str) -> list[MemberRecord]:
    enough = PROJECT_ROLES[PROJECT_ROLES.index(least) :]
    found = members.list_members(session, project_id, limit=_MOST_MEMBERS)
    return [member for member in found if member.role in enough]


def _usd(amount: str | None) -> str:
    return f" of ${Decimal(amount).normalize():f}" if amount is not None else ""
