"""Attacks on signing in with a provider, against providers that are strict about their side."""

import base64
import json
from urllib.parse import urlencode

import httpx
import pytest
from itsdangerous import TimestampSigner, URLSafeTimedSerializer

from tests.browsing import SITE, query_of, start, told
from tests.providing import (
    GITHUB,
    GOOGLE,
    change_flow,
    nobody_got_in,
    returning,
    signer,
    with_github,
    with_google,
)


async def test_a16_a_callback_without_state_opens_no_session(tmp_path):
    async with with_github(tmp_path) as (studio, _), studio.browser() as browser:
        code = query_of(await returning(browser))["code"]
        reply = await browser.get(f"{GITHUB}?code={code}")
        assert told(reply) == "/sign-in?error=state"
        await nobody_got_in(studio, browser)


async def test_a16_a_callback_out_of_nowhere_opens_no_session(tmp_path):
    async with with_github(tmp_path) as (studio, _), studio.browser() as browser:
        for query in ("", "?", "?state=", "?code=", "?code=x", "?state=x&code=y", "?error=x"):
            reply = await browser.get(f"{GITHUB}{query}")
            assert told(reply).startswith("/sign-in?error=")
        await nobody_got_in(studio, browser)


async def test_a16_a_forged_state_opens_no_session(tmp_path):
    async with with_github(tmp_path) as (studio, _), studio.browser() as browser:
        query = query_of(await returning(browser))
        forged = urlencode(query | {"state": query["state"][::-1]})
        reply = await browser.get(f"{GITHUB}?{forged}")
        assert told(reply) == "/sign-in?error=state"
        await nobody_got_in(studio, browser)


async def test_a16_another_browsers_callback_opens_no_session(tmp_path):
    async with (
        with_github(tmp_path) as (studio, _),
        studio.browser() as mallory,
        studio.browser() as alice,
    ):
        reply = await alice.get(await returning(mallory))
        assert told(reply) == "/sign-in?error=state"
        await nobody_got_in(studio, alice, mallory)


async def test_a16_another_browsers_callback_during_an_own_flow_opens_no_session(tmp_path):
    async with (
        with_github(tmp_path) as (studio, _),
        studio.browser() as mallory,
        studio.browser() as alice,
    ):
        await returning(alice)
        reply = await alice.get(await returning(mallory))
        assert told(reply) == "/sign-in?error=state"
        await nobody_got_in(studio, alice, mallory)


async def test_a16_a_replayed_callback_opens_no_second_session(tmp_path):
    async with with_github(tmp_path) as (studio, _), studio.browser() as browser:
        address = await returning(browser)
        assert told(await browser.get(address)) == "/"
        assert told(await browser.get(address)) == "/sign-in?error=state"
        assert await studio.sessions() == ["github"]


async def test_a16_a_replayed_callback_with_its_cookie_fails_at_the_providers_code(tmp_path):
    async with with_github(tmp_path) as (studio, github), studio.browser() as browser:
        address = await returning(browser)
        flow = browser.cookies["fs_flow"]
        assert told(await browser.get(address)) == "/"
        async with studio.browser(cookies={"fs_flow": flow}) as thief:
            assert told(await thief.get(address)) == "/sign-in?error=provider_failed"
            assert await thief.me() == 401
        assert github.refusals == ["bad_verification_code"]
        assert await studio.sessions() == ["github"]


async def test_a16_access_denied_opens_no_session(tmp_path):
    async with with_github(tmp_path) as (studio, github), studio.browser() as browser:
        github.denies = True
        assert told(await browser.sign_in_with("github")) == "/sign-in?error=denied"
        await nobody_got_in(studio, browser)


async def test_a16_errors_of_the_provider_are_told_by_a_code_and_never_repeated(tmp_path):
    async with with_github(tmp_path) as (studio, _), studio.browser() as browser:
        state = query_of(await returning(browser))["state"]
        evil = urlencode({"error": "<script>", "error_description": "<b>\r\n", "state": state})
        assert told(await browser.get(f"{GITHUB}?{evil}")) == "/sign-in?error=provider_failed"
        await nobody_got_in(studio, browser)


@pytest.mark.parametrize("verifier", ["another verifier", ""])
async def test_a16_a_wrong_or_missing_pkce_verifier_opens_no_session(tmp_path, verifier):
    async with with_github(tmp_path) as (studio, github), studio.browser() as browser:
        address = await returning(browser)
        change_flow(studio, browser, code_verifier=verifier)
        assert told(await browser.get(address)) == "/sign-in?error=provider_failed"
        assert github.refusals == ["bad_verification_code: code_verifier"]
        await nobody_got_in(studio, browser)


async def test_a16_a_code_injected_into_another_flow_opens_no_session(tmp_path):
    async with (
        with_github(tmp_path) as (studio, github),
        studio.browser() as mallory,
        studio.browser() as alice,
    ):
        stolen = query_of(await returning(alice))["code"]
        own = query_of(await returning(mallory))
        reply = await mallory.get(f"{GITHUB}?{urlencode(own | {'code': stolen})}")
        assert told(reply) == "/sign-in?error=provider_failed"
        assert github.refusals == ["bad_verification_code: code_verifier"]
        await nobody_got_in(studio, mallory, alice)


async def test_a16_a_redirect_address_changed_on_the_way_there_is_refused(tmp_path):
    async with with_github(tmp_path) as (studio, _), studio.browser() as browser:
        away = httpx.URL((await browser.get(start("github"))).headers["location"])
        assert away.params["redirect_uri"] == GITHUB
        for evil in ("https://evil.example/cb", f"{GITHUB}/", f"{GITHUB}?a=b", f"{SITE}/"):
            reply = await browser.get(away.copy_set_param("redirect_uri", evil))
            assert reply.status_code == 400
            assert "location" not in reply.headers
        await nobody_got_in(studio, browser)


async def test_a16_a_redirect_address_changed_at_the_exchange_is_refused(tmp_path):
    async with with_github(tmp_path) as (studio, github), studio.browser() as browser:
        address = await returning(browser)
        change_flow(studio, browser, redirect_uri="https://evil.example/cb")
        assert told(await browser.get(address)) == "/sign-in?error=provider_failed"
        assert github.refusals == ["redirect_uri_mismatch"]
        await nobody_got_in(studio, browser)


async def test_a16_a_wrong_client_secret_opens_no_session(tmp_path):
    wrong = {"github_client_secret": "not the secret"}
    async with with_github(tmp_path, **wrong) as (studio, github), studio.browser() as browser:
        assert told(await browser.sign_in_with("github")) == "/sign-in?error=provider_failed"
        assert github.refusals == ["incorrect_client_credentials"]
        await nobody_got_in(studio, browser)


async def test_a16_one_providers_callback_is_not_anothers(tmp_path):
    google = {"google_client_id": "x", "google_client_secret": "y"}
    async with with_github(tmp_path, **google) as (studio, _), studio.browser() as browser:
        address = (await returning(browser)).replace("/github/", "/google/")
        assert told(await browser.get(address)).startswith("/sign-in?error=")
        await nobody_got_in(studio, browser)


@pytest.mark.parametrize("cookie", ["", "null", "e30", "e30.aaaa.bbbb", "a" * 5_000, "....", "é"])
async def test_a16_a_made_up_flow_cookie_opens_no_session(tmp_path, cookie):
    async with with_github(tmp_path) as (studio, _), studio.browser() as browser:
        query = urlencode(query_of(await returning(browser)))
        browser.cookies.clear()
        sent = {"Cookie": f"fs_flow={cookie}".encode()}
        reply = await browser.get(f"{GITHUB}?{query}", headers=sent)
        assert told(reply) == "/sign-in?error=state"
        await nobody_got_in(studio, browser)


async def test_a16_a_flow_cookie_changed_by_hand_opens_no_session(tmp_path):
    async with with_github(tmp_path) as (studio, _), studio.browser() as browser:
        address = await returning(browser)
        _, _, signature = browser.cookies["fs_flow"].partition(".")
        text = base64.urlsafe_b64encode(json.dumps({"next": "/admin"}).encode()).decode()
        browser.cookies.clear()
        browser.cookies.set("fs_flow", f"{text.rstrip('=')}.{signature}")
        assert told(await browser.get(address)) == "/sign-in?error=state"
        await nobody_got_in(studio, browser)


async def test_a16_the_callback_address_is_never_built_from_the_host_header(tmp_path):
    async with with_github(tmp_path) as (studio, _), studio.browser() as browser:
        evil = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
        reply = await browser.get(start("github"), headers=evil)
        assert query_of(reply.headers["location"])["redirect_uri"] == GITHUB


async def test_a16_a_flow_begun_too_long_ago_opens_no_session(tmp_path):
    async with with_github(tmp_path) as (studio, _), studio.browser() as browser:
        address = await returning(browser)
        good = signer(studio)
        flow = good.loads(browser.cookies["fs_flow"])
        old = URLSafeTimedSerializer(good.secret_keys, salt=good.salt, signer=_SlowSigner)
        browser.cookies.clear()
        browser.cookies.set("fs_flow", old.dumps(flow))
        assert told(await browser.get(address)) == "/sign-in?error=state"
        await nobody_got_in(studio, browser)


@pytest.mark.parametrize("verifier", ["a" * 43, ""])
async def test_a16_oidc_provider_refuses_a_wrong_or_missing_verifier(tmp_path, verifier):
    async with with_google(tmp_path) as (studio, _), studio.browser() as browser:
        address = await returning(browser, "google")
        change_flow(studio, browser, code_verifier=verifier)
        assert told(await browser.get(address)) == "/sign-in?error=provider_failed"
        await nobody_got_in(studio, browser)


async def test_a16_oidc_provider_refuses_a_replayed_code(tmp_path):
    async with with_google(tmp_path) as (studio, _), studio.browser() as browser:
        address = await returning(browser, "google")
        flow = browser.cookies["fs_flow"]
        assert told(await browser.get(address)) == "/"
        async with studio.browser(cookies={"fs_flow": flow}) as thief:
            assert told(await thief.get(address)) == "/sign-in?error=provider_failed"
            assert await thief.me() == 401
        assert await studio.sessions() == ["google"]


async def test_a16_oidc_provider_refuses_a_changed_redirect_address(tmp_path):
    async with with_google(tmp_path) as (studio, _), studio.browser() as browser:
        away = httpx.URL((await browser.get(start("google"))).headers["location"])
        assert away.params["redirect_uri"] == GOOGLE
        reply = await browser.get(away.copy_set_param("redirect_uri", "https://evil.example/cb"))
        assert reply.status_code == 400
        address = await returning(browser, "google")
        change_flow(studio, browser, redirect_uri="https://evil.example/cb")
        assert told(await browser.get(address)) == "/sign-in?error=provider_failed"
        await nobody_got_in(studio, browser)


async def test_a16_oidc_provider_refuses_a_wrong_client_secret(tmp_path):
    wrong = {"google_client_secret": "not the secret"}
    async with with_google(tmp_path, **wrong) as (studio, _), studio.browser() as browser:
        assert told(await browser.sign_in_with("google")) == "/sign-in?error=provider_failed"
        await nobody_got_in(studio, browser)


async def test_a16_saying_no_at_oidc_provider_opens_no_session(tmp_path):
    async with with_google(tmp_path) as (studio, google), studio.browser() as browser:
        await google.choose(sub="7", denies=True)
        assert told(await browser.sign_in_with("google")) == "/sign-in?error=denied"
        await nobody_got_in(studio, browser)


class _SlowSigner(TimestampSigner):
    def get_timestamp(self) -> int:
        return super().get_timestamp() - 601
