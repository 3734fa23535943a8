"""Access tokens: signed, short-lived statements of who is behind a request (RFC 7519, RFC 9068).

Refresh tokens and links in mail are no statements: 256 random bits, of which only the SHA-256 is
kept.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import OctKey

from flowstudio.clock import Clock
from flowstudio.errors import NotSignedInError
from flowstudio.security.keyring import KeyRing

LIFETIME_S = 600
#: How far clocks of machines may be apart.
LEEWAY_S = 30
_ISSUER = "flowstudio"
_AUDIENCE = "flowstudio-api"
_ALGORITHM = "HS256"
_TYPE = "at+jwt"
_HEADER = {"alg", "kid", "typ"}
_MOST_CHARACTERS = 2000
_FOREVER = 2**53


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """What an access token says.

    Attributes:
        version: of the person when it was made.
        is_expired: only ever true for those who asked for expired ones too.
    """

    user_id: str
    session_id: str
    version: int
    expires_at: datetime
    is_expired: bool


class AccessTokens:
    """Makes and reads access tokens, signed with the newest key of the ring."""

    def __init__(self, ring: KeyRing, clock: Clock) -> None:
        derived = ring.derive("access-token")
        self._keys = {key.id: OctKey.import_key(key.secret) for key in derived}
        self._newest = derived[0].id
        self._clock = clock

    def make(self, user_id: str, session_id: str, version: int) -> str:
        """A token that is good for ten minutes."""
        now = int(self._clock.now().timestamp())
        header = {"alg": _ALGORITHM, "kid": self._newest, "typ": _TYPE}
        claims: jwt.Claims = {"iss": _ISSUER, "aud": _AUDIENCE, "sub": user_id, "sid": session_id}
        claims |= {"ver": version, "iat": now, "exp": now + LIFETIME_S}
        return jwt.encode(header, claims, self._keys[self._newest], [_ALGORITHM])

    def read(self, token: str, *, even_expired: bool = False) -> AccessClaims:
        """What a token says, after everything about it was checked.

        Raises:
            NotSignedInError: it is none of ours, was changed, or has expired.
        """
        try:
            if len(token) > _MOST_CHARACTERS:
                raise _refusal()
            found = jwt.decode(token, self._find_key, [_ALGORITHM])
            if found.header.keys() != _HEADER or found.header["typ"] != _TYPE:
                raise _refusal()
            return self._checked(found.claims, even_expired=even_expired)
        except ExpiredTokenError as error:
            message = "You were signed out because time has passed. Sign in again."
            raise NotSignedInError(message) from error
        except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
            # A header can be any JSON, and the library does not expect all of it.
            raise _refusal() from error

    def _checked(self, claims: jwt.Claims, *, even_expired: bool) -> AccessClaims:
        now = int(self._clock.now().timestamp())
        expires = claims.get("exp")
        is_late = type(expires) is int and expires <= now - LEEWAY_S
        registry = jwt.JWTClaimsRegistry(
            now=now,
            leeway=LEEWAY_S,
            iss={"essential": True, "value": _ISSUER},
            aud={"essential": True, "value": _AUDIENCE},
            sub={"essential": True},
            sid={"essential": True},
            ver={"essential": True},
            iat={"essential": True},
            exp={"essential": True},
        )
        registry.validate(claims | ({"exp": _FOREVER} if is_late and even_expired else {}))
        user_id, session_id, version = claims["sub"], claims["sid"], claims["ver"]
        if not isinstance(session_id, str) or type(version) is not int or type(expires) is not int:
            raise _refusal()
        return AccessClaims(
            user_id, session_id, version, datetime.fromtimestamp(expires, UTC), is_late
        )

    def _find_key(self, found: Any) -> OctKey:
        key = self._keys.get(str(found.headers().get("kid")))
        if key is None:
            raise _refusal()
        return key


def new_secret() -> str:
    """256 random bits as text that fits into a link."""
    return secrets.token_urlsafe(32)


def fingerprint(secret: str) -> str:
    """The SHA-256 of a secret of full entropy, by which it is kept."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _refusal() -> NotSignedInError:
    return NotSignedInError("This access token is not valid. Sign in again.")
