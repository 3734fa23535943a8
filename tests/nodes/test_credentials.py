"""Reading credentials from the settings, and never showing them."""

import base64
import json
import traceback

import pytest
from pydantic import BaseModel

from flowstudio.errors import InvalidInputError, StepError
from flowstudio.nodes.credentials import CredentialId, Credentials, credential_ids
from flowstudio.nodes.outgoing.masking import mask, mask_text
from flowstudio.settings import Settings

CANARY = 'CANARY-9 "x'


def read(value) -> Credentials:
    text = value if isinstance(value, str) else json.dumps(value)
    return Credentials(Settings(credentials=text))


BEARER = {"kind": "bearer", "token": CANARY, "hosts": ["a.test"]}
HEADER = {"kind": "header", "name": "X-Key", "value": CANARY, "hosts": ["a.test"]}
BASIC = {"kind": "basic", "username": "ada", "password": CANARY, "hosts": ["a.test"]}
SMTP = {"kind": "smtp", "host": "mail.test", "username": "ada", "password": CANARY}


@pytest.mark.parametrize(
    ("value", "header"),
    [
        (BEARER, ("Authorization", f"Bearer {CANARY}")),
        (HEADER, ("X-Key", CANARY)),
        (BASIC, ("Authorization", "Basic " + base64.b64encode(f"ada:{CANARY}".encode()).decode())),
    ],
)
async def test_each_kind_makes_its_header(value, header):
    credential = await read({"it": value}).get("it")
    assert tuple(credential.headers().items()) == (header,)


@pytest.mark.parametrize("value", [BEARER, HEADER, BASIC, SMTP])
async def test_no_way_of_showing_a_credential_shows_its_secret(value):
    credentials = read({"it": value})
    credential = await credentials.get("it")
    settings = Settings(credentials=json.dumps({"it": value}))
    shown = [repr(credential), str(credential), credential.model_dump_json(), f"{credentials!r}"]
    shown += [
        repr(settings),
        str(settings),
        settings.model_dump_json(),
        repr(credential.model_dump()),
    ]
    assert "CANARY" not in "".join(shown)


async def test_no_setting_is_no_credentials():
    with pytest.raises(StepError, match=r"'x' does not exist.*FLOWSTUDIO_CREDENTIALS"):
        await read(" ").get("x")


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ('{"it": {"token": "CANARY', "not valid JSON"),
        ("[]", "not a JSON object"),
        ({"it": "CANARY"}, "it: "),
        ({"it": {}}, "it: "),
        ({"it": {"kind": "ftp", "token": "CANARY"}}, "it: "),
        ({"it": {"kind": "bearer", "token": "CANARY"}}, "it.hosts: This is missing."),
        ({"it": BEARER | {"hosts": []}}, "it.hosts: "),
        ({"it": BEARER | {"hosts": ["*"]}}, "it.hosts.0: '*' is no host"),
        ({"it": BEARER | {"hosts": ["https://a.test"]}}, "it.hosts.0: "),
        ({"it": BEARER | {"token": ""}}, "it.token: "),
        ({"it": BEARER | {"token": "CANARY\r\nX: y"}}, "it.token: Remove the line break"),
        ({"it": BEARER | {"token": ["CANARY"]}}, "it.token: "),
        ({"it": BEARER | {"user": "CANARY"}}, "it.user: Unknown key"),
        ({"it": BASIC | {"username": "a:b"}}, "it.username: "),
        ({"it": HEADER | {"name": "X\r\nHost"}}, "it: "),
        ({"it": HEADER | {"name": "Host"}}, "it: The header 'Host' is set by FlowStudio"),
        ({"it": SMTP | {"tls": "CANARY"}}, "it.tls: "),
        ({"it": SMTP | {"port": 0}}, "it.port: "),
    ],
)
def test_a_credential_that_does_not_read_is_named_without_its_secret(value, place):
    with pytest.raises(InvalidInputError) as caught:
        read(value)
    error = caught.value
    assert place in str(error)
    assert "FLOWSTUDIO_CREDENTIALS" in str(error)
    assert "CANARY" not in str(error)
    assert "CANARY" not in "".join(traceback.format_exception(error))


def test_every_problem_is_told_at_once():
    with pytest.raises(InvalidInputError) as caught:
        read({"a": {"kind": "bearer"}, "b": BEARER | {"hosts": ["?", "a.test"]}, "c": BEARER})
    assert len(caught.value.problems) == 3


def test_masking_reaches_keys_numbers_and_every_depth():
    value = {"k-secret": [{"x": "a secret b"}, 987654.0, 987654, True, None], "987654": 1}
    assert mask(value, ("secret", "987654")) == {
        "k-•••": [{"x": "a ••• b"}, "•••.0", "•••", True, None],
        "•••": 1,
    }


def test_a_secret_too_short_to_be_one_is_not_masked():
    assert mask_text("abc abcd", ("abc",)) == "abc abcd"
    assert mask_text("abc abcd", ("abcd",)) == "abc •••"


class Inner(BaseModel):
    key: CredentialId = ""
    note: str = "no id"


class Outer(BaseModel):
    one: CredentialId
    many: list[CredentialId] = []
    named: dict[str, CredentialId] = {}
    maybe: CredentialId | None = None
    inner: list[Inner] = []


def test_ids_of_credentials_are_found_by_the_type_of_their_fields():
    config = Outer(
        one="a", many=["b", ""], named={"x": "c"}, maybe="d", inner=[Inner(), Inner(key="e")]
    )
    assert list(credential_ids(config)) == [
        (("one",), "a"),
        (("many", 0), "b"),
        (("named", "x"), "c"),
        (("maybe",), "d"),
        (("inner", 1, "key"), "e"),
    ]
    assert list(credential_ids(Outer(one=""))) == []
