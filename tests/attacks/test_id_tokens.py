"""ID tokens that are not what they should be: nobody gets in by one."""

import time

import pytest

from tests.browsing import studio_open, told
from tests.fakes.forger import CLIENT_ID, Forger

NOW = int(time.time())


def _fixed(value):
    return f"now{value - NOW:+}" if isinstance(value, int) else value


async def refused(folder, google: Forger) -> str:
    """The code with which the browser comes back; nobody got in."""
    async with (
        studio_open(folder, **google.settings()) as studio,
        studio.browser() as browser,
    ):
        reply = await browser.sign_in_with("google")
        assert await studio.sessions() == []
        assert "fs_at" not in browser.cookies
        return told(reply).removeprefix("/sign-in?error=")


async def test_a_right_id_token_lets_its_person_in(tmp_path):
    async with (
        Forger() as google,
        studio_open(tmp_path, **google.settings()) as studio,
        studio.browser() as browser,
    ):
        assert told(await browser.sign_in_with("google")) == "/"
        assert await browser.me() == 200


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another-client"},
        {"aud": ["another-client"], "azp": CLIENT_ID},
        {"aud": "another-client", "azp": CLIENT_ID},
        {"aud": None},
        {"aud": [CLIENT_ID, "another-client"]},
        {"iss": "https://accounts.google.com.evil.example"},
        {"iss": None},
        {"iss": ""},
        {"nonce": "another"},
        {"nonce": None},
        {"exp": NOW - 3_600},
        {"exp": None},
        {"exp": "soon"},
        {"iat": NOW + 3_600},
        {"iat": None},
        {"nbf": NOW + 3_600},
        {"sub": None},
        {"sub": ""},
        {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
    ],
    # Without the hour: every process of a run must know a test by the same name.
    ids=lambda claims: str({name: _fixed(value) for name, value in claims.items()}),
)
async def test_a16_an_id_token_with_wrong_claims_lets_nobody_in(tmp_path, claims):
    async with Forger() as google:
        google.claims = claims
        assert await refused(tmp_path, google) == "provider_failed"


@pytest.mark.parametrize(
    "way",
    [
        "signed_by_another",
        "signed_with_the_secret",
        "signed_with_the_public_key",
        "unsigned",
        "altered",
    ],
)
@pytest.mark.parametrize("offered", [["RS256"], ["RS256", "HS256", "none"]], ids=str)
async def test_a14_an_id_token_the_provider_did_not_sign_lets_nobody_in(tmp_path, way, offered):
    async with Forger() as google:
        google.metadata = {"id_token_signing_alg_values_supported": offered}
        google.forge = getattr(google, way)
        assert await refused(tmp_path, google) == "provider_failed"


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "e30.e30.", None])
async def test_a16_without_a_readable_id_token_nobody_gets_in(tmp_path, token):
    async with Forger() as google:
        google.forge = None if token is None else lambda _: token
        assert await refused(tmp_path, google) == "provider_failed"


async def test_a16_metadata_of_another_issuer_lets_nobody_in(tmp_path):
    async with Forger() as google:
        google.metadata = {"issuer": "https://accounts.google.com"}
        assert await refused(tmp_path, google) == "provider_failed"


async def test_a16_an_answer_of_another_issuer_lets_nobody_in(tmp_path):
    async with Forger() as google:
        google.answer = {"iss": "https://evil.example"}
        assert await refused(tmp_path, google) == "state"


@pytest.mark.parametrize("address", ["", "not an address", "a@b", "x" * 400 + "@example.com"])
async def test_a17_an_address_that_is_none_counts_as_unverified(tmp_path, address):
    async with Forger() as google:
        google.claims = {"email": address}
        assert await refused(tmp_path, google) == "email_unverified"
