"""Webhooks by HTTP: what is taken, what is refused, and the one run of each key."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
from sqlmodel import select
from starlette.responses import PlainTextResponse

from flowstudio.api.hooks import Hooks
from flowstudio.errors import InvalidInputError
from flowstudio.services.access import OPERATOR
from flowstudio.store.tables.projects import MemberRow
from flowstudio.store.tables.webhooks import WebhookRow
from tests.builders import inputs, node, workflow
from tests.hooking import DOUBLE, linked, made, path_of, published, signed
from tests.people import person
from tests.projects import kept, member
from tests.running import ended

BASE = "http://127.0.0.1:3000"
ECHO = workflow(
    node("start", **inputs(body="object", headers="object", query="object", method="string")),
    node(
        "end",
        outputs={
            "body": "{{ inputs.body }}",
            "headers": "{{ inputs.headers }}",
            "query": "{{ inputs.query }}",
            "method": "{{ inputs.method }}",
        },
    ),
    edges="start>end",
    name="Echo",
)
#: Waits for a person, so it never ends by itself.
ASK = workflow(
    node("start"),
    node("task", "ask", mode="approval", message="Go on?"),
    node("end"),
    edges="start>ask>end",
    name="Ask",
)
BREAK = workflow(
    node("start", **inputs(n="integer")),
    node("end", outputs={"x": "{{ 1 / (inputs.n - inputs.n) }}"}),
    edges="start>end",
    name="Break",
)


@pytest.fixture
def owner(runtime):
    return person(runtime.studio.parts, "owner@example.com")


@pytest.fixture
async def web(runtime) -> AsyncIterator[httpx.AsyncClient]:
    door = Hooks(PlainTextResponse("the site"), lambda: runtime)
    transport = httpx.ASGITransport(door)
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
        yield client


async def runs(runtime):
    return await runtime.parts.journal.query("SELECT id FROM run")


async def test_a_json_body_starts_a_run_of_what_is_published(runtime, web, owner):
    view = await linked(runtime, owner)
    reply = await web.post(path_of(view), json={"n": 21, "more": "is left out"})
    assert reply.status_code == 202
    told = await ended(runtime, reply.json()["run_id"])
    assert told.outputs == {"twice": 42}
    record = told.view.record
    assert (record.trigger, record.created_by, record.version) == ("webhook", owner.id, 1)


async def test_the_reply_may_carry_the_outputs(runtime, web, owner):
    view = await linked(runtime, owner, respond="end")
    reply = await web.post(path_of(view), json={"n": 4})
    assert (reply.status_code, reply.json()["outputs"]) == (200, {"twice": 8})
    assert reply.headers["content-security-policy"].endswith("sandbox")


async def test_a_run_that_goes_on_answers_504_with_its_id(runtime, web, owner):
    view = await linked(runtime, owner, ASK, respond="end", timeout_s=0.05)
    reply = await web.post(path_of(view))
    assert (reply.status_code, reply.headers["content-type"]) == (504, "application/problem+json")
    assert (await ended(runtime, reply.json()["run_id"])).status == "waiting"


async def test_a_run_that_fails_says_so_and_nothing_of_why(runtime, web, owner):
    view = await linked(runtime, owner, BREAK, respond="end")
    reply = await web.post(path_of(view), json={"n": 1})
    assert reply.status_code == 500
    assert reply.json()["detail"] == "The run has failed. The people of its project see why."


async def test_a_stream_tells_of_the_end(runtime, web, owner):
    view = await linked(runtime, owner, respond="stream")
    reply = await web.post(path_of(view), json={"n": 5})
    assert reply.headers["content-type"].startswith("text/event-stream")
    kinds = [line[7:] for line in reply.text.splitlines() if line.startswith("event: ")]
    assert (kinds[0], kinds[-1]) == ("run", "end")
    data = [json.loads(line[6:]) for line in reply.text.splitlines() if line.startswith("data: ")]
    assert data[-1] == {"status": "succeeded", "outputs": {"twice": 10}}


def told_by(reply):
    """The events of a stream: kind and data of each."""
    lines = [line for line in reply.text.splitlines() if line.startswith(("event: ", "data: "))]
    kinds = (line.removeprefix("event: ") for line in lines[::2])
    return [
        (kind, json.loads(line.removeprefix("data: ")))
        for kind, line in zip(kinds, lines[1::2], strict=True)
    ]


async def test_a_stream_brings_live_text_before_the_end(runtime, web, owner):
    document = workflow(
        node("start"), node("stream", "poet", value="so it goes"), edges="start>poet", name="Poem"
    )
    view = await linked(runtime, owner, document, respond="stream")
    told = told_by(await web.post(path_of(view)))
    texts = [data for kind, data in told if kind == "text"]
    assert {data["node"] for data in texts} == {"poet"}
    assert "".join(data["text"] for data in texts) == "soitgoes"
    assert [kind for kind, _ in told if kind != "text"] == ["run", "end"]
    assert told[-1][0] == "end"


async def test_a_stream_that_has_waited_long_enough_says_where_the_run_is(runtime, web, owner):
    view = await linked(runtime, owner, ASK, respond="stream", timeout_s=0.05)
    told = told_by(await web.post(path_of(view)))
    run_id = told[0][1]["run_id"]
    assert told[-1] == ("timeout", {"run_id": run_id, "address": f"{BASE}/runs/{run_id}"})
    assert "end" not in dict(told)
    assert (await ended(runtime, run_id)).status == "waiting"


async def test_a_stream_that_cannot_begin_has_a_status(runtime, web, owner):
    view = await linked(runtime, owner, respond="stream")
    assert (await web.post(path_of(view), json={"n": "x"})).status_code == 422


async def test_declared_inputs_receive_the_request_without_its_secrets(runtime, web, owner):
    view = await linked(runtime, owner, ECHO, respond="end", auth="header", auth_header="X-Mine")
    headers = {"x-mine": view.secret, "authorization": "Bearer CANARY", "x-shop": "7"}
    reply = await web.post(f"{path_of(view)}?a=1", json={"x": [1]}, headers=headers)
    told = reply.json()["outputs"]
    assert (told["body"], told["query"], told["method"]) == ({"x": [1]}, {"a": "1"}, "POST")
    assert told["headers"]["x-shop"] == "7"
    assert not {"x-mine", "authorization"} & set(told["headers"])


async def test_a_query_is_read_as_what_the_schema_wants(runtime, web, owner):
    view = await linked(runtime, owner, respond="end", methods=("GET",))
    assert (await web.get(f"{path_of(view)}?n=6")).json()["outputs"] == {"twice": 12}


async def test_a_form_is_read_as_what_the_schema_wants(runtime, web, owner):
    view = await linked(runtime, owner, respond="end")
    assert (await web.post(path_of(view), data={"n": "6"})).json()["outputs"] == {"twice": 12}


async def test_all_problems_of_the_inputs_come_at_once(runtime, web, owner):
    document = workflow(
        node("start", **inputs(a="integer", b="boolean")), node("end"), edges="start>end"
    )
    view = await linked(runtime, owner, document)
    reply = await web.post(path_of(view), json={"a": "x", "b": "y"})
    assert (reply.status_code, len(reply.json()["problems"])) == (422, 2)
    assert await runs(runtime) == []


@pytest.mark.parametrize(
    "body",
    [b"{", b"\xff\xfe", b'{"n": NaN}', b'{"n": 1, "n": 2}', b"[" * 100_000, b'"\\ud800"', b"\x00"],
)
async def test_malformed_bodies_are_refused(runtime, web, owner, body):
    view = await linked(runtime, owner)
    reply = await web.post(path_of(view), content=body)
    assert reply.status_code == 422
    assert await runs(runtime) == []


async def test_other_methods_are_refused_with_those_that_are_taken(runtime, web, owner):
    view = await linked(runtime, owner, methods=("POST", "PUT"))
    reply = await web.get(path_of(view))
    assert (reply.status_code, reply.headers["allow"]) == (405, "POST, PUT")


async def test_a_large_body_is_refused_before_it_is_read(runtime, web, owner):
    view = await linked(runtime, owner)
    read = 0

    async def pieces():
        nonlocal read
        for _ in range(1_000):
            read += 1
            yield b"x" * 10_000

    headers = {"content-length": "10000000", "content-type": "text/plain"}
    reply = await web.post(path_of(view), content=pieces(), headers=headers)
    assert (reply.status_code, read) == (413, 0)


async def test_a_body_that_does_not_say_its_length_is_counted_as_it_comes(runtime, web, owner):
    view = await linked(runtime, owner)
    read = 0

    async def pieces():
        nonlocal read
        for _ in range(1_000):
            read += 1
            yield b"x" * 10_000

    reply = await web.post(path_of(view), content=pieces())
    assert reply.status_code == 413
    assert read < 110


async def test_a41b_a_link_takes_so_many_and_says_when_to_come_again(runtime, web, owner):
    view = await linked(runtime, owner, per_minute=3)
    statuses = [(await web.post(path_of(view), json={"n": 1})).status_code for _ in range(4)]
    assert statuses == [202, 202, 202, 429]
    reply = await web.post(path_of(view), json={"n": 1})
    assert 1 <= int(reply.headers["retry-after"]) <= 60
    assert len(await runs(runtime)) == 3


async def test_a_drained_queue_says_when_to_come_again(runtime, web, owner):
    view = await linked(runtime, owner)
    await runtime.studio.queue.tell(OPERATOR, "triggered", is_draining=True)
    reply = await web.post(path_of(view), json={"n": 1})
    assert (reply.status_code, reply.headers["retry-after"]) == (503, "60")
    assert reply.json()["type"].endswith("#queue-closed")
    await runtime.studio.queue.tell(OPERATOR, "triggered", is_draining=False)
    assert (await web.post(path_of(view), json={"n": 1})).status_code == 202


async def test_a_day_has_a_quota_of_its_own(runtime, web, owner):
    view = await linked(runtime, owner, per_day=1)
    assert (await web.post(path_of(view), json={"n": 1})).status_code == 202
    assert "a day" in (await web.post(path_of(view), json={"n": 1})).json()["detail"]


async def test_what_is_no_link_is_not_there(runtime, web, owner):
    view = await linked(runtime, owner)
    for path in ("/hooks/", "/hooks/x", f"/hooks/{'A' * 43}", f"{path_of(view)}/x"):
        assert (await web.post(path)).status_code == 404
    assert (await web.get("/elsewhere")).text == "the site"


async def test_a_link_that_is_off_is_not_there_but_can_be_tried(runtime, web, owner):
    view = await linked(runtime, owner, is_enabled=False)
    assert (await web.post(path_of(view), json={"n": 1})).status_code == 404
    test = path_of(view).replace("/hooks/", "/hooks/test/")
    assert (await web.post(test, json={"n": 1})).status_code == 202


async def test_the_test_address_runs_the_draft(runtime, web, owner):
    workflow_id = await kept(runtime, owner, DOUBLE)
    view = await made(runtime, owner, workflow_id)
    refused = await web.post(path_of(view), json={"n": 1})
    assert refused.status_code == 409
    test = path_of(view).replace("/hooks/", "/hooks/test/")
    reply = await web.post(test, json={"n": 1})
    told = await ended(runtime, reply.json()["run_id"])
    assert (told.status, told.view.record.version) == ("succeeded", None)


async def test_what_changes_is_seen_by_the_next_request(runtime, web, owner):
    studio = runtime.studio
    workflow_id = await published(runtime, owner)
    editor = member(runtime, "editor", owner)
    view = await made(runtime, editor, workflow_id, respond="end")

    async def status():
        return (await web.post(path_of(view), json={"n": 1})).status_code

    assert await status() == 200
    await studio.versions.unpublish(owner, workflow_id)
    assert await status() == 409
    await studio.versions.publish(owner, workflow_id)
    assert await status() == 200
    _demote(studio.parts, editor.id)
    assert await status() == 409
    seen = await studio.webhooks.get(owner, view.record.id)
    assert seen.trouble.startswith("Who made this link may not")


def _demote(parts, user_id):
    def work(session):
        row = session.exec(
            select(MemberRow).where(MemberRow.user_id == user_id, MemberRow.role == "editor")
        ).one()
        row.role = "viewer"
        session.add(row)

    parts.records.write_now(work)


async def test_a36_forged_signatures_are_refused(runtime, web, owner):
    view = await linked(runtime, owner, auth="hmac")
    path, body = path_of(view), b'{"n": 1}'
    good = signed(view.secret, body, "msg_1")
    now = int(good["webhook-timestamp"])
    bad = {
        "no signature": {"webhook-id": "msg_1", "webhook-timestamp": str(now)},
        "wrong signature": good | {"webhook-signature": "v1,AAAA"},
        "another version": good
        | {"webhook-signature": good["webhook-signature"].replace("1", "2", 1)},
        "another id": good | {"webhook-id": "msg_2"},
        "no id": {key: value for key, value in good.items() if key != "webhook-id"},
        "another time": good | {"webhook-timestamp": str(now + 1)},
        "old": signed(view.secret, body, "msg_1", now - 301),
        "of the future": signed(view.secret, body, "msg_1", now + 301),
        "no number": good | {"webhook-timestamp": "\u0661"},
        "another secret": signed("whsec_" + "A" * 44, body, "msg_1"),
        "empty secret": signed("", body, "msg_1"),
    }
    for name, headers in bad.items():
        raw = {key: value.encode() for key, value in headers.items()}
        reply = await web.post(path, content=body, headers=raw)
        assert reply.status_code == 401, name
    for other in (b'{"n": 2}', b'{"n":1}', body + b" "):
        assert (await web.post(path, content=other, headers=good)).status_code == 401
    assert await runs(runtime) == []
    assert (await web.post(path, content=body, headers=good)).status_code == 202


async def test_a36_a_replay_is_given_the_first_run(runtime, web, owner):
    view = await linked(runtime, owner, auth="hmac")
    body = b'{"n": 1}'
    headers = signed(view.secret, body, "msg_1")
    first = await web.post(path_of(view), content=body, headers=headers)
    again = await web.post(path_of(view), content=body, headers=headers)
    assert (first.status_code, again.status_code) == (202, 200)
    assert first.json()["run_id"] == again.json()["run_id"]
    assert len(await runs(runtime)) == 1


async def test_a36_one_of_several_signatures_is_enough(runtime, web, owner):
    view = await linked(runtime, owner, auth="hmac")
    headers = signed(view.secret, b'{"n": 1}', "msg_1")
    headers["webhook-signature"] = "v1,AAAA " + headers["webhook-signature"]
    reply = await web.post(path_of(view), content=b'{"n": 1}', headers=headers)
    assert reply.status_code == 202


async def test_a37_a_link_without_its_secret_takes_nothing(runtime, web, owner):
    for auth in ("hmac", "header"):
        view = await linked(runtime, owner, auth=auth)

        def forget(session, webhook_id=view.record.id):
            row = session.get_one(WebhookRow, webhook_id)
            row.sealed = None
            session.add(row)

        runtime.studio.parts.records.write_now(forget)
        for headers in ({}, {"x-webhook-secret": ""}, signed("", b"", "msg_1")):
            assert (await web.post(path_of(view), headers=headers)).status_code == 401


async def test_a_secret_in_a_header_is_compared_whole(runtime, web, owner):
    view = await linked(runtime, owner, auth="header")
    for given in ("", view.secret[:-1], view.secret + "x", "é"):
        headers = {"x-webhook-secret": given.encode()}
        reply = await web.post(path_of(view), json={"n": 1}, headers=headers)
        assert reply.status_code == 401
    headers = {"x-webhook-secret": view.secret}
    assert (await web.post(path_of(view), json={"n": 1}, headers=headers)).status_code == 202


async def test_who_guesses_too_often_is_refused_for_a_while(runtime, web, owner):
    view = await linked(runtime, owner, auth="header")
    statuses = [(await web.post(path_of(view))).status_code for _ in range(61)]
    assert (statuses[:60], statuses[60]) == ([401] * 60, 429)
    headers = {"x-webhook-secret": view.secret}
    assert (await web.post(path_of(view), json={"n": 1}, headers=headers)).status_code == 202


async def test_a_new_secret_replaces_the_one_before(runtime, web, owner):
    view = await linked(runtime, owner, auth="header")
    newer = await runtime.studio.webhooks.rotate(owner, view.record.id)
    statuses = [
        (
            await web.post(path_of(view), json={"n": 1}, headers={"x-webhook-secret": secret})
        ).status_code
        for secret in (view.secret, newer.secret)
    ]
    assert statuses == [401, 202]


async def test_a_thousand_requests_sent_five_times_each_make_a_thousand_runs(runtime, web, owner):
    view = await linked(runtime, owner)
    answers: dict[str, set[str]] = {f"order-{number}": set() for number in range(1_000)}
    gate = asyncio.Semaphore(100)

    async def send(key):
        async with gate:
            reply = await web.post(path_of(view), json={"n": 1}, headers={"idempotency-key": key})
        assert reply.status_code in (200, 202)
        answers[key].add(reply.json()["run_id"])

    async with asyncio.TaskGroup() as group:
        for _ in range(5):
            for key in answers:
                group.create_task(send(key))
    assert all(len(found) == 1 for found in answers.values())
    assert len({run_id for found in answers.values() for run_id in found}) == 1_000
    assert len(await runs(runtime)) == 1_000


async def test_keys_that_cannot_be_kept_are_refused(runtime, web, owner):
    view = await linked(runtime, owner)
    reply = await web.post(path_of(view), json={"n": 1}, headers={"idempotency-key": "k" * 201})
    assert reply.status_code == 422


async def test_a_key_is_good_for_one_link_alone(runtime, web, owner):
    workflow_id = await published(runtime, owner)
    views = [await made(runtime, owner, workflow_id) for _ in range(2)]
    found = {
        (await web.post(path_of(view), json={"n": 1}, headers={"idempotency-key": "k"})).json()[
            "run_id"
        ]
        for view in views
    }
    assert len(found) == 2


async def test_a_link_of_a_deleted_workflow_or_person_runs_nothing(runtime, web, owner):
    workflow_id = await published(runtime, owner)
    view = await made(runtime, replace(owner, id=""), workflow_id)
    assert (await web.post(path_of(view), json={"n": 1})).status_code == 409
    await runtime.studio.workflows.delete(owner, workflow_id)
    assert (await web.post(path_of(view), json={"n": 1})).status_code == 404


async def test_the_last_requests_are_kept_without_their_secrets(runtime, web, owner):
    view = await linked(runtime, owner, auth="header", auth_header="X-Mine")
    test = path_of(view).replace("/hooks/", "/hooks/test/")
    headers = {"x-mine": view.secret, "authorization": "Bearer CANARY", "x-shop": "7"}
    body = {"n": 1, "echo": view.secret}
    for path in (test, path_of(view)):
        await web.post(f"{path}?token=CANARY&page=2", json=body, headers=headers)
    await web.post(path_of(view), json=body)
    kept = await runtime.studio.webhook_requests.list_requests(owner, view.record.id)
    assert [(one.is_test, one.status, one.run_id != "") for one in kept] == [
        (False, 401, False),
        (False, 202, True),
        (True, 202, True),
    ]
    assert '["x-shop", "7"]' in kept[1].headers
    assert '["page", "2"]' in kept[1].query
    for one in kept:
        assert view.secret not in one.headers + one.query + one.body
        assert "CANARY" not in one.headers + one.query + one.body


async def test_only_so_many_requests_are_kept_and_their_bodies_are_cut(runtime, web, owner):
    view = await linked(runtime, owner)
    for _ in range(2):
        for _ in range(25):
            await web.post(path_of(view), content=b"x" * 9_000, headers={"content-type": "text/x"})
        await runtime.studio.webhook_requests.flush()
    kept = await runtime.studio.webhook_requests.list_requests(owner, view.record.id)
    assert (len(kept), len(kept[0].body), kept[0].size) == (20, 4_000, 9_000)


async def test_a_secret_may_come_as_a_bearer_token(runtime, web, owner):
    view = await linked(runtime, owner, auth="header", auth_header="Authorization")
    for given, status in {
        f"Bearer {view.secret}": 202,
        f"bearer {view.secret}": 202,
        view.secret: 202,
        "Bearer ": 401,
        f"Basic {view.secret}": 401,
        f"Bearer {view.secret}x": 401,
    }.items():
        headers = {"authorization": given}
        reply = await web.post(path_of(view), json={"n": 1}, headers=headers)
        assert reply.status_code == status, given


async def test_a_key_may_stand_in_the_body(runtime, web, owner):
    view = await linked(runtime, owner, key_from="body.order.ids.0")
    sent = [
        {"n": 1, "order": {"ids": ["a"]}},
        {"n": 2, "order": {"ids": ["a", "b"]}},
        {"n": 1, "order": {"ids": [7]}},
        {"n": 1, "order": {"ids": []}},
        {"n": 1, "order": {"ids": []}},
    ]
    replies = [await web.post(path_of(view), json=body) for body in sent]
    assert [reply.status_code for reply in replies] == [202, 200, 202, 202, 202]
    assert replies[0].json()["run_id"] == replies[1].json()["run_id"]
    for other in (True, 1.5, {"x": 1}, "k" * 201, "a\nb"):
        reply = await web.post(path_of(view), json={"n": 1, "order": {"ids": [other]}})
        assert reply.status_code == 422
    assert len(await runs(runtime)) == 4


async def test_a_signed_request_without_the_key_in_its_body_is_known_by_its_id(runtime, web, owner):
    view = await linked(runtime, owner, auth="hmac", key_from="body.order")

    async def send(body, message_id):
        headers = signed(view.secret, body, message_id)
        return (await web.post(path_of(view), content=body, headers=headers)).json()["run_id"]

    with_key, without = b'{"n": 1, "order": 5}', b'{"n": 1}'
    assert await send(with_key, "msg_1") == await send(with_key, "msg_2")
    assert await send(without, "msg_3") == await send(without, "msg_3")
    assert await send(without, "msg_4") != await send(without, "msg_3")


@pytest.mark.parametrize(
    "name", ["body.", "body..x", "body.a b", "x.y", "body." + "x" * 100, "a b"]
)
async def test_a_key_that_can_stand_nowhere_is_refused(runtime, owner, name):
    workflow_id = await published(runtime, owner)
    with pytest.raises(InvalidInputError, match="key_from"):
        await made(runtime, owner, workflow_id, key_from=name)


def in_parts(*parts: bytes, boundary: bytes = b"xx") -> bytes:
    """A multipart/form-data body of parts whose heads stand before an empty line."""
    return b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts) + (
        b"--" + boundary + b"--\r\n"
    )


N = b'Content-Disposition: form-data; name="n"\r\n\r\n21'
FILE = b'Content-Disposition: form-data; name="%s"; filename="a.txt"\r\n\r\nhello'
PARTS = {"content-type": "multipart/form-data; boundary=xx"}


async def test_fields_of_a_form_in_parts_are_inputs(runtime, web, owner):
    view = await linked(runtime, owner, respond="end")
    reply = await web.post(path_of(view), data={"n": "21"}, files={"scan": b"%PDF"})
    assert reply.json()["outputs"] == {"twice": 42}
    body = in_parts(N, FILE % b"scan", N.replace(b"21", b"4"))
    assert (await web.post(path_of(view), content=body, headers=PARTS)).json()["outputs"] == {
        "twice": 8
    }


async def test_a_file_for_an_input_is_refused_by_name(runtime, web, owner):
    view = await linked(runtime, owner)
    for body in (in_parts(FILE % b"n"), in_parts(N, FILE % b"n")):
        reply = await web.post(path_of(view), content=body, headers=PARTS)
        assert reply.status_code == 422
        assert "n: Files are not taken. Send its text, or its address." in reply.text
    whole = await linked(runtime, owner, ECHO)
    reply = await web.post(path_of(whole), content=in_parts(FILE % b"scan"), headers=PARTS)
    assert "scan: Files are not taken" in reply.text
    unchosen = in_parts(N, FILE.replace(b"a.txt", b"") % b"n")
    assert (await web.post(path_of(view), content=unchosen, headers=PARTS)).status_code == 202


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (in_parts(N)[:-6], "multipart/form-data; boundary=xx"),
        (in_parts(N), "multipart/form-data"),
        (in_parts(N), "multipart/form-data; boundary="),
        (in_parts(N), "multipart/form-data; boundary=other"),
        (in_parts(N), "multipart/mixed; boundary=xx"),
        (in_parts(N, boundary=b"x" * 99), f"multipart/form-data; boundary={'x' * 99}"),
        (in_parts(N.replace(b'name="n"', b"")), "multipart/form-data; boundary=xx"),
        (in_parts(N.replace(b'"n"', b'"\xff"')), "multipart/form-data; boundary=xx"),
        (in_parts(N.replace(b"21", b"\xff")), "multipart/form-data; boundary=xx"),
        (in_parts(*[N] * 1_001), "multipart/form-data; boundary=xx"),
        (in_parts(b"A: b\r\n" * 50 + N), "multipart/form-data; boundary=xx"),
        (in_parts(b"A: " + b"b" * 9_000 + b"\r\n" + N), "multipart/form-data; boundary=xx"),
        (b"--xx", "multipart/form-data; boundary=xx"),
    ],
)
async def test_a72_parts_that_do_not_read_are_refused(runtime, web, owner, body, kind):
    view = await linked(runtime, owner)
    reply = await web.post(path_of(view), content=body, headers={"content-type": kind})
    assert reply.status_code == 422, reply.text
    assert await runs(runtime) == []
