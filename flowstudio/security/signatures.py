"""Signatures of webhooks in the manner of Standard Webhooks (standardwebhooks.com).

What is signed is `<id>.<timestamp>.<body>`, over the bytes as they came: JSON read and written
again may be other bytes.
"""

import base64
import binascii
import hashlib
import hmac
import secrets

#: How far a timestamp may be from now.
TOLERANCE_S = 300
_PREFIX = "whsec_"
_VERSION = "v1"
_KEY_BYTES = 32
_MOST_SIGNATURES = 10


def new_signing_secret() -> str:
    """A secret for both ends: `whsec_` and the key in base64."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The header `webhook-signature`.

    Raises:
        ValueError: the secret is not one of `new_signing_secret`.
    """
    key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    content = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.new(key, content, hashlib.sha256).digest()
    return f"{_VERSION},{base64.b64encode(digest).decode()}"


def is_recent(timestamp: str, now_s: float) -> bool:
    """Whether the header `webhook-timestamp`, in seconds since 1970, is near enough to now."""
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12):
        return False
    return abs(now_s - int(timestamp)) <= TOLERANCE_S


def is_signed(secret: str, message_id: str, timestamp: str, body: bytes, given: str) -> bool:
    """Whether one of the signatures in the header is ours; an empty secret signs nothing."""
    # With a dot in it, an id could take in the timestamp, and the body's beginning pose as another.
    if not secret.removeprefix(_PREFIX) or not message_id or "." in message_id:
        return False
    try:
        right = sign(secret, message_id, int(timestamp), body).encode()
    except (binascii.Error, ValueError):
        return False
    candidates = given.encode("utf-8", "replace").split(b" ")[:_MOST_SIGNATURES]
    # All are looked at, so that the time tells nothing of which one it was.
    return sum(hmac.compare_digest(right, candidate) for candidate in candidates) > 0
