"""Who is told of a remark: those it names, whose thread it is in, and whose workflow it is about."""

from datetime import datetime

from sqlmodel import Session

from flowstudio.store import comments, members, notices
from flowstudio.store.comments import CommentRecord
from flowstudio.store.notice_types import NoticeType
from flowstudio.store.notices import Notice, People
from flowstudio.store.workflows import WorkflowRecord

_CHARACTERS = 300


def tell_of_comment(
    session: Session,
    workflow: WorkflowRecord,
    comment: CommentRecord,
    now: datetime,
    *,
    is_edit: bool = False,
) -> None:
    """Tell people of a remark, inside the work that writes it.

    Who is named is told that; the others, of the remark. Nobody is told both, since both have the
    same key. A change of words tells only those it names for the first time.
    """
    mention = f"{comment.author} mentions you on “{workflow.name}”"
    _add(session, workflow, comment, now, ("mention", comment.mentions, mention))
    if not is_edit:
        others = _concerned(session, workflow, comment)
        said = f"{comment.author} comments on “{workflow.name}”"
        _add(session, workflow, comment, now, ("comment", others, said))


def _add(
    session: Session,
    workflow: WorkflowRecord,
    comment: CommentRecord,
    now: datetime,
    what: tuple[NoticeType, tuple[str, ...], str],
) -> None:
    type_, ids, title = what
    notices.add(
        session,
        Notice(
            type=type_,
            to=People(ids),
            key=f"comment:{comment.id}",
            title=title,
            body=comment.text[:_CHARACTERS],
            at=now,
            link=f"/workflows/{workflow.id}",
            project_id=workflow.project_id,
            workflow_id=workflow.id,
            besides=comment.author_id or "",
        ),
    )


def _concerned(
    session: Session, workflow: WorkflowRecord, comment: CommentRecord
) -> tuple[str, ...]:
    """Those in the thread, and who made the workflow; as far as they still belong to the project."""
    thread = comment.thread_id or comment.id
    wrote = {
        other.author_id
        for other in comments.list_comments(session, workflow.id)
        if thread in (other.id, other.thread_id)
    }
    ids = sorted(user_id for user_id in {*wrote, workflow.created_by} if user_id)
    return tuple(
        user_id
        for user_id in ids
        if members.find_member(session, workflow.project_id, user_id) is not None
    )
