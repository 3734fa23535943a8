"""Remarks on workflows: said, answered, changed, resolved, removed."""

import re
from collections.abc import Callable

from sqlmodel import Session

from flowstudio.errors import AccessDeniedError, ConflictError, InvalidInputError, NotFoundError
from flowstudio.services.access import Actor
from flowstudio.services.comment_notices import tell_of_comment
from flowstudio.services.studio_parts import StudioParts
from flowstudio.services.workflow_access import allowed_in
from flowstudio.store import comments as store
from flowstudio.store.comments import CommentRecord
from flowstudio.store.workflows import WorkflowRecord

_MOST = 10_000
_MOST_COMMENTS = 2_000
_MENTION = re.compile(r"(?<![\w@])@([\w.+-]*\w(?:@[\w.-]+\w)?)")


class CommentService:
    """Use cases of remarks; each asks `authorize` first, and tells those who have the page open."""

    def __init__(self, parts: StudioParts) -> None:
        self._parts = parts

    async def list_comments(self, actor: Actor, workflow_id: str) -> list[CommentRecord]:
        """All remarks on a workflow, oldest first."""

        def work(session: Session) -> list[CommentRecord]:
            allowed_in(session, actor, "comment.read", workflow_id)
            return store.list_comments(session, workflow_id)

        return await self._parts.records.read(work)

    async def add(
        self,
        actor: Actor,
        workflow_id: str,
        text: str,
        *,
        node_id: str = "",
        thread_id: str | None = None,
    ) -> CommentRecord:
        """Say something about a node, about the workflow, or in answer to a first remark.

        Raises:
            NotFoundError: there is no such first remark.
            ConflictError: the workflow has as many remarks as it may have.
        """
        said = _checked(text)

        def work(session: Session) -> CommentRecord:
            record = allowed_in(session, actor, "comment.write", workflow_id).record
            if len(store.list_comments(session, workflow_id)) >= _MOST_COMMENTS:
                message = f"A workflow has at most {_MOST_COMMENTS:,} comments; remove some first."
                raise ConflictError(message)
            first = self._first(session, workflow_id, thread_id)
            added = store.add_comment(
                session,
                workflow_id=workflow_id,
                node_id=first.node_id if first is not None else node_id,
                thread_id=first.id if first is not None else None,
                author_id=actor.id or None,
                text=said,
                mentions=_mentioned(session, record, said),
                created_at=self._parts.clock.now(),
            )
            tell_of_comment(session, record, added, added.created_at)
            return added

        return await self._tell(work)

    async def edit(
        self, actor: Actor, workflow_id: str, comment_id: str, text: str
    ) -> CommentRecord:
        """Say it differently; only its author may.

        Raises:
            AccessDeniedError: somebody else said it.
        """
        said = _checked(text)

        def work(session: Session) -> CommentRecord:
            record = allowed_in(session, actor, "comment.write", workflow_id).record
            found = _found(session, workflow_id, comment_id)
            if found.author_id != actor.id:
                message = "Only its author changes a comment."
                raise AccessDeniedError(message)
            now = self._parts.clock.now()
            changed = store.change_comment(
                session,
                comment_id,
                text=said,
                mentions=_mentioned(session, record, said),
                edited_at=now,
            )
            tell_of_comment(session, record, changed, now, is_edit=True)
            return changed

        return await self._tell(work)

    async def resolve(
        self, actor: Actor, workflow_id: str, comment_id: str, *, resolved: bool
    ) -> CommentRecord:
        """Close a thread, or open it again.

        Raises:
            InvalidInputError: the remark is an answer; its first one is closed.
        """

        def work(session: Session) -> CommentRecord:
            allowed_in(session, actor, "comment.write", workflow_id)
            found = _found(session, workflow_id, comment_id)
            if found.thread_id is not None:
                raise InvalidInputError(
                    ["The first comment of a thread is resolved, not an answer."]
                )
            return store.change_comment(
                session,
                comment_id,
                resolved_at=self._parts.clock.now() if resolved else None,
                resolved_by=(actor.id or None) if resolved else None,
            )

        return await self._tell(work)

    async def remove(self, actor: Actor, workflow_id: str, comment_id: str) -> None:
        """Take a remark away, with its answers; its author may, and who edits the workflow.

        Raises:
            ConflictError: the actor is neither.
        """

        def work(session: Session) -> None:
            record = allowed_in(session, actor, "comment.write", workflow_id).record
            found = _found(session, workflow_id, comment_id)
            may_edit = record.project_id in actor.projects_with("workflow.edit")
            if found.author_id != actor.id and not may_edit:
                message = "Somebody else wrote this comment; they or an editor remove it."
                raise ConflictError(message)
            store.remove_comment(session, comment_id)

        await self._parts.records.write(work)
        gone = {"t": "comment", "id": comment_id, "gone": True}
        self._parts.channels.publish(f"workflow:{workflow_id}", gone)

    async def _tell(self, work: Callable[[Session], CommentRecord]) -> CommentRecord:
        record = await self._parts.records.write(work)
        told = {"t": "comment", "id": record.id}
        self._parts.channels.publish(f"workflow:{record.workflow_id}", told)
        return record

    def _first(
        self, session: Session, workflow_id: str, thread_id: str | None
    ) -> CommentRecord | None:
        if thread_id is None:
            return None
        found = _found(session, workflow_id, thread_id)
        return found if found.thread_id is None else _found(session, workflow_id, found.thread_id)


def _found(session: Session, workflow_id: str, comment_id: str) -> CommentRecord:
    found = store.find_comment(session, workflow_id, comment_id)
    if found is None:
        message = "There is no such comment."
        raise NotFoundError(message)
    return found


def _checked(text: str) -> str:
    said = text.strip()
    if not said:
        raise InvalidInputError(["text: Say something."])
    if len(said) > _MOST:
        raise InvalidInputError([f"text: At most {_MOST:,} characters."])
    return said


def _mentioned(session: Session, record: WorkflowRecord, text: str) -> list[str]:
    names = _MENTION.findall(text)
    if not names:
        return []
    return sorted(set(store.members_named(session, record.project_id, names).values()))
