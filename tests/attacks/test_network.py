"""Outgoing requests that try to reach what they may not, or to leave with what is not theirs.

The letters are the rows of the attack table in docs/attacks.md.
"""

import gzip
import json
import ssl
import tracemalloc
from ipaddress import ip_address

import httpcore
import pytest
import trustme

from flowstudio.errors import AddressRefusedError, InvalidInputError, StepError
from flowstudio.nodes.credentials import Credentials
from flowstudio.nodes.outgoing.addresses import HostRule
from flowstudio.nodes.outgoing.guard import SETTING, AddressGuard
from flowstudio.nodes.outgoing.http import OutgoingHttp
from flowstudio.nodes.outgoing.network import GuardedNetwork
from flowstudio.settings import Settings
from tests.fakes.http_server import Answer, HttpServer, echo

PUBLIC = "93.184.215.14"


class Names:
    """A resolver whose answers are written down, one after the other; the last one stays."""

    def __init__(self, **answers: list[list[str]]) -> None:
        self.answers = {name.replace("_", "."): list(found) for name, found in answers.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> list[str]:  # noqa: ARG002
        self.asked.append(host)
        answers = self.answers[host]
        return answers.pop(0) if len(answers) > 1 else answers[0]


@pytest.fixture
async def server():
    async with HttpServer() as running:
        yield running


@pytest.fixture
async def open_http():
    opened = []

    def build(*allow: str, resolve=None, max_bytes: int = 1_000_000, tls=None) -> OutgoingHttp:
        settings = Settings(http_allow_private=allow, http_max_bytes=max_bytes)
        more = {"resolve": resolve} if resolve else {}
        opened.append(OutgoingHttp(settings, tls=tls, **more))
        return opened[-1]

    yield build
    for http in opened:
        await http.close()


NOT_PUBLIC = [
    "127.0.0.1", "localhost", "LOCALHOST", "127.255.255.254", "0.0.0.0",  # noqa: S104 - nothing binds to it
    "[::]", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:169.254.169.254]", "[::ffff:8.8.8.8]",
    "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]",
    "[2001:0:7f00:1::]", "169.254.169.254", "10.0.0.1", "10.255.255.255", "172.16.0.1",
    "172.31.255.255", "192.168.1.1", "100.64.0.1", "[fd00::1]", "[fc00::1]", "[fe80::1]",
    "[fec0::1]", "224.0.0.1", "239.255.255.255", "[ff02::1]", "240.0.0.1", "255.255.255.255",
    "192.0.0.1", "192.0.2.1", "198.51.100.1", "203.0.113.1", "[2001:db8::1]", "[3fff::1]",
    "198.18.0.1", "192.88.99.1", "[100::1]",
]  # fmt: skip


@pytest.mark.parametrize("host", NOT_PUBLIC, ids=[f"A12-{host}" for host in NOT_PUBLIC])
async def test_an_address_that_is_not_public_is_refused_and_the_message_says_how_to_allow_it(
    host, server, open_http
):
    with pytest.raises(AddressRefusedError) as caught:
        await open_http().request("GET", f"http://{host}:{server.port}/echo")

    assert host.strip("[]").lower() in str(caught.value)
    assert SETTING in str(caught.value)
    assert not caught.value.retryable
    assert server.connections == 0


DISGUISED = [
    "http://0:{}/", "http://127.1:{}/", "http://2130706433:{}/", "http://0x7f000001:{}/",
    "http://0177.0.0.1:{}/", "http://0x7f.1:{}/", "http://127.0.0.1.:{}/", "http://127.0.0.1%00:{}/",
    "http://①②⑦.⓪.⓪.①:{}/", "http://\uff11\uff12\uff17.0.0.1:{}/", "http://127。0。0。1:{}/", "http://[::1%25lo]:{}/",
    "http://%6c%6fcalhost:{}/", "http://%31%32%37.0.0.1:{}/", "http://user:pw@127.0.0.1:{}/",
    "http://user:hunter2@example.com:{}/", "http://127.0.0.1%23@example.com:{}/",
    "http://example.com\\@127.0.0.1:{}/", "http://127.0.0.1:{}\\@example.com/", "http://:{}/",
    "http:///127.0.0.1:{}/", "http://a..b:{}/", "http://-a.example:{}/",
    "file:///etc/passwd", "file://127.0.0.1:{}/etc/passwd", "gopher://127.0.0.1:{}/", "ftp://127.0.0.1:{}/",
    "dict://127.0.0.1:{}/", "data:text/plain,{}", "unix:/var/run/docker.sock", "javascript:alert({})",
    "//127.0.0.1:{}/", "127.0.0.1:{}", "", "http://example.com:0/", "http://example.com:99999/",
    "http://exam\nple.com:{}/", "http://example.com:{}/\r\nX-Evil: 1", "http://[::1:{}/",
]  # fmt: skip


@pytest.mark.parametrize("url", DISGUISED, ids=[f"A12-{url!r}" for url in DISGUISED])
async def test_a_url_that_hides_its_host_or_is_not_http_is_refused(url, server, open_http):
    with pytest.raises(AddressRefusedError) as caught:
        await open_http().request("GET", url.format(server.port))

    assert "hunter2" not in str(caught.value)
    assert server.connections == 0


async def test_a13_every_hop_of_a_redirect_is_checked(server, open_http):
    http = open_http(f"127.0.0.1:{server.port}")
    for location in (
        "http://169.254.169.254/latest/meta-data",
        f"http://[::ffff:127.0.0.1]:{server.port}/echo",
        "//10.0.0.1/",
        "file:///etc/passwd",
        "http://user:pw@127.0.0.1/",
        "http://[broken/",
    ):
        server.answers["/away"] = Answer.redirect(location)
        with pytest.raises(AddressRefusedError):
            await http.request("GET", server.url("/away"))
    assert {request.path for request in server.requests} == {"/away"}


async def test_a13_a_name_with_one_public_and_one_private_address_is_refused(server, open_http):
    for found in ([PUBLIC, "127.0.0.1"], ["127.0.0.1", PUBLIC], [PUBLIC, "::1"]):
        names = Names(two_test=[found])
        with pytest.raises(AddressRefusedError, match=r"'two\.test' stands at"):
            await open_http(resolve=names).request("GET", server.url("/echo", "two.test"))
    assert server.connections == 0


class Dialled(httpcore.AsyncNetworkBackend):
    """Keeps what it is asked to connect to, and never gets through."""

    def __init__(self) -> None:
        self.addresses: list[str] = []

    async def connect_tcp(self, host, port, *_, **__):  # noqa: ARG002
        self.addresses.append(host)
        raise httpcore.ConnectError


async def test_a13_a_name_is_looked_up_once_and_what_was_checked_is_what_is_dialled():
    names = Names(rebind_test=[[PUBLIC], ["127.0.0.1"]])
    dialled = Dialled()
    network = GuardedNetwork(AddressGuard((), names), dialled)

    with pytest.raises(httpcore.ConnectError):
        await network.connect_tcp("rebind.test", 80)
    assert (names.asked, dialled.addresses) == (["rebind.test"], [PUBLIC])

    with pytest.raises(AddressRefusedError):
        await network.connect_tcp("rebind.test", 80)
    assert dialled.addresses == [PUBLIC]


async def test_a13_a_rebinding_name_reaches_only_the_address_that_was_checked(server, open_http):
    server.answers["/echo"] = Answer(headers={"Connection": "close"})
    names = Names(rebind_test=[["127.0.0.1"], ["10.0.0.1"]])
    http = open_http(f"127.0.0.1:{server.port}", resolve=names)

    reply = await http.request("GET", server.url("/echo", "rebind.test"))
    assert (reply.status, names.asked) == (200, ["rebind.test"])

    with pytest.raises(AddressRefusedError, match=r"10\.0\.0\.1"):
        await http.request("GET", server.url("/echo", "rebind.test"))


async def test_the_next_address_is_tried_when_one_does_not_answer(server, open_http):
    http = open_http("*.test", resolve=Names(two_test=[["127.0.0.2", "127.0.0.1"]]))

    reply = await http.request("GET", server.url("/echo", "two.test"))

    assert json.loads(reply.content)["headers"]["host"] == f"two.test:{server.port}"


async def test_unix_sockets_are_refused():
    with pytest.raises(AddressRefusedError):
        await GuardedNetwork(AddressGuard(())).connect_unix_socket("/var/run/docker.sock")


async def test_proxies_of_the_environment_play_no_part(server, open_http, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, server.url(""))
    with pytest.raises(AddressRefusedError):
        await open_http().request("GET", "http://169.254.169.254/")
    assert server.connections == 0


# A13b: what another host gets to see


@pytest.fixture
async def two_sites(server, open_http):
    async with HttpServer() as other:
        names = Names(a_test=[["127.0.0.1"]], b_test=[["127.0.0.1"]])
        yield server, other, open_http("a.test", "b.test", resolve=names)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a13b_a_redirect_to_another_host_drops_every_header_that_may_be_a_secret(
    two_sites, status
):
    first, other, http = two_sites
    first.answers["/away"] = Answer.redirect(other.url("/echo", "b.test"), status)
    typed = {"Authorization": "typed-secret", "Cookie": "c=secret", "X-Token": "secret"}

    reply = await http.request(
        "POST",
        first.url("/away", "a.test"),
        headers=typed | {"Content-Type": "text/plain", "Accept-Language": "de"},
        secret_headers={"X-Api-Key": "bound-secret"},
        body=b"hello",
    )

    assert first.requests[0].headers["x-api-key"] == "bound-secret"
    got = json.loads(reply.content)
    assert "secret" not in reply.content.decode()
    assert got["headers"]["accept-language"] == "de"
    assert (got["method"], got["body"]) == (("POST", "hello") if status > 303 else ("GET", ""))
    assert ("content-type" in got["headers"]) == (status > 303)


async def test_a13b_a_port_of_the_same_host_is_another_host(two_sites):
    first, other, http = two_sites
    first.answers["/away"] = Answer.redirect(other.url("/echo", "a.test"))
    reply = await http.request(
        "GET", first.url("/away", "a.test"), secret_headers={"Authorization": "secret"}
    )
    assert "authorization" not in json.loads(reply.content)["headers"]


async def test_a13b_a_redirect_within_the_host_keeps_the_credential(two_sites):
    first, _, http = two_sites
    first.answers["/here"] = Answer.redirect("/echo?x=1", 307)
    reply = await http.request(
        "GET", first.url("/here", "a.test"), secret_headers={"Authorization": "secret"}
    )
    assert json.loads(reply.content)["headers"]["authorization"] == "secret"
    assert reply.url == first.url("/echo?x=1", "a.test")


async def test_a13b_a_credential_that_was_dropped_does_not_come_back(two_sites):
    first, other, http = two_sites
    first.answers["/away"] = Answer.redirect(other.url("/back", "b.test"))
    other.answers["/back"] = Answer.redirect(first.url("/echo", "a.test"))
    reply = await http.request(
        "GET", first.url("/away", "a.test"), secret_headers={"Authorization": "secret"}
    )
    assert "authorization" not in json.loads(reply.content)["headers"]


@pytest.mark.parametrize(
    "headers", [{"secret_headers": {"X-Key": "k"}}, {"headers": {"Cookie": "k"}}]
)
async def test_a13b_a_credentialed_request_does_not_go_from_https_to_http(
    server, open_http, headers
):
    authority = trustme.CA()
    serving, trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("a.test").configure_cert(serving)
    authority.configure_trust(trusting)
    async with HttpServer(serving) as secure:
        secure.answers["/down"] = Answer.redirect(server.url("/echo", "a.test"))
        http = open_http("a.test", resolve=Names(a_test=[["127.0.0.1"]]), tls=trusting)

        with pytest.raises(AddressRefusedError, match="from https to http"):
            await http.request("GET", secure.url("/down", "a.test"), **headers)
        assert server.connections == 0

        reply = await http.request("GET", secure.url("/down", "a.test"))
        assert reply.status == 200


async def test_redirects_end_after_five(server, open_http):
    http = open_http(f"127.0.0.1:{server.port}")
    for hop in range(6):
        server.answers[f"/{hop}"] = Answer.redirect(f"/{hop + 1}")
    server.answers["/6"] = echo
    assert (await http.request("GET", server.url("/1"))).status == 200
    with pytest.raises(StepError, match="redirects more than 5 times"):
        await http.request("GET", server.url("/0"))


# A13c: replies without end


@pytest.fixture(scope="module")
def bomb() -> bytes:
    """200 kB that unpack to 200 MB."""
    return gzip.compress(bytes(200_000_000), 9)


def gzipped(body: bytes) -> Answer:
    return Answer(body=body, headers={"Content-Encoding": "gzip"})


async def test_a13c_a_gzip_bomb_is_cut_at_the_limit_while_it_unpacks(server, open_http, bomb):
    assert len(bomb) < 250_000
    server.answers["/bomb"] = gzipped(bomb)
    http = open_http(f"127.0.0.1:{server.port}", max_bytes=1_000_000)
    await http.request("GET", server.url("/echo"))

    tracemalloc.start()
    try:
        with pytest.raises(StepError, match="larger than 1,000,000 bytes") as caught:
            await http.request("GET", server.url("/bomb"))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert not caught.value.retryable
    assert peak < 8_000_000


async def test_a13c_an_endless_body_is_cut_at_the_limit(server, open_http):
    http = open_http(f"127.0.0.1:{server.port}", max_bytes=100_000)
    with pytest.raises(StepError, match="larger than 100,000 bytes"):
        await http.request("GET", server.url("/endless"))


async def test_a13c_a_body_that_announces_too_much_is_not_read(server, open_http):
    async def announce(writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100001\r\n\r\n")
        await writer.drain()
        await server.closed.wait()

    server.raw["/large"] = announce
    with pytest.raises(StepError, match="larger than 100,000 bytes"):
        await open_http(f"127.0.0.1:{server.port}", max_bytes=100_000).request(
            "GET", server.url("/large")
        )


async def test_a13c_gzip_that_unpacks_to_nothing_for_ever_is_cut(server, open_http):
    server.answers["/empty"] = gzipped(gzip.compress(b"") * 10_000)
    with pytest.raises(StepError, match="larger than 100,000 bytes"):
        await open_http(f"127.0.0.1:{server.port}", max_bytes=100_000).request(
            "GET", server.url("/empty")
        )


async def test_a13c_a_drip_that_never_lets_a_read_time_out_is_cut_at_the_deadline(
    server, open_http
):
    http = open_http(f"127.0.0.1:{server.port}")
    with pytest.raises(StepError, match=r"did not answer in full within 0\.2 s") as caught:
        await http.request("GET", server.url("/drip"), timeout_s=0.2)
    assert caught.value.retryable


async def test_a13c_a_server_that_never_answers_is_cut_at_the_deadline(server, open_http):
    async def silent(_):
        await server.closed.wait()

    server.raw["/silent"] = silent
    with pytest.raises(StepError, match="did not answer in full"):
        await open_http(f"127.0.0.1:{server.port}").request(
            "GET", server.url("/silent"), timeout_s=0.2
        )


async def test_a_gzip_reply_is_unpacked_also_when_it_has_several_members(server, open_http):
    server.answers["/two"] = gzipped(gzip.compress(b"one ") + gzip.compress(b"two") + b"\0\0")
    reply = await open_http(f"127.0.0.1:{server.port}").request("GET", server.url("/two"))
    assert reply.content == b"one two"


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (gzipped(b"not gzip"), "not valid gzip"),
        (gzipped(gzip.compress(b"hello" * 100)[:-9]), "ended too early"),
        (Answer(body=b"x", headers={"Content-Encoding": "br"}), "only gzip was offered"),
        (Answer(body=b"x", headers={"Content-Encoding": "gzip, gzip"}), "only gzip was offered"),
    ],
)
async def test_a_body_that_cannot_be_unpacked_is_an_error(server, open_http, answer, message):
    server.answers["/x"] = answer
    with pytest.raises(StepError, match=message):
        await open_http(f"127.0.0.1:{server.port}").request("GET", server.url("/x"))


# A13d: breaking out of a header


@pytest.mark.parametrize(
    "headers",
    [
        {"X": "a\r\nHost: evil"},
        {"X": "a\nHost: evil"},
        {"X": "a\rHost: evil"},
        {"X": "a\0b"},
        {"X\r\nHost": "evil"},
        {"X: y\r\nHost": "evil"},
        {"": "a"},
        {"X Y": "a"},
        {"Ä": "a"},
        {"Host": "evil"},
        {"host": "evil"},
        {"Content-Length": "0"},
        {"Transfer-Encoding": "chunked"},
        {"Connection": "upgrade"},
        {"Expect": "100-continue"},
    ],
    ids=lambda headers: f"A13d-{headers!r}",
)
async def test_a13d_a_header_cannot_break_out_of_its_line_or_take_over_the_framing(
    server, open_http, headers
):
    http = open_http(f"127.0.0.1:{server.port}")
    for place in ("headers", "secret_headers"):
        with pytest.raises(StepError) as caught:
            await http.request("POST", server.url("/echo"), body=b"x", **{place: headers})
        assert not caught.value.retryable
        assert str(caught.value).isprintable()
    assert server.connections == 0


@pytest.mark.parametrize("method", ["GET / HTTP/1.1\r\nX: ", "CONNECT", "TRACE", "", "G ET"])
async def test_a13d_a_method_cannot_break_out_of_its_line(server, open_http, method):
    with pytest.raises(StepError):
        await open_http(f"127.0.0.1:{server.port}").request(method, server.url("/echo"))
    assert server.connections == 0


async def test_a_header_may_hold_letters_beyond_ascii(server, open_http):
    http = open_http(f"127.0.0.1:{server.port}")
    reply = await http.request("GET", server.url("/echo"), headers={"X-Name": "Zoë"})
    # The server reads header bytes as Latin-1, as HTTP has it; what was sent is UTF-8.
    assert json.loads(reply.content)["headers"]["x-name"].encode("latin-1").decode() == "Zoë"


# TLS


async def test_tls_names_the_host_while_connecting_to_the_checked_address(open_http):
    authority = trustme.CA()
    serving, trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("a.test").configure_cert(serving)
    authority.configure_trust(trusting)
    asked_for = []
    serving.sni_callback = lambda _, name, __: asked_for.append(name)
    async with HttpServer(serving) as secure:
        names = Names(a_test=[["127.0.0.1"]], b_test=[["127.0.0.1"]])
        http = open_http("*.test", resolve=names, tls=trusting)

        reply = await http.request("GET", secure.url("/echo", "a.test"))
        assert asked_for == ["a.test"]
        assert json.loads(reply.content)["headers"]["host"] == f"a.test:{secure.port}"

        with pytest.raises(StepError, match=r"The certificate of b\.test is not trusted") as caught:
            await http.request("GET", secure.url("/echo", "b.test"))
        assert not caught.value.retryable

    async with HttpServer(serving) as secure:
        http = open_http("*.test", resolve=names)
        with pytest.raises(StepError, match="is not trusted"):
            await http.request("GET", secure.url("/echo", "a.test"))


# Exceptions an operator opens


@pytest.mark.parametrize(
    ("rule", "host", "port", "address", "covered"),
    [
        ("127.0.0.1:80", "127.0.0.1", 80, "127.0.0.1", True),
        ("127.0.0.1:80", "127.0.0.1", 81, "127.0.0.1", False),
        ("127.0.0.1", "any.test", 1, "127.0.0.1", True),
        ("10.0.0.0/8:443", "x.test", 443, "10.1.2.3", True),
        ("10.0.0.0/8:443", "x.test", 80, "10.1.2.3", False),
        ("10.0.0.0/8", "x.test", 80, "11.1.2.3", False),
        ("10.0.0.0/8", "x.test", 80, "::ffff:10.0.0.1", False),
        ("[::1]:8080", "::1", 8080, "::1", True),
        ("[fd00::/8]:80", "x.test", 80, "fd12::1", True),
        ("[fd00::/8]", "x.test", 81, "fd12::1", True),
        ("fd00::/8", "x.test", 81, "fd12::1", True),
        ("::1", "::1", 81, "::1", True),
        ("intranet:3000", "INTRANET.", 3000, "10.0.0.1", True),
        ("intranet", "intranet.evil.example", 80, "10.0.0.1", False),
        ("*.corp.test", "a.b.corp.test", 80, "10.0.0.1", True),
        ("*.corp.test", "corp.test", 80, "10.0.0.1", False),
        ("*.corp.test", "evilcorp.test", 80, "10.0.0.1", False),
    ],
)
def test_a_rule_covers_what_it_names_and_nothing_else(rule, host, port, address, covered):
    from_text = HostRule.parse(rule)
    assert from_text.covers(host, port, ip_address(address)) == covered


@pytest.mark.parametrize(
    "rule",
    ["*", "", "http://x", "127.1", "0x7f000001", "a b", "10.0.0.0/33", "x:0", "x:99999", "[::1"],
)
def test_a_rule_that_does_not_read_names_the_setting(rule):
    with pytest.raises(InvalidInputError, match=SETTING):
        OutgoingHttp(Settings(http_allow_private=(rule,)))


async def test_an_exception_for_one_port_opens_no_other(server, open_http):
    async with HttpServer() as other:
        http = open_http(f"127.0.0.1:{server.port}")
        assert (await http.request("GET", server.url("/echo"))).status == 200
        with pytest.raises(AddressRefusedError):
            await http.request("GET", other.url("/echo"))
        assert other.connections == 0


# A34: a credential stays with its hosts

CREDENTIALS = {
    "openai": {"kind": "bearer", "token": "sk-CANARY-1", "hosts": ["api.openai.com"]},
    "wide": {"kind": "header", "name": "X-Key", "value": "k", "hosts": ["*.example.com:443"]},
}


@pytest.mark.parametrize(
    ("name", "host", "port"),
    [
        ("openai", "evil.example", 443),
        ("openai", "api.openai.com.evil.example", 443),
        ("openai", "evil-api.openai.com", 443),
        ("openai", "openai.com", 443),
        ("openai", "127.0.0.1", 443),
        ("wide", "example.com", 443),
        ("wide", "evilexample.com", 443),
        ("wide", "a.example.com", 80),
    ],
    ids=lambda value: f"A34-{value}",
)
async def test_a34_a_credential_is_refused_on_a_host_it_is_not_bound_to(name, host, port):
    credentials = Credentials(Settings(credentials=json.dumps(CREDENTIALS)))
    credential = await credentials.get(name)
    with pytest.raises(
        AddressRefusedError, match=f"'{name}' may not be sent to '{host}'"
    ) as caught:
        credential.check_host(host, port)
    assert "CANARY" not in str(caught.value) + repr(credential) + str(credential)


async def test_a34_a_credential_is_accepted_on_its_own_hosts():
    credentials = Credentials(Settings(credentials=json.dumps(CREDENTIALS)))
    (await credentials.get("openai")).check_host("API.OpenAI.com.", 443)
    (await credentials.get("wide")).check_host("a.b.example.com", 443)
