"""The integration node against a real server: HTTP, webhooks, and other workflows."""

import asyncio
import base64
import json

import pytest

from flowstudio.engine.contract import Subworkflows
from flowstudio.errors import AddressRefusedError, HttpStatusError, StepError
from flowstudio.nodes.builtin.integration import Integration
from flowstudio.nodes.credentials import Credentials
from flowstudio.nodes.outgoing.http import OutgoingHttp
from flowstudio.settings import Settings
from tests.fakes.context import FakeContext
from tests.fakes.http_server import Answer, HttpServer, echo

NODE = Integration()
TOKEN = "sk-CANARY-7/x=="  # noqa: S105 - planted to be looked for


@pytest.fixture
async def server():
    async with HttpServer() as running:
        yield running


@pytest.fixture
async def context(server):
    credentials = {
        "crm": {"kind": "bearer", "token": TOKEN, "hosts": ["127.0.0.1"]},
        "key": {"kind": "header", "name": "X-Api-Key", "value": TOKEN, "hosts": ["127.0.0.1"]},
        "login": {"kind": "basic", "username": "ada", "password": TOKEN, "hosts": ["127.0.0.1"]},
        "elsewhere": {"kind": "bearer", "token": TOKEN, "hosts": ["api.example.com"]},
        "post": {"kind": "smtp", "host": "mail.test"},
    }
    settings = Settings(
        http_allow_private=(f"127.0.0.1:{server.port}",), credentials=json.dumps(credentials)
    )
    http = OutgoingHttp(settings)
    yield FakeContext({OutgoingHttp: http, Credentials: Credentials(settings)})
    await http.close()


async def call(context, **config):
    return await NODE.run(NODE.parse({"mode": "http", **config}), context)


async def echoed(context, server, **config):
    return (await call(context, url=server.url("/echo"), **config))["body"]


async def test_a_json_reply_becomes_status_headers_and_body(context, server):
    server.answers["/tickets"] = Answer.of_json([{"id": 1}], 201, **{"X-Total": "7"})

    output = await call(context, url=server.url("/tickets"))

    assert (output["status"], output["body"]) == (201, [{"id": 1}])
    assert output["headers"]["x-total"] == "7"
    assert json.loads(json.dumps(output)) == output


async def test_query_values_are_added_to_the_url_and_a_list_repeats_its_name(context, server):
    query = {"b": ["x y", 2], "c": True, "d": None, "e": "&="}
    await call(context, url=server.url("/echo?a=1#part"), query=query)
    assert server.requests[0].target == "/echo?a=1&b=x+y&b=2&c=true&e=%26%3D"


@pytest.mark.parametrize(
    ("body", "headers", "sent", "content_type"),
    [
        ({"a": [1, None]}, {}, '{"a": [1, null]}', "application/json"),
        ([], {}, "[]", "application/json"),
        (False, {}, "false", "application/json"),
        ("plain ü", {}, "plain ü", "text/plain; charset=utf-8"),
        ("<a/>", {"content-type": "application/xml"}, "<a/>", "application/xml"),
        (
            {"a": "x y", "b": [1, 2]},
            {"Content-Type": "application/x-www-form-urlencoded"},
            "a=x+y&b=1&b=2",
            "application/x-www-form-urlencoded",
        ),
    ],
)
async def test_a_body_is_sent_as_text_form_or_json(
    context, server, body, headers, sent, content_type
):
    got = await echoed(context, server, method="PUT", body=body, headers=headers)
    assert got["body"] == sent
    assert got["headers"]["content-type"] == content_type


async def test_no_body_sends_none(context, server):
    got = await echoed(context, server, method="POST")
    assert (got["body"], got["headers"]["content-length"]) == ("", "0")
    assert "content-type" not in got["headers"]


PNG = b"\x89PNG\r\n\x1a\n\x00"
BASE64_PNG = {"base64": base64.b64encode(PNG).decode(), "type": "image/png"}


@pytest.mark.parametrize(
    ("expect", "content_type", "content", "body"),
    [
        ("auto", "application/json", b'{"a": 1}', {"a": 1}),
        ("auto", "application/problem+json; charset=utf-8", b"[1]", [1]),
        ("auto", "application/json", b"oops", "oops"),
        ("auto", "application/json", b"[NaN]", "[NaN]"),
        ("auto", "application/json", b"", None),
        ("auto", "text/plain; charset=latin-1", b"\xe4", "ä"),
        ("auto", "text/plain; charset=punycode", b"abc-", "abc-"),
        ("auto", "text/html", "\ufeffä".encode(), "ä"),
        ("auto", "text/plain", b"\xff", "\ufffd"),
        ("auto", "image/svg+xml", b"<svg/>", "<svg/>"),
        ("auto", "", b"words", "words"),
        ("auto", "image/png", PNG, BASE64_PNG),
        ("auto", "application/octet-stream", b"\xff\xfe", {"base64": "//4=", "type": "application/octet-stream"}),
        ("json", "text/plain", b'{"a": 1}', {"a": 1}),
        ("json", "text/plain", b"", None),
        ("text", "application/json", b'{"a": 1}', '{"a": 1}'),
        ("text", "text/plain", b"", ""),
        ("bytes", "image/png", PNG, BASE64_PNG),
        ("bytes", "text/plain", b"hi", {"base64": "aGk=", "type": "text/plain"}),
    ],
)  # fmt: skip
async def test_a_reply_is_read_as_expected(context, server, expect, content_type, content, body):
    server.answers["/x"] = Answer(body=content, headers={"Content-Type": content_type})
    assert (await call(context, url=server.url("/x"), expect=expect))["body"] == body


@pytest.mark.parametrize("content", [b"oops", b"[" * 100_000, b"[NaN]", b"9" * 5000, b'{"a":'])
async def test_a_reply_that_is_not_the_expected_json_fails(context, server, content):
    server.answers["/x"] = Answer(body=content)
    with pytest.raises(StepError, match="is not JSON") as caught:
        await call(context, url=server.url("/x"), expect="json")
    assert not caught.value.retryable
    assert len(str(caught.value)) < 300


async def test_a_head_request_has_no_body(context, server):
    server.answers["/x"] = Answer.of_json({"a": 1})
    output = await call(context, url=server.url("/x"), method="HEAD")
    assert (output["status"], output["body"]) == (200, None)


# Failing


@pytest.mark.parametrize(
    ("status", "retryable"),
    [
        (400, False),
        (401, False),
        (404, False),
        (409, False),
        (408, True),
        (429, True),
        (500, True),
        (502, True),
        (503, True),
        (504, True),
    ],
)
async def test_a_failing_status_fails_the_node_and_says_whether_to_try_again(
    context, server, status, retryable
):
    server.answers["/x"] = Answer.of_text("try later", status)
    with pytest.raises(HttpStatusError) as caught:
        await call(context, url=server.url("/x"), method="POST")
    assert str(caught.value) == f"POST 127.0.0.1 answered {status}: try later"
    assert caught.value.retryable == retryable


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        ("Fri, 02 Jan 2026 12:01:30 GMT", 90),
        ("Fri, 02 Jan 2026 11:00:00 GMT", 0),
        ("99999999999999999999", 86_400),
        ("soon", None),
        ("-5", None),
    ],
)
async def test_retry_after_is_the_least_wait_before_another_attempt(
    context, server, header, seconds
):
    server.answers["/x"] = Answer.of_text("", 503, **{"Retry-After": header})
    with pytest.raises(HttpStatusError) as caught:
        await call(context, url=server.url("/x"))
    assert caught.value.retry_after_s == seconds


async def test_a42_a_failing_reply_cannot_forge_log_lines_or_move_a_cursor(context, server):
    server.answers["/x"] = Answer.of_text(
        "\r\n2026 ERROR admin logged in \x1b[31m\x00\u202e\u2028" + "x" * 1_000_000, 500
    )
    with pytest.raises(HttpStatusError) as caught:
        await call(context, url=server.url("/x"))
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300


async def test_a_failing_status_is_an_output_when_the_node_shall_not_fail(context, server):
    server.answers["/x"] = Answer.of_json({"error": "none"}, 404)
    output = await call(context, url=server.url("/x"), fail_on_status=False)
    assert (output["status"], output["body"]) == (404, {"error": "none"})


async def test_a_connection_that_fails_may_be_tried_again(context, server):
    gone = server.port
    async with HttpServer() as other:
        gone = other.port
    settings = Settings(http_allow_private=("127.0.0.1",))
    http = OutgoingHttp(settings)
    context.resources = {OutgoingHttp: http}
    for url in (f"http://127.0.0.1:{gone}/", server.url("/cut")):
        with pytest.raises(StepError, match=r"127\.0\.0\.1 gave no reply") as caught:
            await call(context, url=url)
        assert caught.value.retryable
    await http.close()


async def test_an_unknown_name_may_be_tried_again(context):
    with pytest.raises(StepError, match="was not found") as caught:
        await call(context, url="http://no-such-host.invalid/")
    assert caught.value.retryable


async def test_a_private_address_is_refused(context, server):
    with pytest.raises(AddressRefusedError):
        await call(context, url=f"http://127.0.0.2:{server.port}/echo")
    assert server.connections == 0


async def test_a_cancelled_request_closes_its_connection(context, server):
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        request = group.create_task(call(context, url=server.url("/drip")))
        await server.asked.wait()
        assert not server.left.is_set()
        request.cancel()
        await server.left.wait()
    assert request.cancelled()


# Once and only once


async def test_requests_that_change_something_carry_the_steps_idempotency_key(context, server):
    context.idempotency_key = "run-1/sections/3/résumé"
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        got = await echoed(context, server, method=method)
        assert got["headers"]["idempotency-key"] == "run-1/sections/3/r%C3%A9sum%C3%A9"
    assert "idempotency-key" not in (await echoed(context, server, method="GET"))["headers"]


async def test_an_idempotency_key_of_the_user_wins(context, server):
    got = await echoed(context, server, method="POST", headers={"idempotency-key": "mine"})
    assert got["headers"]["idempotency-key"] == "mine"


async def test_connections_are_reused_and_cookies_are_not_kept(context, server):
    server.answers["/set"] = Answer.of_text("", 200, **{"Set-Cookie": "a=1"})
    await call(context, url=server.url("/set"))
    got = await echoed(context, server)
    assert server.connections == 1
    assert "cookie" not in got["headers"]


# Credentials


@pytest.mark.parametrize(
    ("credential", "header", "value"),
    [
        ("crm", "authorization", f"Bearer {TOKEN}"),
        ("key", "x-api-key", TOKEN),
        ("login", "authorization", "Basic " + base64.b64encode(f"ada:{TOKEN}".encode()).decode()),
    ],
)
async def test_a_credential_is_sent_as_its_header_over_one_of_the_user(
    context, server, credential, header, value
):
    await echoed(context, server, credential=credential, headers={header: "typed"})
    assert server.requests[0].headers[header] == value


@pytest.mark.parametrize("credential", ["crm", "key", "login"])
@pytest.mark.parametrize("expect", ["auto", "json", "text", "bytes"])
async def test_a_secret_that_comes_back_is_masked(context, server, credential, expect):
    def leak(request):
        sent = request.headers.get("authorization") or request.headers["x-api-key"]
        escaped = json.dumps(TOKEN).replace("/", "\\u002f")
        text = json.dumps({"got": sent, sent: [{"a": sent}]})[:-1] + f', "b": {escaped}}}'
        return Answer(200, text.encode(), {"Content-Type": "application/json", "X-Echo": sent})

    server.answers["/leak"] = leak
    output = await call(context, url=server.url("/leak"), credential=credential, expect=expect)

    shown = json.dumps(output)
    if expect == "bytes":
        shown += base64.b64decode(output["body"]["base64"]).decode()
    pair = base64.b64encode(f"ada:{TOKEN}".encode()).decode()
    assert "•••" in output["headers"]["x-echo"]
    assert "CANARY-7/" not in shown
    assert pair not in shown


async def test_a_secret_in_a_failing_reply_is_masked(context, server):
    server.answers["/x"] = lambda request: Answer.of_text(
        f"bad token {request.headers['x-api-key']} given", 401
    )
    with pytest.raises(HttpStatusError, match="bad token ••• given"):
        await call(context, url=server.url("/x"), credential="key")
    server.answers["/x"] = lambda request: Answer.of_text(request.headers["x-api-key"])
    with pytest.raises(StepError, match=r"is not JSON.*•••"):
        await call(context, url=server.url("/x"), credential="key", expect="json")


async def test_a34_a_credential_is_not_sent_to_a_host_it_is_not_bound_to(context, server):
    with pytest.raises(AddressRefusedError, match=r"bound to api\.example\.com"):
        await echoed(context, server, credential="elsewhere")
    assert server.connections == 0


async def test_a_credential_that_is_missing_or_for_mail_is_an_error(context, server):
    with pytest.raises(StepError, match="'gone' does not exist"):
        await echoed(context, server, credential="gone")
    with pytest.raises(StepError, match="'post' is not for HTTP"):
        await echoed(context, server, credential="post")


# Webhooks


async def test_a_webhook_posts_json_with_the_idempotency_key_and_the_credential(context, server):
    server.answers["/hook"] = echo
    for payload in ({"a": 1}, "text", None, [1]):
        config = {"mode": "webhook", "url": server.url("/hook"), "payload": payload}
        output = await NODE.run(NODE.parse(config | {"credential": "key"}), context)
        got = server.requests[-1]
        assert (got.method, got.json()) == ("POST", payload)
        assert got.headers["content-type"] == "application/json"
        assert got.headers["idempotency-key"] == context.idempotency_key
        assert got.headers["x-api-key"] == TOKEN
        assert output["status"] == 200


async def test_a_webhook_fails_on_a_failing_status(context, server):
    with pytest.raises(HttpStatusError, match="answered 404: nothing here"):
        await NODE.run(NODE.parse({"mode": "webhook", "url": server.url("/none")}), context)


# Feeds


async def test_a_feed_is_fetched_and_read(context, server):
    feed = b"<rss><channel><item><title>One</title><link>/1</link></item></channel></rss>"
    server.answers["/old"] = Answer.redirect("/feeds/new.xml", 301)
    server.answers["/feeds/new.xml"] = Answer(body=feed)
    config = NODE.parse({"mode": "rss", "url": server.url("/old")})
    assert await NODE.run(config, context) == [
        {"title": "One", "link": server.url("/1"), "published": None, "summary": "", "id": server.url("/1")}
    ]  # fmt: skip


async def test_a_missing_feed_fails(context, server):
    with pytest.raises(HttpStatusError, match="answered 404"):
        await NODE.run(NODE.parse({"mode": "rss", "url": server.url("/none?key=hidden")}), context)


# Other workflows


async def test_a_workflow_is_run_with_its_inputs_and_gives_its_outputs():
    asked = []

    async def run(reference, inputs, context):
        asked.append((reference, inputs, context))
        return {"answer": 42}

    context = FakeContext({Subworkflows: Subworkflows(run)})
    config = {"mode": "workflow", "workflow": "sub.json", "inputs": {"topic": "tea"}}
    assert await NODE.run(NODE.parse(config), context) == {"answer": 42}
    assert asked == [("sub.json", {"topic": "tea"}, context)]


async def test_inputs_of_a_workflow_that_turn_out_as_text_are_an_error():
    config = NODE.parse({"mode": "workflow", "workflow": "w", "inputs": "{{ start }}"})
    with pytest.raises(StepError, match="this template gave text"):
        await NODE.run(config, FakeContext())


# What the graph and the editor see

URL = "https://api.example.com/tickets?key=hidden"


@pytest.mark.parametrize(
    ("config", "purity", "repeatable", "summary"),
    [
        ({"mode": "http", "url": URL}, "read", True, "GET api.example.com/tickets"),
        ({"mode": "http", "url": URL, "method": "HEAD"}, "read", True, "HEAD api.example.com/tickets"),
        ({"mode": "http", "url": URL, "method": "POST"}, "write", True, "POST api.example.com/tickets"),
        ({"mode": "http", "url": "{{ base }}/x"}, "read", True, "GET {{ base }}/x"),
        ({"mode": "webhook", "url": URL}, "write", True, "POST api.example.com/tickets"),
        ({"mode": "email", "to": "a@b.test"}, "write", False, "to a@b.test"),
        ({"mode": "email", "to": ["a@b.test", "{{ x }}"]}, "write", False, "to a@b.test, {{ x }}"),
        ({"mode": "rss", "url": URL}, "read", True, "api.example.com/tickets"),
        ({"mode": "workflow", "workflow": "w1"}, "write", True, "w1"),
    ],
)  # fmt: skip
def test_a_config_knows_what_it_does_to_the_world(config, purity, repeatable, summary):
    checked = NODE.parse(config)
    assert NODE.purity(checked) == purity
    assert NODE.is_repeatable(checked) == repeatable
    assert NODE.summarise(checked) == summary
    assert not NODE.is_worth_caching(checked)
    assert not NODE.check(config).faults


def test_templates_are_found_wherever_text_may_stand():
    def places(**config):
        return {slot.path for slot in NODE.check(config).slots}

    value = "{{ inputs.x }}"
    assert places(
        mode="http",
        url=value,
        headers={"A": value},
        query={"q": [value]},
        body={"deep": [{"x": value}]},
    ) == {("url",), ("headers", "A"), ("query", "q", 0), ("body", "deep", 0, "x")}
    assert places(mode="email", to=["a@b.test", value], subject=value, body=value, html=value) == {
        ("to", 1), ("subject",), ("body",), ("html",)
    }  # fmt: skip
    assert places(mode="email", to=value) == {("to",)}
    assert places(mode="webhook", url="https://x.test", payload=value) == {("payload",)}
    assert places(mode="rss", url=value) == {("url",)}
    assert places(mode="workflow", workflow="w", inputs={"a": value}) == {("inputs", "a")}
    assert places(mode="workflow", workflow="w", inputs=value) == {("inputs",)}


@pytest.mark.parametrize(
    ("config", "place"),
    [
        ({"mode": "http", "url": "api.example.com"}, ("url",)),
        ({"mode": "http", "url": "file:///etc/passwd"}, ("url",)),
        ({"mode": "http", "url": "https://user:pw@x.test"}, ("url",)),
        ({"mode": "http", "url": ""}, ("url",)),
        ({"mode": "http"}, ("url",)),
        ({"mode": "http", "url": URL, "method": "CONNECT"}, ("method",)),
        ({"mode": "http", "url": URL, "verify": False}, ("verify",)),
        ({"mode": "rss", "url": URL, "limit": 0}, ("limit",)),
        ({"mode": "email", "to": "nobody"}, ("to",)),
        ({"mode": "email", "to": []}, ("to",)),
        ({"mode": "workflow", "workflow": "w", "inputs": "plain"}, ("inputs",)),
        ({"mode": "ftp"}, ()),
        ({}, ()),
    ],
)
def test_a_bad_config_is_a_fault_at_its_place(config, place):
    faults = NODE.check(config).faults
    assert {fault.path[:1] for fault in faults} == {place}


def test_only_the_workflow_mode_names_a_workflow():
    assert NODE.check({"mode": "workflow", "workflow": "w1"}).workflow == "w1"
    assert NODE.check({"mode": "http", "url": URL}).workflow is None


def test_the_schema_titles_every_field():
    schema = NODE.config_schema
    for model in schema["$defs"].values():
        fields = {name: field.get("title") for name, field in model["properties"].items()}
        assert fields.pop("mode")
        assert all(title and title not in ("Text", "Template") for title in fields.values()), fields
