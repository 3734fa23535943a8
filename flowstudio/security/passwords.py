"""Passwords: what is accepted, and how they are kept (Argon2id, RFC 9106).

A hash takes some 80 ms of a processor and 19 MiB on purpose. So there are two threads for it and a
line of bounded length before them: however many people sign in at once, memory stays as it is.
"""

import asyncio
import re
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from flowstudio.errors import ThrottledError
from flowstudio.security.common_passwords import COMMON, WORDS

T = TypeVar("T")

LEAST_CHARACTERS = 12
MOST_CHARACTERS = 200
_LEAST_LOCAL_PART = 4
_LEAST_RUN = 4
_WORKERS = 2
_MOST_WAITING = 200
_RETRY_AFTER_S = 10.0
#: Letters that people write as digits and signs.
_SPOKEN = str.maketrans("0134578@$!", "oieastbasi")
_RUNS = ("abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm", "1234567890" * 2)


class Passwords:
    """Hashes and checks passwords off the event loop."""

    def __init__(self, *, workers: int = _WORKERS, most_waiting: int = _MOST_WAITING) -> None:
        """Set the costs to what OWASP's password storage cheat sheet asks of Argon2id."""
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="passwords")
        self._most = workers + most_waiting
        self._inside = 0

    def close(self) -> None:
        """Let the threads go."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    async def hash(self, password: str) -> str:
        """The password as it is kept.

        Raises:
            ThrottledError: too many wait already.
        """
        return await self._run(lambda: self._hasher.hash(_as_bytes(password)))

    async def verify(self, kept: str | None, password: str) -> bool:
        """Whether it is the password kept; without one, the same work is done for nothing.

        Raises:
            ThrottledError: too many wait already.
        """
        return await self._run(lambda: self._verify(kept, password))

    def needs_rehash(self, kept: str) -> bool:
        """Whether it was kept at other costs than today's."""
        return self._hasher.check_needs_rehash(kept)

    @cached_property
    def _nobodys(self) -> str:
        return self._hasher.hash("nobody's password")

    def _verify(self, kept: str | None, password: str) -> bool:
        try:
            return self._hasher.verify(kept or self._nobodys, _as_bytes(password)) and bool(kept)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        if self._inside >= self._most:
            message = "Too many people sign in at this moment. Try again in a few seconds."
            raise ThrottledError(message, _RETRY_AFTER_S)
        self._inside += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._inside -= 1


def find_weaknesses(password: str, email: str = "") -> list[str]:
    """Why a password is not accepted, one sentence each; none if it is.

    Length counts, not the kinds of characters (NIST SP 800-63B-4, section 3.1.1.2).
    """
    if not LEAST_CHARACTERS <= len(password) <= MOST_CHARACTERS:
        return [f"The password must have {LEAST_CHARACTERS} to {MOST_CHARACTERS} characters."]
    small = unicodedata.normalize("NFKC", password).casefold()
    local = email.partition("@")[0].casefold()
    problems = []
    if len(local) >= _LEAST_LOCAL_PART and local in small:
        problems.append("The password must not contain your e-mail address.")
    if _is_common(small):
        problems.append("This password is one of the first that others try. Choose another.")
    return problems


def _is_common(small: str) -> bool:
    whole = re.sub(r"\s", "", small)
    # What is put around a word, as in `!!letmein2024!`, is the first thing that is tried.
    core = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", whole)
    forms = {whole, core, whole.translate(_SPOKEN), core.translate(_SPOKEN)} - {""}
    forms |= {_unit(form) for form in forms}
    return any(len(form) == 1 or form in COMMON or form in WORDS or _is_run(form) for form in forms)


def _unit(text: str) -> str:
    """What a text repeats, such as `abc` of `abcabcab`; the text itself if it repeats nothing."""
    for size in range(1, len(text) // 2 + 1):
        if (text[:size] * (len(text) // size + 1))[: len(text)] == text:
            return text[:size]
    return text


def _is_run(text: str) -> bool:
    return len(text) >= _LEAST_RUN and any(text in run or text in run[::-1] for run in _RUNS)


def _as_bytes(password: str) -> bytes:
    # The same letter can be typed as one character or as two (NIST SP 800-63B-4).
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
