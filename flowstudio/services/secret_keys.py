"""The key ring of this installation: from the setting, or from a file made at the first start."""

from collections.abc import Sequence
from functools import partial

from sqlmodel import Session

from flowstudio.errors import SecretKeyError
from flowstudio.security import keyring
from flowstudio.security.keyring import FILE_NAME, SETTING, KeyRing, Sealed
from flowstudio.services.studio_parts import StudioParts
from flowstudio.settings import Settings
from flowstudio.store import sealed as store
from flowstudio.store.database import open_database
from flowstudio.store.records import Records

_CHECK_TEXT = b"flowstudio"
_CHECK_IDENTITY = "instance|secret_check"


def open_ring(settings: Settings, records: Records) -> KeyRing:
    """The ring, newest key first.

    It is checked against what it has sealed before anything is written: with a key lost or wrong,
    no other takes its place.

    Raises:
        SecretKeyError: there is no usable key, or it is not the one the data was sealed with.
    """
    texts = _find_texts(settings, records)
    if not texts:
        texts = keyring.create_file(settings.data_dir, (keyring.new_key(),))
    ring = KeyRing(texts)
    if not records.read_now(partial(_check, settings, ring)):
        records.write_now(partial(_begin, settings, ring))
    return ring


def check_start(settings: Settings) -> str:
    """Make sure that a server would find its secrets; gives what was found, in a few words.

    Raises:
        SecretKeyError: it would not.
        JournalError: the database cannot be opened.
    """
    records = Records(open_database(settings), settings.durability)
    try:
        return _describe(settings, open_ring(settings, records))
    finally:
        records.close()


def inspect_in(settings: Settings, records: Records | None) -> str:
    """As `check_start`, but nothing is made; over an open database, None when there is none yet."""
    texts = _find_texts(settings, records) if records is not None else read_texts(settings)
    if not texts:
        return f"no secret key yet; the first start makes {settings.data_dir / FILE_NAME}"
    ring = KeyRing(texts)
    if records is not None:
        records.read_now(partial(_check, settings, ring))
    return _describe(settings, ring)


def is_from_setting(settings: Settings) -> bool:
    """Whether the ring is the setting's, which wins over the file."""
    return bool(keyring.split_setting(settings.secret_key.get_secret_value()))


def read_texts(settings: Settings) -> tuple[str, ...]:
    """The keys as they are written down, newest first; none before the first start.

    Raises:
        SecretKeyError: the file cannot be read, or others may read it.
    """
    keys = keyring.split_setting(settings.secret_key.get_secret_value())
    return keys or keyring.read_file(settings.data_dir)


def seal_check(ring: KeyRing) -> Sealed:
    """What tells the right ring from any other."""
    return ring.seal(_CHECK_TEXT, _CHECK_IDENTITY)


async def fits(parts: StudioParts) -> bool:
    """Whether the ring opens what is sealed now; another process may have changed it."""
    try:
        return await parts.records.read(partial(_check, parts.settings, parts.ring))
    except SecretKeyError:
        return False


def _begin(settings: Settings, ring: KeyRing, session: Session) -> None:
    # Another process may have begun in between, with another key.
    if not _check(settings, ring, session):
        store.put_check(session, seal_check(ring))


def _find_texts(settings: Settings, records: Records) -> tuple[str, ...]:
    """The keys; none where nothing was ever sealed."""
    used = records.read_now(_used)
    # Read after the database: another process that begins now writes the file before the check.
    texts = read_texts(settings)
    if used and not texts:
        raise SecretKeyError(
            f"The secret key is gone: stored secrets were sealed with {_name(used)}, but there is no "
            f"{settings.data_dir / FILE_NAME} and {SETTING} is empty. Put the file back from a "
            f"backup, or set {SETTING} to that key. Nothing was changed."
        )
    return texts


def _used(session: Session) -> list[str]:
    check = store.find_check(session)
    return sorted(set(store.count_by_key(session)) | ({check.key_id} if check else set()))


def _check(settings: Settings, ring: KeyRing, session: Session) -> bool:
    """Whether the ring was in use before; refuses one that does not open what is sealed."""
    if missing := [key_id for key_id in _used(session) if key_id not in ring.ids]:
        raise SecretKeyError(_say_missing(settings, ring, missing))
    check = store.find_check(session)
    if check is not None and ring.open(check, _CHECK_IDENTITY) != _CHECK_TEXT:
        message = "The check of the secret key was changed. Restore the database from a backup."
        raise SecretKeyError(message)
    return check is not None


def _say_missing(settings: Settings, ring: KeyRing, missing: Sequence[str]) -> str:
    place = settings.data_dir / FILE_NAME
    told = (
        f"The secret key does not fit: stored secrets were sealed with {_name(missing)}, and "
        f"{SETTING if is_from_setting(settings) else place} holds only {_name(ring.ids)}. "
    )
    if not is_from_setting(settings):
        return f"{told}Put that key back as a line of its own. Nothing was changed."
    told += f"Add that key to {SETTING}, after a comma. "
    if set(missing) & set(_file_ids(settings)):
        told += f"It stands in {place}. "
    return f"{told}Nothing was changed."


def _file_ids(settings: Settings) -> tuple[str, ...]:
    try:
        return KeyRing(keyring.read_file(settings.data_dir)).ids
    except SecretKeyError:
        return ()


def _describe(settings: Settings, ring: KeyRing) -> str:
    place = SETTING if is_from_setting(settings) else str(settings.data_dir / FILE_NAME)
    return f"{_name(ring.ids)}, from {place}"


def _name(ids: Sequence[str]) -> str:
    return f"the key{'s' if len(ids) > 1 else ''} {', '.join(ids)}"
