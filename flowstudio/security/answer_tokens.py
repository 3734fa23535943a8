"""Links that answer: signed statements of who may answer which step of which run, and until when.

Nothing is kept of them; that there is one answer alone is up to the journal.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from flowstudio.clock import Clock
from flowstudio.errors import ConflictError, NotFoundError
from flowstudio.security.keyring import KeyRing

_ALGORITHM = "HS256"
#: Keeps an access token from being taken for one of these, and the other way round.
_TYPE = "answer+jwt"
_HEADER = {"alg", "kid", "typ"}
_CLAIMS = {"sub", "run", "seq", "exp"}
_MOST_CHARACTERS = 1_000


@dataclass(frozen=True, slots=True)
class AnswerClaims:
    """Who may answer what.

    Attributes:
        seq: of the event by which the run asks.
    """

    user_id: str
    run_id: str
    seq: int
    expires_at: datetime


class AnswerTokens:
    """Makes and reads the tokens of such links, signed with the newest key of the ring."""

    def __init__(self, ring: KeyRing, clock: Clock) -> None:
        self._ring = ring
        self._clock = clock

    def make(self, claims: AnswerClaims) -> str:
        """A token that says so."""
        newest = self._ring.derive("answer-link")[0]
        header = {"alg": _ALGORITHM, "kid": newest.id, "typ": _TYPE}
        said: jwt.Claims = {"sub": claims.user_id, "run": claims.run_id, "seq": claims.seq}
        said["exp"] = int(claims.expires_at.timestamp())
        return jwt.encode(header, said, OctKey.import_key(newest.secret), [_ALGORITHM])

    def read(self, token: str) -> AnswerClaims:
        """What a token says.

        Raises:
            NotFoundError: it is none of ours, or was changed.
            ConflictError: it has expired.
        """
        try:
            claims = self._claims(token)
            user_id, run_id, seq, exp = (claims[name] for name in ("sub", "run", "seq", "exp"))
        except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
            # A header can be any JSON, and the library does not expect all of it.
            raise _unknown() from error
        if not isinstance(user_id, str) or not isinstance(run_id, str):
            raise _unknown()
        if type(seq) is not int or type(exp) is not int:
            raise _unknown()
        expires_at = datetime.fromtimestamp(exp, UTC)
        if expires_at <= self._clock.now():
            message = "This link has expired. Sign in and answer on the page of the run."
            raise ConflictError(message)
        return AnswerClaims(user_id, run_id, seq, expires_at)

    def _claims(self, token: str) -> dict[str, Any]:
        if len(token) > _MOST_CHARACTERS:
            raise _unknown()
        keys = {key.id: OctKey.import_key(key.secret) for key in self._ring.derive("answer-link")}

        def find_key(found: Any) -> OctKey:
            key = keys.get(str(found.headers().get("kid")))
            if key is None:
                raise _unknown()
            return key

        found = jwt.decode(token, find_key, [_ALGORITHM])
        if found.header.keys() != _HEADER or found.header["typ"] != _TYPE:
            raise _unknown()
        if found.claims.keys() != _CLAIMS:
            raise _unknown()
        return found.claims


def _unknown() -> NotFoundError:
    return NotFoundError("This link is not valid. Check that it is whole, or sign in to answer.")
