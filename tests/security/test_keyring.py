"""The key ring: what opens what, and the file the keys stand in."""

import stat

import pytest

from flowstudio.errors import SecretKeyError
from flowstudio.security import keyring
from flowstudio.security.keyring import FILE_NAME, KeyRing, Sealed

OLD, NEW = keyring.new_key(), keyring.new_key()
IDENTITY = "ws:1|cred:2"


def test_what_was_sealed_opens_for_the_same_identity():
    ring = KeyRing([NEW])
    assert ring.open(ring.seal(b"canary", IDENTITY), IDENTITY) == b"canary"


def test_the_sealed_text_holds_nothing_of_the_secret_and_is_never_the_same():
    ring = KeyRing([NEW])
    first, second = ring.seal(b"canary", IDENTITY), ring.seal(b"canary", IDENTITY)
    assert b"canary" not in first.data
    assert first.data != second.data


@pytest.mark.parametrize("identity", ["ws:1|cred:3", "ws:2|cred:2", "", "ws:1|cred:22"])
def test_another_identity_does_not_open_it(identity):
    ring = KeyRing([NEW])
    with pytest.raises(SecretKeyError, match="changed, or moved"):
        ring.open(ring.seal(b"canary", IDENTITY), identity)


@pytest.mark.parametrize("place", [0, 11, 12, -1])
def test_a_changed_byte_is_noticed(place):
    ring = KeyRing([NEW])
    sealed = ring.seal(b"canary", IDENTITY)
    data = bytearray(sealed.data)
    data[place] ^= 1
    with pytest.raises(SecretKeyError, match="changed, or moved"):
        ring.open(Sealed(sealed.key_id, bytes(data)), IDENTITY)


@pytest.mark.parametrize("length", [0, 5, 12, 20])
def test_a_text_cut_short_is_noticed(length):
    ring = KeyRing([NEW])
    sealed = ring.seal(b"canary", IDENTITY)
    with pytest.raises(SecretKeyError, match="changed, or moved"):
        ring.open(Sealed(sealed.key_id, sealed.data[:length]), IDENTITY)


def test_an_unknown_key_is_named_with_those_that_are_there():
    sealed = KeyRing([OLD]).seal(b"canary", IDENTITY)
    with pytest.raises(SecretKeyError) as caught:
        KeyRing([NEW]).open(sealed, IDENTITY)
    assert sealed.key_id in str(caught.value)
    assert KeyRing([NEW]).ids[0] in str(caught.value)


def test_the_first_key_seals_and_every_key_opens():
    sealed = KeyRing([OLD]).seal(b"canary", IDENTITY)
    ring = KeyRing([NEW, OLD])
    assert ring.open(sealed, IDENTITY) == b"canary"
    assert ring.seal(b"canary", IDENTITY).key_id == ring.ids[0] == KeyRing([NEW]).ids[0]


def test_another_key_under_the_same_id_does_not_open_it():
    sealed = KeyRing([OLD]).seal(b"canary", IDENTITY)
    forged = Sealed(KeyRing([NEW]).ids[0], sealed.data)
    with pytest.raises(SecretKeyError, match="changed, or moved"):
        KeyRing([NEW, OLD]).open(forged, IDENTITY)


def test_each_purpose_has_keys_of_its_own():
    ring = KeyRing([NEW, OLD])
    seals, tokens = ring.derive("seal"), ring.derive("access-token")
    assert {key.id for key in seals} == {key.id for key in tokens} == set(ring.ids)
    assert len({key.secret for key in (*seals, *tokens)}) == 4
    assert all(len(key.secret) == 32 for key in seals)


def test_no_way_of_showing_a_ring_shows_a_key():
    ring = KeyRing([NEW, OLD])
    shown = f"{ring!r} {ring} {ring.derive('seal')!r} {ring.ids}"
    assert NEW not in shown
    assert OLD not in shown
    assert ring.derive("seal")[0].secret.hex() not in shown


@pytest.mark.parametrize("texts", [[], [""], ["short"], [NEW, "x" * 31]])
def test_no_key_or_a_short_one_is_refused_without_showing_it(texts):
    with pytest.raises(SecretKeyError, match="32 characters") as caught:
        KeyRing(texts)
    assert "x" * 31 not in str(caught.value)


def test_a_ring_follows_one_that_was_read_anew():
    ring = KeyRing([OLD])
    ring.adopt(KeyRing([NEW, OLD]))
    assert ring.ids == KeyRing([NEW, OLD]).ids


# The file


def test_no_file_is_no_keys(tmp_path):
    assert keyring.read_file(tmp_path) == ()


def test_the_file_is_read_as_it_was_written_and_is_its_owners_alone(tmp_path):
    keyring.write_file(tmp_path, [NEW, OLD])
    assert keyring.read_file(tmp_path) == (NEW, OLD)
    assert stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666, 0o610])
def test_a_file_that_others_may_touch_is_refused(tmp_path, mode):
    keyring.write_file(tmp_path, [NEW])
    (tmp_path / FILE_NAME).chmod(mode)
    with pytest.raises(SecretKeyError, match="chmod 600"):
        keyring.read_file(tmp_path)


def test_a_file_that_is_no_text_or_no_file_is_refused(tmp_path):
    path = tmp_path / FILE_NAME
    path.mkdir(mode=0o700)
    with pytest.raises(SecretKeyError, match="cannot be read"):
        keyring.read_file(tmp_path)
    path.rmdir()
    path.write_bytes(b"\xff\xfe")
    path.chmod(0o600)
    with pytest.raises(SecretKeyError, match="cannot be read"):
        keyring.read_file(tmp_path)


def test_a_write_that_fails_leaves_the_file_as_it_was_and_nothing_beside_it(tmp_path):
    keyring.write_file(tmp_path, [OLD])
    with pytest.raises(UnicodeEncodeError):
        keyring.write_file(tmp_path, ["\ud800"])
    assert keyring.read_file(tmp_path) == (OLD,)
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]


def test_a_folder_that_is_gone_is_told(tmp_path):
    with pytest.raises(SecretKeyError, match="cannot be written"):
        keyring.write_file(tmp_path / "gone", [NEW])


def test_of_two_that_make_the_file_the_second_takes_the_firsts_keys(tmp_path):
    assert keyring.create_file(tmp_path, (OLD,)) == (OLD,)
    assert keyring.create_file(tmp_path, (NEW,)) == (OLD,)
    assert keyring.read_file(tmp_path) == (OLD,)
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]


@pytest.mark.parametrize(
    ("text", "keys"), [("", ()), (" ", ()), ("a", ("a",)), (" a , b,, ", ("a", "b"))]
)
def test_the_setting_is_keys_separated_by_commas(text, keys):
    assert keyring.split_setting(text) == keys
