"""The secret keys of an installation: one for what is new, and those that came before it.

Keys are never used as they are. Each purpose has its own, derived by HKDF (RFC 5869), and what is
sealed is bound to the identity of the row that holds it: a ciphertext pasted into another row does
not open (AES-256-GCM with associated data, NIST SP 800-38D).
"""

import hashlib
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from flowstudio.errors import SecretKeyError

FILE_NAME = "secret.key"
SETTING = "FLOWSTUDIO_SECRET_KEY"
_LEAST_CHARACTERS = 32
_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class Key:
    """One key of one purpose; `id` says which of the ring it comes from, and tells nothing else."""

    id: str
    secret: bytes

    def __repr__(self) -> str:
        """Without the secret."""
        return f"Key({self.id})"


@dataclass(frozen=True, slots=True)
class Sealed:
    """A secret that only the key `key_id`, together with the same identity, opens."""

    key_id: str
    data: bytes


class KeyRing:
    """The keys, newest first; everybody who has the ring sees those it adopts later."""

    def __init__(self, texts: Sequence[str]) -> None:
        """Take the keys as they are written down.

        Raises:
            SecretKeyError: there is none, or one is too short to be safe.
        """
        if not texts or any(len(text) < _LEAST_CHARACTERS for text in texts):
            raise SecretKeyError(
                f"Each key of {SETTING} needs {_LEAST_CHARACTERS} characters or more. "
                "Make one with: openssl rand -base64 33"
            )
        self._roots = tuple(_root(text) for text in texts)

    def __repr__(self) -> str:
        """Without the keys."""
        return f"KeyRing({', '.join(self.ids)})"

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of the keys, newest first."""
        return tuple(key.id for key in self._roots)

    def adopt(self, other: "KeyRing") -> None:
        """Take over the keys of a ring that was read anew."""
        self._roots = other._roots  # noqa: SLF001 - of our own kind

    def derive(self, purpose: str) -> tuple[Key, ...]:
        """32-byte keys for one purpose, newest first."""
        return tuple(Key(root.id, _derive(root.secret, purpose)) for root in self._roots)

    def seal(self, plain: bytes, identity: str) -> Sealed:
        """Encrypt under the newest key, bound to an identity such as `ws:<id>|cred:<id>`."""
        key = self.derive("seal")[0]
        nonce = os.urandom(_NONCE_BYTES)
        return Sealed(key.id, nonce + AESGCM(key.secret).encrypt(nonce, plain, identity.encode()))

    def open(self, sealed: Sealed, identity: str) -> bytes:
        """Decrypt what `seal` made for the same identity.

        Raises:
            SecretKeyError: its key is not in the ring, or it was changed or moved.
        """
        for key in self.derive("seal"):
            if key.id == sealed.key_id:
                nonce, data = sealed.data[:_NONCE_BYTES], sealed.data[_NONCE_BYTES:]
                try:
                    return AESGCM(key.secret).decrypt(nonce, data, identity.encode())
                except (InvalidTag, ValueError) as error:
                    message = "A stored secret was changed, or moved to another place."
                    raise SecretKeyError(message) from error
        raise SecretKeyError(
            f"A stored secret was sealed with the key {sealed.key_id}, which is not in the ring "
            f"({', '.join(self.ids)}). Add that key to {SETTING} again."
        )


def new_key() -> str:
    """A key as it is written down: 256 random bits."""
    return secrets.token_urlsafe(32)


def read_file(folder: Path) -> tuple[str, ...]:
    """The keys in the data directory's file, newest first; none if there is no file.

    Raises:
        SecretKeyError: others than its owner may read the file, or it cannot be read.
    """
    path = folder / FILE_NAME
    try:
        if path.stat().st_mode & 0o077:
            raise SecretKeyError(f"Others may read {path}. Run: chmod 600 {path}")
        return tuple(line.strip() for line in path.read_text().splitlines() if line.strip())
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise SecretKeyError(f"The secret key in {path} cannot be read: {error}") from error


def write_file(folder: Path, keys: Sequence[str]) -> None:
    """Write the keys, readable by their owner alone; the file is whole or as it was before.

    Raises:
        SecretKeyError: it cannot be written.
    """
    with _draft(folder, keys) as draft:
        draft.replace(folder / FILE_NAME)


def create_file(folder: Path, keys: Sequence[str]) -> tuple[str, ...]:
    """Write the keys unless there is a file by now; gives those that stand in it afterwards.

    Raises:
        SecretKeyError: it cannot be written, or the one that is there cannot be used.
    """
    with _draft(folder, keys) as draft:
        try:
            (folder / FILE_NAME).hardlink_to(draft)
        except FileExistsError:
            return read_file(folder)
    return tuple(keys)


@contextmanager
def _draft(folder: Path, keys: Sequence[str]) -> Iterator[Path]:
    """A file with the keys beside the real one; what was made of it is on disk afterwards."""
    draft = folder / f"{FILE_NAME}.{secrets.token_hex(4)}"
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write("".join(f"{key}\n" for key in keys))
            file.flush()
            os.fsync(file.fileno())
        yield draft
        # The name, too, must survive a power cut before anything is sealed under a new key.
        directory = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except OSError as error:
        raise SecretKeyError(
            f"The secret key cannot be written to {folder / FILE_NAME}: {error}"
        ) from error
    finally:
        draft.unlink(missing_ok=True)


def split_setting(text: str) -> tuple[str, ...]:
    """The keys of the setting, newest first."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _root(text: str) -> Key:
    return Key(
        hashlib.sha256(f"flowstudio key id\0{text}".encode()).hexdigest()[:12], text.encode()
    )


@lru_cache(maxsize=64)
def _derive(secret: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), 32, None, f"flowstudio {purpose}".encode()).derive(secret)
