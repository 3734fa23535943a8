"""State of the administration's page."""

from dataclasses import dataclass, field
from typing import Literal

import reflex as rx

from flowstudio.clock import utc_now
from flowstudio.services.access import Actor
from flowstudio.services.retention import RetentionView
from flowstudio.ui.backend import backend
from flowstudio.ui.guard import current_actor, guarded
from flowstudio.ui.widgets import words
from flowstudio.ui.widgets.log import EntryLine, entry_line

_PAGE = 50
Tab = Literal["people", "registration", "retention", "audit", "health"]


@dataclass(frozen=True, slots=True)
class UserLine:
    """One person."""

    id: str
    name: str
    text: str
    role: str
    is_active: bool
    is_me: bool
    action: str


@dataclass(frozen=True, slots=True)
class HealthLine:
    """One part of the system and whether it works."""

    name: str
    text: str
    is_ok: bool


@dataclass(frozen=True, slots=True)
class KeptLine:
    """Which runs are kept, as the form shows it; `mark` changes with the limits."""

    days: str = ""
    most_runs: str = ""
    most_mb: str = ""
    mark: str = ""
    facts: list[HealthLine] = field(default_factory=list)


class AdminState(rx.State):
    """What admins see; every handler asks for the right again."""

    loaded: bool = False
    tab: str = "people"
    search: str = ""
    users: list[UserLine] = []
    has_more_users: bool = False
    registration: str = ""
    kept: KeptLine = KeptLine()
    verb: str = ""
    who: str = ""
    entries: list[EntryLine] = []
    has_more_entries: bool = False
    chain: str = ""
    chain_is_whole: bool = True
    health: list[HealthLine] = []
    _users_shown: int = _PAGE
    _entries_shown: int = _PAGE

    @guarded("user.read")
    async def load(self) -> None:
        """Fill the tab that is open."""
        await self._fill(current_actor(self))
        self.loaded = True

    @guarded("user.read")
    async def open_tab(self, tab: Tab) -> None:
        """Show another tab."""
        self.tab = tab
        await self._fill(current_actor(self))

    @guarded("user.read")
    async def find_users(self, search: str) -> None:
        """Show people whose name or e-mail holds the text."""
        self.search, self._users_shown = search[:100], _PAGE
        await self._list_users(current_actor(self))

    @guarded("user.read")
    async def more_users(self) -> None:
        """Show the next people too."""
        self._users_shown += _PAGE
        await self._list_users(current_actor(self))

    @guarded("audit.read")
    async def find_entries(self, form: dict[str, str]) -> None:
        """Show entries of one verb, of one person, or both."""
        self.verb, self.who = form.get("verb", "")[:40], form.get("who", "")[:254]
        self._entries_shown = _PAGE
        await self._list_entries(current_actor(self))

    @guarded("audit.read")
    async def more_entries(self) -> None:
        """Show older entries too."""
        self._entries_shown += _PAGE
        await self._list_entries(current_actor(self))

    @guarded("audit.read")
    async def verify(self) -> None:
        """Walk the whole chain of the audit log."""
        found = await backend().studio.audit.verify(current_actor(self))
        self.chain, self.chain_is_whole = str(found), found.is_whole

    async def _fill(self, actor: Actor) -> None:
        if self.tab == "people":
            await self._list_users(actor)
        elif self.tab == "registration":
            self.registration = await backend().studio.instance.registration(actor)
        elif self.tab == "retention":
            self.kept = kept_line(await backend().studio.retention.look(actor))
        elif self.tab == "audit":
            await self._list_entries(actor)
        else:
            await self._look_around(actor)

    async def _list_users(self, actor: Actor) -> None:
        now = utc_now()
        found = await backend().studio.users.list_users(
            actor, search=self.search, limit=self._users_shown
        )
        self.has_more_users = found.next is not None
        self.users = [
            UserLine(
                item.id,
                item.name or item.email,
                f"{item.email} · "
                + (
                    f"seen {words.since(item.last_seen_at, now)}"
                    if item.last_seen_at
                    else "not seen"
                ),
                item.role,
                item.is_active,
                item.id == actor.id,
                f"/api/v1/users/{item.id}",
            )
            for item in found.items
        ]

    async def _list_entries(self, actor: Actor) -> None:
        found = await backend().studio.audit.list_entries(
            actor, verb=self.verb or None, actor_name=self.who or None, limit=self._entries_shown
        )
        self.has_more_entries = found.next is not None
        self.entries = [entry_line(item) for item in found.items]

    async def _look_around(self, actor: Actor) -> None:
        self.health = [
            HealthLine(item.name, item.text, item.is_ok)
            for item in await backend().studio.health.look(actor)
        ]


def kept_line(view: RetentionView) -> KeptLine:
    """The limits and what there is, as the page shows them."""
    policy = view.policy
    most_mb = None if policy.most_bytes is None else policy.most_bytes // 1_000_000
    days, most_runs, most = [
        "" if each is None else str(each) for each in (policy.days, policy.most_runs, most_mb)
    ]
    taken = words.size(view.kept.bytes)
    if view.kept.unmeasured:
        taken += f", and {words.count(view.kept.unmeasured, 'run')} not measured"
    return KeptLine(
        days,
        most_runs,
        most,
        mark=f"{days}/{most_runs}/{most}",
        facts=[
            HealthLine("Finished runs", f"{view.kept.runs:,}", True),
            HealthLine("Their journals", taken, True),
            HealthLine(
                "Database file",
                f"{words.size(view.file.bytes)}, {words.size(view.file.free_bytes)} of it empty",
                True,
            ),
        ],
    )
