"""What makes a text an API key, without asking anybody."""

import string

import pytest

from flowstudio.security.api_keys import find_id, fingerprint, fits, new_key

ALPHABET = string.ascii_letters + string.digits + "-_"


def test_a_key_has_its_id_and_a_checksum_and_no_two_are_alike():
    made = [new_key() for _ in range(100)]
    assert len({key for key, _ in made}) == len({key_id for _, key_id in made}) == 100
    for key, key_id in made:
        assert key.startswith(f"fsk_{key_id}_")
        assert len(key) == 4 + 10 + 1 + 43 + 7
        assert find_id(key) == key_id


def test_a35_any_single_wrong_letter_is_found_without_the_database():
    key, _ = new_key()
    for place in range(len(key)):
        for letter in ALPHABET:
            wrong = f"{key[:place]}{letter}{key[place + 1 :]}"
            assert wrong == key or find_id(wrong) is None


@pytest.mark.parametrize(
    "spoil",
    [
        lambda key: key[:0],
        lambda key: key[:4],
        lambda key: key[:-1],
        lambda key: key + "a",
        lambda key: f" {key}",
        lambda key: f"{key}\n",
        lambda key: key.upper(),
        lambda key: key.replace("fsk_", "sk-"),
        lambda key: key[:-7] + "=======",
        lambda key: key[:20] + key[21] + key[20] + key[22:] if key[20] != key[21] else "",
        lambda key: "fsk_" + "\u0660" * 10 + key[14:],
        lambda key: key * 1000,
    ],
)
def test_a35_what_is_no_whole_key_is_none(spoil):
    assert find_id(spoil(new_key()[0])) is None


def test_only_the_key_itself_fits_what_was_kept_of_it():
    key, other = new_key()[0], new_key()[0]
    kept = fingerprint(key)
    assert key not in kept
    assert len(kept) == 64
    assert fits(key, kept)
    assert not fits(other, kept)
