"""State of the inbox."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

import reflex as rx
from pydantic import StringConstraints

from flowstudio.clock import utc_now
from flowstudio.errors import InvalidInputError
from flowstudio.services.access import PROJECT_ROLES
from flowstudio.services.notification_settings import Mute
from flowstudio.services.notifications import NotificationQuery, channel_of
from flowstudio.ui.backend import backend
from flowstudio.ui.guard import current_actor, guarded
from flowstudio.ui.live import toast
from flowstudio.ui.notifications.present import Question, no_question, question_of
from flowstudio.ui.presence import open_feed
from flowstudio.ui.widgets import words
from flowstudio.ui.widgets.fields import read_form, with_problems
from flowstudio.ui.widgets.told import ToldRow, told_row

_PAGE = 30
_IDLE_S = 1.0
_MOST_MEMBERS = 200
Show = Literal["inbox", "unread", "archived"]
Change = Literal["read", "unread", "archive", "unarchive"]
Id = Annotated[str, StringConstraints(max_length=36)]
TypeName = Annotated[str, StringConstraints(max_length=20)]


class NotificationsState(rx.State):
    """The person's notifications, one piece after the other.

    Attributes:
        show: inbox, unread or archived.
        kind: type that is shown alone, or "".
        question: of the row in which the person is answering; its `id` is empty for none.
    """

    loaded: bool = False
    show: str = "inbox"
    kind: str = ""
    rows: list[ToldRow] = []
    has_more: bool = False
    question: Question = no_question()
    problems: list[str] = []
    _count: int = _PAGE

    @guarded("notification.read")
    async def load(self) -> Any:
        """Fill the page, and keep it fresh."""
        self._count, self.question, self.problems = _PAGE, no_question(), []
        await self._fill()
        self.loaded = True
        return NotificationsState.follow

    @guarded("notification.read", background=True)
    async def follow(self) -> AsyncIterator[Any]:
        """Show what comes in while the page is open."""
        channels = backend().studio.parts.channels
        with (
            open_feed(self, "notification.read") as feed,
            channels.listen(channel_of(current_actor(self).id)) as listener,
        ):
            while await feed.goes_on():
                try:
                    async with asyncio.timeout(_IDLE_S):
                        await listener.get()
                except TimeoutError:
                    continue
                async with self:
                    await self._fill()
                yield

    @guarded("notification.read")
    async def open_tab(self, show: Show) -> None:
        """Show the inbox, only what is new, or what was put away."""
        self.show, self._count, self.question = show, _PAGE, no_question()
        await self._fill()

    @guarded("notification.read")
    async def choose_type(self, kind: TypeName) -> None:
        """Show one type alone, or all."""
        self.kind, self._count = kind, _PAGE
        await self._fill()

    @guarded("notification.read")
    async def more(self) -> None:
        """Show older ones too."""
        self._count += _PAGE
        await self._fill()

    @guarded("notification.edit")
    async def change(self, notification_id: Id, change: Change) -> None:
        """Mark one as read or new, put it away or bring it back."""
        await backend().studio.notifications.change(current_actor(self), [notification_id], change)
        await self._fill()

    @guarded("notification.edit")
    async def read_all(self) -> None:
        """Mark everything as read."""
        await backend().studio.notifications.read_all(current_actor(self))
        await self._fill()

    @guarded("notification.edit")
    async def archive_read(self) -> Any:
        """Put away everything that was read."""
        number = await backend().studio.notifications.archive_read(current_actor(self))
        await self._fill()
        return toast(f"{words.count(number, 'notification')} archived.")

    @guarded("notification.edit")
    async def mute_type(self) -> Any:
        """Hear no more of the type that is shown alone."""
        settings = backend().studio.notification_settings
        await settings.mute(current_actor(self), Mute(type=self.kind), is_muted=True)
        return toast("You will hear no more of this type; your account page undoes that.")

    @guarded("notification.edit")
    async def mute(self, workflow_id: Id) -> Any:
        """Hear no more of a workflow."""
        settings = backend().studio.notification_settings
        await settings.mute(current_actor(self), Mute(workflow_id), is_muted=True)
        return toast("You will hear no more of this workflow; your account page undoes that.")

    @guarded("run.read")
    async def ask(self, notification_id: Id) -> Any:
        """Open the question of a row, or close it."""
        self.problems = []
        if self.question.id == notification_id:
            self.question = no_question()
            return None
        actor, studio = current_actor(self), backend().studio
        told = await studio.notifications.get(actor, notification_id)
        view = await studio.questions.look(actor, told.run_id, told.seq)
        if view.waiting is None:
            await self._fill()
            return toast("This run does not wait for an answer any more.")
        members = await studio.members.list_members(actor, told.project_id, limit=_MOST_MEMBERS)
        others = [
            {"id": member.user_id, "name": member.name}
            for member in members.items
            if member.role in PROJECT_ROLES[1:] and member.user_id != actor.id
        ]
        path = view.question.path
        self.question = question_of(notification_id, told.run_id, path, view.waiting, others)
        return None

    @guarded("run.answer")
    async def decide(self, approved: bool, comment: str) -> Any:
        """Approve or reject what is asked."""
        return await self._answer({"approved": approved, "comment": comment})

    @guarded("run.answer")
    async def fill_in(self, form: dict[str, Any]) -> Any:
        """Answer with a form; errors come back at its fields."""
        actor, question = current_actor(self), self.question
        view = await backend().studio.questions.look(actor, question.run_id, question.seq)
        if view.waiting is None:
            return NotificationsState.load
        reading = read_form(view.waiting.fields or {}, form)
        self.question = question.with_fields(reading.fields)
        return await self._answer(reading.values) if reading.is_valid else None

    @guarded("run.assign")
    async def hand_on(self, form: dict[str, Any]) -> Any:
        """Have another member asked instead."""
        user_id = str(form.get("user_id", ""))[:36]
        question = self.question
        await backend().studio.questions.assign(
            current_actor(self), question.run_id, question.path, user_id
        )
        self.question = no_question()
        return toast("Handed on; they were told.")

    async def _answer(self, answer: dict[str, Any]) -> Any:
        question = self.question
        try:
            await backend().studio.questions.answer(
                current_actor(self), question.run_id, question.seq, answer
            )
        except InvalidInputError as error:
            fields, self.problems = with_problems(question.fields, list(error.problems))
            self.question = question.with_fields(fields)
            return None
        self.question, self.problems = no_question(), []
        await self._fill()
        return toast("Answered. The run goes on.")

    async def _fill(self) -> None:
        query = NotificationQuery(self.show, (self.kind,) if self.kind else ())  # type: ignore[arg-type]
        page = await backend().studio.notifications.list_notifications(
            current_actor(self), query, limit=self._count
        )
        now = utc_now()
        self.rows = [told_row(item, now) for item in page.items]
        self.has_more = page.next is not None
