"""Passwords: what is refused, and that hashing stays within its bounds."""

import asyncio
import threading

import pytest

from flowstudio.errors import ThrottledError
from flowstudio.security.common_passwords import COMMON, WORDS
from flowstudio.security.passwords import Passwords, find_weaknesses

GOOD = "a long walk by the river"


@pytest.fixture
def passwords():
    passwords = Passwords()
    yield passwords
    passwords.close()


async def test_a_password_is_kept_as_argon2id_with_the_costs_owasp_asks_for(passwords):
    kept = await passwords.hash(GOOD)
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert GOOD not in kept
    assert await passwords.verify(kept, GOOD)
    assert not await passwords.verify(kept, GOOD + "!")
    assert not passwords.needs_rehash(kept)
    assert passwords.needs_rehash(kept.replace("t=2", "t=1"))


@pytest.mark.parametrize("kept", [None, "", "no hash", "$argon2id$v=19$m=19456,t=2,p=1$x$y"])
async def test_without_a_readable_hash_no_password_is_right(passwords, kept):
    assert not await passwords.verify(kept, GOOD)
    assert not await passwords.verify(kept, "nobody's password")


async def test_a_letter_typed_in_two_ways_is_the_same_letter(passwords):
    kept = await passwords.hash("un été à la mer, très long")
    assert await passwords.verify(kept, "un e\u0301te\u0301 a\u0300 la mer, tre\u0300s long")


async def test_any_text_can_be_tried_as_a_password(passwords):
    kept = await passwords.hash(GOOD)
    for text in ("", "\0", "\ud800", "😀" * 1000):
        assert not await passwords.verify(kept, text)


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "a" * 11,
        "x" * 12,
        "abcabcabcabc",
        "password1234",
        "P4ssw0rd2024!!",
        "passwordpassword",
        "!!letmein2024!!",
        "Welcome to 2026",
        "1234567890123",
        "qwertyuiop12",
        "1q2w3e4r5t6y",
        "correct horse battery staple",
        "\uff41\uff44\uff4d\uff49\uff4e1234567",
        "FlowStudio2026!",
        "long" * 51,
    ],
)
def test_a_password_that_is_tried_first_or_too_short_or_long_is_refused(password):
    assert find_weaknesses(password)


@pytest.mark.parametrize(
    "password",
    [
        GOOD,
        "kf8!mPz2@qLw",
        "ab839201748362",
        "un été à la mer",
        "🐘🦒🦓🦏🐪🦘🐃🐂🐄🐎🐖🐏",
        "y" + "z1" * 99,
    ],
)
def test_a_password_of_its_own_is_accepted_whatever_its_characters(password):
    assert not find_weaknesses(password, "ann@example.com")


def test_a_password_that_holds_the_address_is_refused():
    assert find_weaknesses("Lovelace went to sea", "lovelace@example.com")
    assert not find_weaknesses("an orange for anna", "an@example.com")


def test_hundreds_of_common_passwords_are_known_and_all_of_them_are_refused():
    assert len(COMMON) + len(WORDS) > 500
    assert [one for one in COMMON if len(one) >= 12 and not find_weaknesses(one)] == []
    assert [one for one in WORDS if not find_weaknesses(f"{one}123456789012")] == []


async def test_a30b_beyond_a_bounded_line_people_are_told_to_come_back(passwords):
    passwords = Passwords(workers=2, most_waiting=3)
    gate = threading.Event()

    async def hold():
        await passwords._run(gate.wait)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(hold()) for _ in range(5)]
        await asyncio.sleep(0)
        with pytest.raises(ThrottledError) as caught:
            await passwords.hash(GOOD)
        assert caught.value.retry_after_s > 0
        gate.set()
    assert all(task.done() for task in tasks)
    assert await passwords.hash(GOOD)
    passwords.close()


async def test_no_more_than_two_passwords_are_hashed_at_once(passwords):
    inside, most, lock = 0, 0, threading.Lock()
    both = threading.Barrier(2)

    def work():
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        both.wait(timeout=10)
        with lock:
            inside -= 1

    async with asyncio.TaskGroup() as group:
        for _ in range(10):
            group.create_task(passwords._run(work))
    assert most == 2
