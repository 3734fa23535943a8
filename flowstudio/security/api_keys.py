"""PURE. API keys: `fsk_`, ten hexadecimal digits, `_`, 32 random bytes, and a checksum.

The checksum (CRC-32 in base32) tells a typing error without asking the database, and lets programs
that search for leaked secrets be sure of what they found. Only the SHA-256 of a key is kept; with
256 random bits there is nothing to guess, so no slow hash is needed.
"""

import base64
import hashlib
import hmac
import re
import secrets
import zlib

PREFIX = "fsk_"
_SHAPE = re.compile(r"fsk_([0-9a-f]{10})_([A-Za-z0-9_-]{43})([a-z2-7]{7})", re.ASCII)


def new_key() -> tuple[str, str]:
    """A key, and its id, which is no secret."""
    key_id = secrets.token_hex(5)
    body = f"{PREFIX}{key_id}_{secrets.token_urlsafe(32)}"
    return body + _checksum(body), key_id


def find_id(key: str) -> str | None:
    """The id of a key, or None if the text cannot be a key."""
    found = _SHAPE.fullmatch(key)
    if found is None or _checksum(key[:-7]) != found[3]:
        return None
    return found[1]


def fingerprint(key: str) -> str:
    """What of a key is kept."""
    return hashlib.sha256(key.encode()).hexdigest()


def fits(key: str, kept: str) -> bool:
    """Whether a key is the one whose fingerprint was kept; takes as long either way."""
    return hmac.compare_digest(fingerprint(key), kept)


def _checksum(body: str) -> str:
    return base64.b32encode(zlib.crc32(body.encode()).to_bytes(4, "big")).decode()[:7].lower()
