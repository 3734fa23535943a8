"""Changing the secret key: a new first key, and everything sealed anew under it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlmodel import Session

from flowstudio.clock import Clock, SystemClock
from flowstudio.errors import ConflictError, SecretKeyError
from flowstudio.security import keyring
from flowstudio.security.keyring import SETTING, KeyRing
from flowstudio.services.access import INSTANCE, Actor, authorize
from flowstudio.services.sealing import identity_of_row
from flowstudio.services.secret_keys import is_from_setting, open_ring, read_texts, seal_check
from flowstudio.services.studio_parts import StudioParts
from flowstudio.settings import Settings
from flowstudio.store import audit
from flowstudio.store import sealed as store
from flowstudio.store.database import open_database
from flowstudio.store.records import Records
from flowstudio.store.sealed import SealedRow


@dataclass(frozen=True, slots=True)
class KeyUse:
    """One key of the ring.

    Attributes:
        credentials: how many it seals.
        is_newest: what is new is sealed with it.
    """

    id: str
    credentials: int
    is_newest: bool


@dataclass(frozen=True, slots=True)
class Rotation:
    """What a rotation did.

    Attributes:
        key_id: of the key that seals everything now.
        credentials: how many it sealed.
        dropped: ids of the keys that are no longer in the file.
        kept: ids of the older ones that are.
    """

    key_id: str
    credentials: int
    dropped: tuple[str, ...]
    kept: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Opened:
    row: SealedRow
    plain: bytes = field(repr=False)


class KeyRotation:
    """Use cases of the secret keys."""

    def __init__(self, parts: StudioParts) -> None:
        self._parts = parts
        self._settings = parts.settings
        self._ring = parts.ring

    async def list_keys(self, actor: Actor) -> list[KeyUse]:
        """The keys, newest first, and what each seals."""
        authorize(actor, "secret.rotate")
        counted = await self._parts.records.read(store.count_by_key)
        ids = self._ring.ids
        return [KeyUse(key_id, counted[key_id], key_id == ids[0]) for key_id in ids]

    async def rotate(self, actor: Actor, *, prune: bool = False) -> Rotation:
        """Seal every credential under a new key, all or none of them.

        With the file, the key is made here and written down before anything is sealed with it; with
        the setting, it is the one that was put first. Older keys stay, for access tokens signed
        with them, unless they are pruned.

        Raises:
            SecretKeyError: a credential does not open, or the file cannot be written.
            ConflictError: the setting holds no new key, or is to be pruned.
        """
        authorize(actor, "secret.rotate")
        if prune and is_from_setting(self._settings):
            raise ConflictError(
                f"The keys stand in {SETTING}: take those out of it that seal nothing, as "
                "'flowstudio secrets list' shows."
            )
        rotation = await self._do(actor, self._rotate)
        return await self._do(actor, self._prune) if prune else rotation

    async def _do(self, actor: Actor, change: Callable[[Session], Rotation]) -> Rotation:
        # The database is locked meanwhile, so no other process rotates, seals or prunes.
        def work(session: Session) -> Rotation:
            rotation = change(session)
            details = {"key": rotation.key_id, "dropped": list(rotation.dropped)}
            audit.append(session, self._parts.entry(actor, "secret.rotate", INSTANCE, **details))
            return rotation

        rotation = await self._parts.records.write(work)
        self._ring.adopt(KeyRing(read_texts(self._settings)))
        return rotation

    def _rotate(self, session: Session) -> Rotation:
        texts = read_texts(self._settings)
        opened = list(_open_all(session, KeyRing(texts)))
        if is_from_setting(self._settings):
            self._refuse_without_new_key(session, texts)
        else:
            texts = (keyring.new_key(), *texts)
            keyring.write_file(self._settings.data_dir, texts)
        ring = KeyRing(texts)
        for one in opened:
            store.put_sealed(session, one.row, ring.seal(one.plain, identity_of_row(one.row)))
        store.put_check(session, seal_check(ring))
        return Rotation(ring.ids[0], len(opened), (), ring.ids[1:])

    def _refuse_without_new_key(self, session: Session, texts: Sequence[str]) -> None:
        newest = KeyRing(texts).ids[0]
        check = store.find_check(session)
        if check is not None and {check.key_id, *store.count_by_key(session)} == {newest}:
            raise ConflictError(
                f"Everything is sealed with the first key of {SETTING} already. Make a new one with "
                f"'openssl rand -base64 33', put it first, as in {SETTING}=NEW,OLD, restart the "
                "server, and run this again."
            )

    def _prune(self, session: Session) -> Rotation:
        texts = read_texts(self._settings)
        ids = KeyRing(texts).ids
        check, counted = store.find_check(session), store.count_by_key(session)
        needed = {ids[0], *counted} | ({check.key_id} if check else set())
        kept = [text for text, key_id in zip(texts, ids, strict=True) if key_id in needed]
        if len(kept) < len(texts):
            keyring.write_file(self._settings.data_dir, kept)
        dropped = tuple(key_id for key_id in ids if key_id not in needed)
        return Rotation(ids[0], counted[ids[0]], dropped, KeyRing(kept).ids[1:])


@contextmanager
def open_rotation(settings: Settings, clock: Clock | None = None) -> Iterator[KeyRotation]:
    """The secret keys by themselves, for the command line.

    Raises:
        SecretKeyError: the secret key is missing or the wrong one.
        JournalError: the database cannot be opened.
    """
    records = Records(open_database(settings), settings.durability)
    try:
        ring = open_ring(settings, records)
        yield KeyRotation(StudioParts(settings, records, clock or SystemClock(), ring))
    finally:
        records.close()


def _open_all(session: Session, ring: KeyRing) -> Iterator[_Opened]:
    for row in store.list_sealed(session):
        try:
            plain = ring.open(row.sealed, identity_of_row(row))
        except SecretKeyError as error:
            raise SecretKeyError(
                f"{row.kind.capitalize()} {row.name!r} ({row.id}) of project {row.project_id} does not open: "
                f"{error} Delete it, or put the key back. Nothing was changed."
            ) from error
        yield _Opened(row, plain)
