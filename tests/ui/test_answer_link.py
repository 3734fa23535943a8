"""The page of a link that answers: without an account, without scripts, and not by looking."""

import re

import httpx
import pytest

from flowstudio.services.workflows import RunWish
from flowstudio.ui import backend as backend_module
from flowstudio.ui.answer_link.door import AnswerDoor
from tests.builders import node, workflow
from tests.people import person
from tests.projects import kept
from tests.running import reached

HOSTILE = '<script>hit()</script>"><img src=x onerror=hit()>'
FIELDS = {
    "type": "object",
    "properties": {
        "sum": {"type": "number", "title": "Sum", "maximum": 10},
        "why": {"type": "string", "title": HOSTILE, "description": HOSTILE, "default": HOSTILE},
        "sure": {"type": "boolean"},
        "tone": {"enum": ["kind", "short"]},
    },
    "required": ["sum"],
}


async def elsewhere(scope, receive, send):  # noqa: ARG001
    await send({"type": "http.response.start", "status": 418, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture
async def browser(runtime, monkeypatch):
    monkeypatch.setattr(backend_module, "_open", [runtime])
    transport = httpx.ASGITransport(AnswerDoor(elsewhere))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:3000") as client:
        yield client


@pytest.fixture
def owner(runtime):
    return person(runtime.studio.parts, "owner@example.com", name="Ann <b>Owner</b>")


async def asked(runtime, owner, mode="approval", **config):
    """A run that waits; gives its id and the path of the owner's link."""
    more = {"fields": FIELDS} if mode == "form" else {}
    ask = node("task", "ask", mode=mode, message=HOSTILE, **more, **config)
    document = workflow(ask, node("end"), edges="ask>end", name="Pay & <go>")
    workflow_id = await kept(runtime, owner, document)
    run_id = await runtime.studio.workflows.run(owner, workflow_id, RunWish({}))
    await reached(runtime, run_id, "waiting")
    (step,) = [step for step in await runtime.runs.steps(owner, run_id) if step.waiting]
    link = await runtime.studio.answer_links.make(owner.id, run_id, step.waiting.seq)
    return run_id, link.removeprefix("http://127.0.0.1:3000")


async def test_other_addresses_go_on_to_the_site(browser):
    assert (await browser.get("/about")).status_code == 418


async def test_a63_following_a_link_answers_nothing_and_the_page_runs_no_script(
    runtime, owner, browser
):
    run_id, path = await asked(runtime, owner)
    for method in ("GET", "HEAD", "GET"):
        reply = await browser.request(method, path)
        assert reply.status_code == 200
    assert (await runtime.runs.get(owner, run_id)).status == "waiting"
    assert reply.headers["content-security-policy"].startswith("default-src 'none'")
    assert reply.headers["referrer-policy"] == "no-referrer"
    assert reply.headers["cache-control"] == "no-store"
    assert "<script" not in reply.text
    assert "<img src=x" not in reply.text
    assert "Pay &amp; &lt;go&gt;" in reply.text
    assert (await browser.put(path)).status_code == 405


async def test_a63_an_answer_is_taken_once_and_the_page_then_says_whose_it_was(
    runtime, owner, browser
):
    run_id, path = await asked(runtime, owner)
    bare = await browser.post(path, data={})
    assert bare.status_code == 422
    assert (await runtime.runs.get(owner, run_id)).status == "waiting"
    taken = await browser.post(path, data={"verdict": "approve", "comment": "Fine."})
    assert (taken.status_code, taken.headers["location"]) == (303, path)
    told = await reached(runtime, run_id, "succeeded")
    assert told.steps["ask"].status == "succeeded"
    again = await browser.post(path, data={"verdict": "reject"})
    assert again.status_code == 409
    for reply in (again, await browser.get(path)):
        assert "owner@example.com has answered this on" in reply.text
        assert "<form" not in reply.text


async def test_a_form_says_at_its_fields_what_is_wrong_and_keeps_what_was_typed(
    runtime, owner, browser
):
    run_id, path = await asked(runtime, owner, "form")
    page = await browser.get(path)
    assert "<script" not in page.text
    assert set(re.findall(r'name="field-(\w+)"', page.text)) == set(FIELDS["properties"])
    wrong = await browser.post(path, data={"field-sum": "many", "field-why": "because"})
    assert wrong.status_code == 422
    assert "Give a number." in wrong.text
    assert 'value="because"' in wrong.text
    high = await browser.post(path, data={"field-sum": "11"})
    assert high.status_code == 422
    assert 'aria-invalid="true"' in high.text
    assert (await runtime.runs.get(owner, run_id)).status == "waiting"
    assert (await browser.post(path, data={"field-sum": "4"})).status_code == 303
    await reached(runtime, run_id, "succeeded")


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "%00", "..%2f..%2fetc", "x" * 3000])
async def test_a63_made_up_links_are_refused_by_the_page_too(browser, token):
    for method in ("GET", "POST"):
        reply = await browser.request(method, f"/a/{token}")
        assert reply.status_code == 404
        assert "This link is not valid" in reply.text


async def test_a63_what_is_no_form_or_too_long_answers_nothing(runtime, owner, browser):
    run_id, path = await asked(runtime, owner)
    assert (await browser.post(path, json={"verdict": "approve"})).status_code == 422
    long = await browser.post(path, data={"verdict": "approve", "comment": "x" * 300_000})
    assert long.status_code == 413
    assert (await runtime.runs.get(owner, run_id)).status == "waiting"


async def test_a63b_a_link_and_an_address_are_used_only_so_often(runtime, owner, browser):
    _, path = await asked(runtime, owner)
    replies = [await browser.get(path) for _ in range(61)]
    assert [reply.status_code for reply in replies] == [200] * 60 + [429]
    assert 1 <= int(replies[-1].headers["retry-after"]) <= 60
    assert "Too many tries" in replies[-1].text
    statuses = {(await browser.get("/a/made-up")).status_code for _ in range(60)}
    assert statuses == {404, 429}
