"""The secret key of an installation: found, made once, checked at the start, and changed."""

import asyncio
import hashlib
import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from flowstudio.errors import ConflictError, JournalError, SecretKeyError
from flowstudio.security import keyring
from flowstudio.security.keyring import FILE_NAME, KeyRing
from flowstudio.services.access import OPERATOR
from flowstudio.services.credential_inputs import NewBearer
from flowstudio.services.credentials import CredentialService
from flowstudio.services.key_rotation import open_rotation
from flowstudio.services.notification_settings import NotificationSettingService
from flowstudio.services.sealing import Sealing, identity_of_notifications
from flowstudio.services.secret_keys import check_start, inspect_in, open_ring
from flowstudio.services.studio_parts import StudioParts
from flowstudio.settings import Settings
from flowstudio.store.database import open_database
from flowstudio.store.notice_choices import find_webhook
from flowstudio.store.records import Records
from tests.fakes.clock import TurnedClock
from tests.people import person, project_of

TOKEN = "sk-CANARY-of-these-tests"  # noqa: S105 - planted to be looked for
OLD, NEW = keyring.new_key(), keyring.new_key()


def settings_of(folder: Path, *keys: str) -> Settings:
    return Settings(data_dir=folder, secret_key=",".join(keys))


def look(folder: Path) -> str:
    """What a check of the installation is told of its key."""
    settings = settings_of(folder)
    records = Records(open_database(settings), settings.durability)
    try:
        return inspect_in(settings, records)
    finally:
        records.close()


class Installation:
    """One process over a data directory, with one project and its credentials."""

    def __init__(self, folder: Path, *keys: str) -> None:
        self.settings = settings_of(folder, *keys)
        self.records = Records(open_database(self.settings), "full")
        try:
            ring = open_ring(self.settings, self.records)
        except BaseException:
            self.records.close()
            raise
        self.parts = StudioParts(self.settings, self.records, TurnedClock(), ring)
        self.credentials = CredentialService(self.parts, {})

    def __enter__(self) -> "Installation":
        return self

    def __exit__(self, *_: object) -> None:
        self.records.close()

    async def add(self, name: str, email: str = "ann@example.com") -> tuple[str, str]:
        """A credential in a project of somebody new; gives the ids of both."""
        owner = person(self.parts, email)
        new = NewBearer(name=name, kind="bearer", token=TOKEN, hosts=("a.test",))
        record = await self.credentials.create(owner, project_of(owner), new)
        return record.project_id, record.id

    async def reads(self, project_id: str, credential_id: str) -> bool:
        credential = await self.credentials.for_run(project_id, credential_id)
        return TOKEN in credential.secrets()


def content(folder: Path) -> dict[str, str]:
    """Every file with the hash of what is in it."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def command(folder: Path, sql: str, *values: str) -> None:
    with sqlite3.connect(folder / "flowstudio.db") as connection:
        connection.execute(sql, values)
    connection.close()


# The first start


def test_the_first_start_makes_a_key_for_its_owner_alone_and_later_ones_keep_it(tmp_path):
    with Installation(tmp_path) as first:
        ids = first.parts.ring.ids
    path = tmp_path / FILE_NAME
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_bytes()
    with Installation(tmp_path) as second:
        assert second.parts.ring.ids == ids
    assert path.read_bytes() == before


def test_the_setting_wins_over_the_file(tmp_path):
    with Installation(tmp_path, NEW) as made:
        assert made.parts.ring.ids == KeyRing([NEW]).ids
    keyring.write_file(tmp_path, [OLD])
    with Installation(tmp_path, NEW) as again:
        assert again.parts.ring.ids == KeyRing([NEW]).ids


def test_with_the_setting_no_file_is_made(tmp_path):
    with Installation(tmp_path, NEW):
        pass
    assert not (tmp_path / FILE_NAME).exists()


def test_processes_that_start_at_once_end_with_one_key(tmp_path):
    settings = settings_of(tmp_path)
    open_database(settings)

    def begin(_: int) -> tuple[str, ...]:
        records = Records(open_database(settings), "full")
        try:
            return open_ring(settings, records).ids
        finally:
            records.close()

    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(begin, range(8)))
    assert found == {KeyRing(keyring.read_file(tmp_path)).ids}


def test_a_start_that_was_cut_off_after_the_file_goes_on_with_it(tmp_path):
    keyring.create_file(tmp_path, (OLD,))
    with Installation(tmp_path) as installation:
        assert installation.parts.ring.ids == KeyRing([OLD]).ids


def test_looking_makes_nothing(tmp_path):
    open_database(settings_of(tmp_path))
    before = content(tmp_path)
    assert "no secret key yet" in look(tmp_path)
    assert content(tmp_path) == before


def test_looking_tells_keys_and_place_but_no_key(tmp_path):
    told = check_start(settings_of(tmp_path))
    (key,) = keyring.read_file(tmp_path)
    assert told == look(tmp_path)
    assert KeyRing([key]).ids[0] in told
    assert str(tmp_path / FILE_NAME) in told
    assert key not in told


# A key that is lost or wrong


async def sealed_with(folder: Path, *keys: str) -> str:
    """An installation that has sealed something; gives the id of its key."""
    with Installation(folder, *keys) as installation:
        await installation.add("crm")
        return installation.parts.ring.ids[0]


async def test_f20_a_lost_file_is_refused_at_start_and_nothing_is_changed(tmp_path):
    key_id = await sealed_with(tmp_path)
    (tmp_path / FILE_NAME).unlink()
    before = content(tmp_path)
    for _ in range(5):
        with pytest.raises(SecretKeyError, match=f"{key_id}.*Put the file back") as caught:
            check_start(settings_of(tmp_path))
        assert FILE_NAME in str(caught.value)
        with pytest.raises(SecretKeyError):
            look(tmp_path)
    assert content(tmp_path) == before


@pytest.mark.parametrize("way", ["setting", "file"])
async def test_f20_another_key_is_refused_at_start_and_nothing_is_changed(tmp_path, way):
    key_id = await sealed_with(tmp_path)
    keys = ()
    if way == "setting":
        keys = (NEW,)
    else:
        keyring.write_file(tmp_path, [NEW])
    before = content(tmp_path)
    for _ in range(5):
        with pytest.raises(SecretKeyError, match=key_id) as caught:
            check_start(settings_of(tmp_path, *keys))
        assert KeyRing([NEW]).ids[0] in str(caught.value)
        assert NEW not in str(caught.value)
    assert content(tmp_path) == before


async def test_a_setting_without_the_files_key_is_told_where_that_stands(tmp_path):
    await sealed_with(tmp_path)
    with pytest.raises(SecretKeyError, match=f"It stands in .*{FILE_NAME}"):
        check_start(settings_of(tmp_path, NEW))
    (key,) = keyring.read_file(tmp_path)
    assert "FLOWSTUDIO_SECRET_KEY" in check_start(settings_of(tmp_path, NEW, key))


async def test_a_key_that_only_a_credential_needs_is_missed_too(tmp_path):
    key_id = await sealed_with(tmp_path)
    command(tmp_path, "DELETE FROM instance WHERE name='secret_check'")
    keyring.write_file(tmp_path, [NEW])
    with pytest.raises(SecretKeyError, match=key_id):
        check_start(settings_of(tmp_path))
    (tmp_path / FILE_NAME).unlink()
    with pytest.raises(SecretKeyError, match=key_id):
        check_start(settings_of(tmp_path))


@pytest.mark.parametrize("value", ["", "x", "{key} AAAA", "{key} not base64"])
async def test_a_check_that_was_changed_is_refused(tmp_path, value):
    key_id = await sealed_with(tmp_path)
    changed = value.format(key=key_id)
    command(tmp_path, "UPDATE instance SET value=? WHERE name='secret_check'", changed)
    with pytest.raises(SecretKeyError):
        check_start(settings_of(tmp_path))


async def test_a_file_that_others_may_read_is_refused(tmp_path):
    await sealed_with(tmp_path)
    (tmp_path / FILE_NAME).chmod(0o644)
    with pytest.raises(SecretKeyError, match="chmod 600"):
        check_start(settings_of(tmp_path))


# Changing it


async def test_a_rotation_seals_everything_anew_and_keeps_the_old_key(tmp_path):
    with Installation(tmp_path) as running, open_rotation(running.settings) as rotation:
        old = running.parts.ring.ids[0]
        first = await running.add("crm")
        second = await running.add("crm", "bob@example.com")
        done = await rotation.rotate(OPERATOR)
        assert done.credentials == 2
        assert done.kept == (old,)
        assert [(key.id, key.credentials) for key in await rotation.list_keys(OPERATOR)] == [
            (done.key_id, 2),
            (old, 0),
        ]
        # The running process follows, and seals with the new key from now on.
        assert await running.reads(*first)
        assert await running.reads(*second)
        third = await running.add("crm", "cyd@example.com")
        assert (await rotation.list_keys(OPERATOR))[0].credentials == 3
    with Installation(tmp_path) as restarted:
        assert restarted.parts.ring.ids == (done.key_id, old)
        assert all([await restarted.reads(*ids) for ids in (first, second, third)])


async def test_pruning_drops_what_seals_nothing_and_a_running_process_follows(tmp_path):
    with Installation(tmp_path) as running, open_rotation(running.settings) as rotation:
        old = running.parts.ring.ids[0]
        first = await running.add("crm")
        done = await rotation.rotate(OPERATOR, prune=True)
        assert (done.dropped, done.kept) == ((old,), ())
        # This process still has the dropped key alone, and must not seal with it.
        second = await running.add("crm", "bob@example.com")
        assert await running.reads(*first)
    with Installation(tmp_path) as restarted:
        assert restarted.parts.ring.ids == (done.key_id,)
        assert await restarted.reads(*second)


async def test_a_rotation_seals_the_webhooks_of_peoples_notifications_anew(tmp_path):
    with Installation(tmp_path) as running, open_rotation(running.settings) as rotation:
        ann = person(running.parts)
        made = await NotificationSettingService(running.parts).set_webhook(ann, "https://a.test/")
        done = await rotation.rotate(OPERATOR, prune=True)
        assert done.credentials == 1
    with Installation(tmp_path) as restarted:
        hook = restarted.records.read_now(lambda session: find_webhook(session, ann.id))
        plain = Sealing(restarted.parts).open(hook.secret, identity_of_notifications(ann.id))
        assert made.secret == f"whsec_{plain.decode()}"


async def test_a_rotation_cut_off_after_the_file_leaves_everything_readable(tmp_path):
    with Installation(tmp_path) as running, open_rotation(running.settings) as rotation:
        ids = await running.add("crm")
        before = running.parts.ring.ids
        command(
            tmp_path,
            "CREATE TRIGGER power_cut BEFORE UPDATE ON instance WHEN NEW.name='secret_check' "
            "BEGIN SELECT RAISE(ABORT, 'power cut'); END",
        )
        with pytest.raises(JournalError, match="power cut"):
            await rotation.rotate(OPERATOR)
        assert len(keyring.read_file(tmp_path)) == 2
        assert await running.reads(*ids)
        command(tmp_path, "DROP TRIGGER power_cut")
    with Installation(tmp_path) as restarted:
        assert restarted.parts.ring.ids[1:] == before
        assert await restarted.reads(*ids)
        with open_rotation(restarted.settings) as rotation:
            done = await rotation.rotate(OPERATOR, prune=True)
        assert await restarted.reads(*ids)
        assert len(keyring.read_file(tmp_path)) == 1
        assert len(done.dropped) == 2


async def test_a_rotation_that_cannot_open_a_credential_names_it_and_changes_nothing(tmp_path):
    with Installation(tmp_path) as running, open_rotation(running.settings) as rotation:
        ids = await running.add("crm")
        _, broken = await running.add("broken one", "bob@example.com")
        command(tmp_path, "UPDATE credential SET sealed=zeroblob(60) WHERE id=?", broken)
        before = (tmp_path / FILE_NAME).read_bytes()
        with pytest.raises(SecretKeyError, match=r"'broken one'.*Delete it"):
            await rotation.rotate(OPERATOR)
        assert (tmp_path / FILE_NAME).read_bytes() == before
        assert await running.reads(*ids)
        await running.credentials.delete(OPERATOR, broken)
        await rotation.rotate(OPERATOR)


async def test_rotations_at_once_come_one_after_another(tmp_path):
    with Installation(tmp_path) as running:
        ids = await running.add("crm")

        def rotate(_: int) -> None:
            with open_rotation(running.settings) as rotation:
                asyncio.run(rotation.rotate(OPERATOR))

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(rotate, range(4)))
        assert len(keyring.read_file(tmp_path)) == 5
        assert await running.reads(*ids)
    check_start(settings_of(tmp_path))


async def test_with_the_setting_everything_is_sealed_under_the_key_put_first(tmp_path):
    with Installation(tmp_path, OLD) as before:
        ids = await before.add("crm")
        with (
            open_rotation(before.settings) as rotation,
            pytest.raises(ConflictError, match="put it first"),
        ):
            await rotation.rotate(OPERATOR)
    with Installation(tmp_path, NEW, OLD) as between:
        with open_rotation(between.settings) as rotation:
            done = await rotation.rotate(OPERATOR)
            assert done.key_id == KeyRing([NEW]).ids[0]
            with pytest.raises(ConflictError, match="take those out"):
                await rotation.rotate(OPERATOR, prune=True)
        assert await between.reads(*ids)
    with Installation(tmp_path, NEW) as after:
        assert await after.reads(*ids)
    assert not (tmp_path / FILE_NAME).exists()


async def test_a_process_that_lacks_the_new_key_of_the_setting_says_so(tmp_path):
    with Installation(tmp_path, OLD) as behind:
        await behind.add("crm")
        with open_rotation(settings_of(tmp_path, NEW, OLD)) as rotation:
            done = await rotation.rotate(OPERATOR)
        with pytest.raises(SecretKeyError, match=f"{done.key_id}.*restart it"):
            await behind.add("crm", "bob@example.com")


async def test_a_rotation_is_in_the_audit_log_without_keys(tmp_path):
    with Installation(tmp_path) as running, open_rotation(running.settings) as rotation:
        done = await rotation.rotate(OPERATOR)
        keys = keyring.read_file(tmp_path)
    with sqlite3.connect(tmp_path / "flowstudio.db") as connection:
        rows = str(connection.execute("SELECT * FROM audit_entry").fetchall())
    connection.close()
    assert done.key_id in rows
    assert "secret.rotate" in rows
    assert not any(key in rows for key in keys)
