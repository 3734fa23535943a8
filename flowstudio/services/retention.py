"""How long runs are kept: by age, number and size, as an admin chose it; done beside the runs."""

import json
import logging
from dataclasses import asdict, dataclass
from datetime import timedelta

from sqlmodel import Session

from flowstudio.errors import FlowStudioError, InvalidInputError
from flowstudio.services.access import INSTANCE, OPERATOR, Actor, authorize
from flowstudio.services.removal import remove_run
from flowstudio.services.studio_parts import StudioParts
from flowstudio.services.system_notices import tell_of_trouble
from flowstudio.store import audit, instance, removal, retention
from flowstudio.store.removal import FileSize
from flowstudio.store.retention import Excess, Kept

log = logging.getLogger(__name__)

_FACT = "retention"
_EVERY_S = 60.0
#: Between two pieces, so that runs have the database to themselves most of the time.
_PAUSE_S = 0.02
_MEASURED_TOGETHER = 20
_LOOKED_AT = 200
#: What runs free again soon enough is not worth giving back.
_LEAST_FREE_BYTES = 1_000_000
_PAGES = 256


@dataclass(frozen=True, slots=True)
class Policy:
    """What finished runs are kept; None sets no limit. Unfinished runs always stay.

    Attributes:
        days: since they ended.
        most_runs: the newest so many.
        most_bytes: of all their journals together, the newest first.
    """

    days: int | None = None
    most_runs: int | None = None
    most_bytes: int | None = None

    @property
    def is_empty(self) -> bool:
        """Whether everything is kept."""
        return self == Policy()


@dataclass(frozen=True, slots=True)
class RetentionView:
    """The policy, and what there is."""

    policy: Policy
    kept: Kept
    file: FileSize


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was removed, or would be; and the file before and after.

    Attributes:
        has_more: there is more to remove than was asked for at once.
    """

    runs: list[Excess]
    before: FileSize
    after: FileSize
    has_more: bool = False


class RetentionService:
    """Removes what need not be kept, in pieces so small that runs do not notice."""

    def __init__(self, parts: StudioParts) -> None:
        self._parts = parts
        self._records = parts.records

    async def look(self, actor: Actor) -> RetentionView:
        """The policy as it is set, and what runs take."""
        authorize(actor, "setting.read")

        def work(session: Session) -> RetentionView:
            kept = retention.count_kept(session)
            return RetentionView(_policy(session), kept, removal.file_size(session))

        return await self._records.read(work)

    async def choose(self, actor: Actor, policy: Policy) -> Policy:
        """Set what is kept from now on.

        Raises:
            InvalidInputError: a limit is less than one.
        """
        authorize(actor, "setting.edit")
        _check(policy)

        def work(session: Session) -> None:
            instance.set_fact(session, _FACT, json.dumps(asdict(policy)))
            entry = self._parts.entry(actor, "setting.edit", INSTANCE, retention=asdict(policy))
            audit.append(session, entry)

        await self._records.write(work)
        return policy

    async def prune(
        self,
        actor: Actor,
        policy: Policy | None = None,
        *,
        is_dry: bool = False,
        most: int | None = None,
    ) -> Pruned:
        """Remove what a policy does not keep, and shorten the file.

        Args:
            actor: who asks.
            policy: None for the one that is set.
            is_dry: only tell what would go.
            most: remove no more than so many; None for all.

        Raises:
            InvalidInputError: a limit is less than one.
        """
        authorize(actor, "run.prune")
        if policy is not None:
            _check(policy)
        chosen = policy if policy is not None else await self._records.read(_policy)
        before = await self._records.read(removal.file_size)
        if chosen.most_bytes is not None:
            await self._measure()
        everything = await self._excess(chosen, None)
        found = everything[:most]
        if not is_dry and found:
            await self._remove(actor, found)
        if not is_dry:
            await self._give_back(0)
        after = await self._records.read(removal.file_size)
        return Pruned(found, before, after, has_more=len(found) < len(everything))

    async def serve(self) -> None:
        """Until cancelled: keep to the policy that is set, and the file short."""
        while True:
            await self._parts.clock.sleep(_EVERY_S)
            try:
                await self.keep_to_policy()
            except FlowStudioError as error:
                log.warning("Runs could not be looked through for removal: %s", error)
                await self._tell_of_trouble(error)

    async def _tell_of_trouble(self, error: FlowStudioError) -> None:
        title = "Old runs are not being removed"
        try:
            await tell_of_trouble(self._parts, "retention", title, str(error))
        except FlowStudioError as other:
            log.warning("Admins could not be told of it: %s", other)

    async def keep_to_policy(self) -> int:
        """One round of that; gives how many runs went."""
        policy = await self._records.read(_policy)
        removed = 0
        await self._measure()
        if not policy.is_empty:
            while found := await self._excess(policy, _LOOKED_AT):
                await self._remove(OPERATOR, found)
                removed += len(found)
        await self._give_back(_LEAST_FREE_BYTES)
        return removed

    async def _excess(self, policy: Policy, limit: int | None) -> list[Excess]:
        most = retention.ALL if limit is None else limit
        now = self._parts.clock.now()

        def work(session: Session) -> list[Excess]:
            found: list[Excess] = []
            if policy.days is not None:
                before = now - timedelta(days=policy.days)
                found += retention.list_older(session, before, most)
            if policy.most_runs is not None:
                found += retention.list_beyond(session, policy.most_runs, most)
            if policy.most_bytes is not None:
                found += retention.list_larger(session, policy.most_bytes, most)
            return list({run.id: run for run in reversed(found)}.values())[::-1]

        return await self._records.read(work)

    async def _remove(self, actor: Actor, found: list[Excess]) -> None:
        why = dict.fromkeys(("age", "count", "bytes"), 0)
        for run in found:
            why[run.reason] += 1
        entry = self._parts.entry(actor, "run.prune", INSTANCE, runs=len(found), **why)
        await self._records.write(lambda session: audit.append(session, entry))
        for run in found:
            await remove_run(self._records, run.id)
            await self._parts.clock.sleep(_PAUSE_S)

    async def _measure(self) -> None:
        while sizes := await self._records.read(
            lambda session: retention.measure_some(session, _MEASURED_TOGETHER)
        ):
            await self._records.write(lambda session, s=sizes: retention.set_sizes(session, s))  # type: ignore[misc]
            await self._parts.clock.sleep(_PAUSE_S)

    async def _give_back(self, least_free: int) -> None:
        size = await self._records.read(removal.file_size)
        if size.free_bytes <= least_free:
            return
        while size.free_bytes > 0:
            await self._records.write(lambda session: removal.give_back(session, _PAGES))
            after = await self._records.read(removal.file_size)
            if after.free_bytes >= size.free_bytes:
                # A file that was made without it gives nothing back.
                break
            size = after
            await self._parts.clock.sleep(_PAUSE_S)
        await self._records.read(removal.checkpoint)


def _policy(session: Session) -> Policy:
    stored = instance.find_fact(session, _FACT)
    return Policy(**json.loads(stored)) if stored else Policy()


def _check(policy: Policy) -> None:
    problems = [
        f"{name}: Give a whole number from 1 on, or nothing."
        for name, value in asdict(policy).items()
        if value is not None and value < 1
    ]
    if problems:
        raise InvalidInputError(problems)
