"""Access tokens: every way of forging one is refused."""

import base64
import hashlib
import hmac
import json

import pytest

from flowstudio.errors import NotSignedInError
from flowstudio.security.keyring import KeyRing
from flowstudio.security.tokens import AccessTokens, fingerprint, new_secret

OLD, NEW = "an old key that is long enough to be one", "a new key that is long enough to be one"


@pytest.fixture
def tokens(clock):
    return AccessTokens(KeyRing([NEW]), clock)


def b64(data) -> str:
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def forged(header, claims, secret=b"", digest="sha256") -> str:
    """A token of any header and claims, signed with any secret."""
    text = f"{b64(header)}.{b64(claims)}"
    return f"{text}.{b64(hmac.new(secret, text.encode(), digest).digest())}"


class Ours:
    """What a good token is made of, for forgers who know everything, the key included."""

    def __init__(self, clock):
        key = KeyRing([NEW]).derive("access-token")[0]
        now = int(clock.now().timestamp())
        self.secret = key.secret
        self.header = {"alg": "HS256", "kid": key.id, "typ": "at+jwt"}
        self.claims = {
            "iss": "flowstudio",
            "aud": "flowstudio-api",
            "sub": "ann",
            "sid": "session",
            "ver": 3,
            "iat": now,
            "exp": now + 600,
        }


@pytest.fixture
def ours(clock):
    return Ours(clock)


def without(values, name):
    return {key: value for key, value in values.items() if key != name}


def test_a_token_says_who_in_which_session_and_until_when(tokens, clock):
    claims = tokens.read(tokens.make("ann", "session", 3))
    assert (claims.user_id, claims.session_id, claims.version) == ("ann", "session", 3)
    assert (claims.expires_at - clock.now()).total_seconds() == 600
    assert not claims.is_expired


def test_a_token_made_by_hand_with_the_right_key_is_read(tokens, ours):
    assert tokens.read(forged(ours.header, ours.claims, ours.secret)).user_id == "ann"


@pytest.mark.parametrize(
    "change",
    [
        {"alg": "none"},
        {"alg": "None"},
        {"alg": "HS512"},
        {"alg": "RS256"},
        {"alg": ["HS256"]},
        {"alg": None},
        {"kid": "another"},
        {"kid": None},
        {"kid": {}},
        {"kid": "../../etc/passwd"},
        {"typ": "JWT"},
        {"typ": "rt+jwt"},
        {"typ": None},
        {"crit": ["exp"]},
        {"crit": ["unknown"], "unknown": 1},
        {"crit": ["b64"], "b64": False},
        {"crit": 5},
        {"jwk": {"kty": "oct", "k": "AAAA"}},
        {"jku": "https://evil.example/keys"},
    ],
)
def test_a14_a_token_with_another_header_is_refused(tokens, ours, change):
    with pytest.raises(NotSignedInError):
        tokens.read(forged(ours.header | change, ours.claims, ours.secret))


@pytest.mark.parametrize("name", ["alg", "kid", "typ"])
def test_a14_a_token_whose_header_lacks_something_is_refused(tokens, ours, name):
    with pytest.raises(NotSignedInError):
        tokens.read(forged(without(ours.header, name), ours.claims, ours.secret))


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "somebody"},
        {"aud": "another"},
        {"aud": ["another"]},
        {"sub": 5},
        {"sub": ""},
        {"sid": 5},
        {"ver": "3"},
        {"ver": True},
        {"exp": 0},
        {"exp": "tomorrow"},
        {"exp": None},
        {"exp": float("nan")},
        {"exp": 1e300},
        {"iat": 10**12},
        {"nbf": 10**12},
    ],
)
def test_a14_a_token_with_other_claims_is_refused(tokens, ours, change):
    with pytest.raises(NotSignedInError):
        tokens.read(forged(ours.header, ours.claims | change, ours.secret))


@pytest.mark.parametrize("name", ["iss", "aud", "sub", "sid", "ver", "iat", "exp"])
def test_a14_a_token_that_lacks_a_claim_is_refused(tokens, ours, name):
    with pytest.raises(NotSignedInError):
        tokens.read(forged(ours.header, without(ours.claims, name), ours.secret))


def test_a14_a_signature_that_was_stripped_changed_or_made_with_another_hash_is_refused(
    tokens, ours
):
    good = forged(ours.header, ours.claims, ours.secret)
    text = good.rpartition(".")[0]
    bad = [
        text,
        f"{text}.",
        f"{text}.{b64(bytes(32))}",
        good[:-4] + ("AAAA" if good[-4:] != "AAAA" else "BBBB"),
        forged(ours.header | {"alg": "HS512"}, ours.claims, ours.secret, "sha512"),
        forged(ours.header, ours.claims, ours.header["kid"].encode()),
        f"{b64(ours.header)}.{b64(ours.claims | {'sub': 'admin'})}.{good.rpartition('.')[2]}",
    ]
    for token in bad:
        with pytest.raises(NotSignedInError):
            tokens.read(token)


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "....",
        "a.b.c",
        "é.é.é",
        "\ud800.a.b",
        "\0",
        f"{b64([])}.{b64({})}.x",
        f"{b64(None)}.{b64({})}.x",
        f"{b64(b'[' * 500)}.{b64({})}.x",
        f"{b64(b'{')}.{b64({})}.x",
        "x" * 1_000_000,
    ],
)
def test_a14_what_is_no_token_at_all_is_refused(tokens, token):
    with pytest.raises(NotSignedInError):
        tokens.read(token)


def test_clocks_may_be_half_a_minute_apart_and_no_more(tokens, clock):
    token = tokens.make("ann", "session", 3)
    clock.turn(-29)
    tokens.read(token)
    clock.turn(-2)
    with pytest.raises(NotSignedInError):
        tokens.read(token)
    clock.turn(31 + 629)
    tokens.read(token)
    clock.turn(1)
    with pytest.raises(NotSignedInError):
        tokens.read(token)


def test_an_expired_token_can_be_read_by_who_asks_for_it_but_a_changed_one_cannot(
    tokens, ours, clock
):
    token = tokens.make("ann", "session", 3)
    clock.turn(86_400)
    assert tokens.read(token, even_expired=True).is_expired
    with pytest.raises(NotSignedInError):
        tokens.read(forged(ours.header, ours.claims, b"another"), even_expired=True)
    with pytest.raises(NotSignedInError):
        tokens.read(
            forged(ours.header, ours.claims | {"aud": "another"}, ours.secret), even_expired=True
        )


def test_tokens_of_an_older_key_of_the_ring_are_read_until_it_is_gone(clock):
    token = AccessTokens(KeyRing([OLD]), clock).make("ann", "session", 3)
    assert AccessTokens(KeyRing([NEW, OLD]), clock).read(token).user_id == "ann"
    with pytest.raises(NotSignedInError):
        AccessTokens(KeyRing([NEW]), clock).read(token)


def test_secrets_have_256_bits_and_are_known_by_their_sha256():
    first, second = new_secret(), new_secret()
    assert first != second
    assert len(base64.urlsafe_b64decode(first + "=")) == 32
    assert fingerprint(first) == hashlib.sha256(first.encode()).hexdigest()
