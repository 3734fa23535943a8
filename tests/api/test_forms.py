"""Public forms: drawn from the start's schema, without a script; sent once; answered as text."""

import re
from html import unescape

import httpx
import pytest
from starlette.responses import PlainTextResponse

from flowstudio.api.forms import Forms
from flowstudio.services.access import OPERATOR
from tests.builders import node, workflow
from tests.hooking import linked, path_of
from tests.people import person
from tests.running import ended

SCHEMA = {
    "type": "object",
    "description": "We answer within a day.",
    "properties": {
        "name": {"type": "string", "title": "Your name", "minLength": 2},
        "story": {"type": "string", "format": "textarea"},
        "age": {"type": "integer", "minimum": 18},
        "price": {"type": "number"},
        "agrees": {"type": "boolean"},
        "size": {"type": "string", "enum": ["S", "M"], "default": "M"},
        "day": {"type": "string", "format": "date"},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["name", "agrees"],
}
ORDER = workflow(
    node("start", inputs=SCHEMA),
    node("end", outputs={"all": "{{ inputs }}", "hello": "<b>{{ inputs.name }}</b>"}),
    edges="start>end",
    name="Order",
)


@pytest.fixture
def owner(runtime):
    return person(runtime.studio.parts, "owner@example.com")


@pytest.fixture
async def web(runtime):
    door = Forms(PlainTextResponse("the site"), lambda: runtime)
    transport = httpx.ASGITransport(door)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:3000") as client:
        yield client


async def opened(web, path):
    """The hidden key of a form that was just opened."""
    page = (await web.get(path)).text
    return re.search(r'name="receipt" value="([^"]+)"', page)[1]


async def test_every_kind_of_field_is_drawn_with_its_label(runtime, web, owner):
    view = await linked(runtime, owner, ORDER, kind="form", name="Order <here>")
    reply = await web.get(path_of(view))
    page = reply.text
    assert reply.status_code == 200
    assert "<h1>Order &lt;here&gt;</h1>" in page
    assert "We answer within a day." in page
    for control in (
        '<input type="text" id="field-name" name="input.name" required',
        '<textarea id="field-story"',
        '<input type="number" step="1" inputmode="numeric" id="field-age"',
        '<input type="number" step="any" inputmode="decimal" id="field-price"',
        '<input type="checkbox" value="true" id="field-agrees"',
        '<select id="field-size"',
        '<option value="M" selected>',
        '<input type="date" id="field-day"',
        '<textarea id="field-tags"',
    ):
        assert control in page, control
    assert len(re.findall(r"<label for=", page)) == 8
    assert "<script" not in page


async def test_a_form_that_is_sent_becomes_a_run_and_a_page_about_it(runtime, web, owner):
    view = await linked(runtime, owner, ORDER, kind="form", shows_outputs=True)
    path = path_of(view)
    data = {
        "receipt": await opened(web, path),
        "input.name": "Ada",
        "input.story": "one\r\ntwo",
        "input.age": "36",
        "input.price": "1.5",
        "input.agrees": "true",
        "input.size": "S",
        "input.tags": '["a"]',
        "input.evil": "is no field",
    }
    reply = await web.post(path, data=data)
    assert (reply.status_code, reply.headers["location"]) == (303, f"{path}/{data['receipt']}")
    run_id = (await runtime.parts.journal.query("SELECT id FROM run"))[0][0]
    told = await ended(runtime, run_id)
    assert told.view.record.inputs == {
        "name": "Ada",
        "story": "one\ntwo",
        "age": 36,
        "price": 1.5,
        "agrees": True,
        "size": "S",
        "tags": ["a"],
    }
    assert told.view.record.trigger == "form"
    page = (await web.get(reply.headers["location"])).text
    assert "Done" in page
    assert "&lt;b&gt;Ada&lt;/b&gt;" in page


async def test_outputs_stay_inside_unless_the_author_shows_them(runtime, web, owner):
    view = await linked(runtime, owner, ORDER, kind="form")
    data = {
        "receipt": await opened(web, path_of(view)),
        "input.name": "Ada",
        "input.agrees": "true",
    }
    reply = await web.post(path_of(view), data=data)
    await ended(runtime, (await runtime.parts.journal.query("SELECT id FROM run"))[0][0])
    page = (await web.get(reply.headers["location"])).text
    assert "Done" in page
    assert "Ada" not in page


async def test_every_field_says_what_is_wrong_with_it_and_keeps_what_was_written(
    runtime, web, owner
):
    view = await linked(runtime, owner, ORDER, kind="form")
    data = {
        "receipt": await opened(web, path_of(view)),
        "input.age": "seven",
        "input.day": "yesterday",
        "input.tags": "not a list",
    }
    reply = await web.post(path_of(view), data=data)
    page = unescape(reply.text)
    assert reply.status_code == 422
    found = dict(re.findall(r'<p class="bad" id="field-(\w+)-bad">([^<]+)</p>', page))
    assert set(found) == {"name", "age", "day", "tags"}
    assert found["name"] == "Your name is missing."
    assert found["age"] == "This must be a whole number."
    assert 'value="seven"' in page
    assert page.count('aria-invalid="true"') == 4
    assert await runtime.parts.journal.query("SELECT id FROM run") == []


async def test_a_form_sent_twice_is_one_run(runtime, web, owner):
    view = await linked(runtime, owner, ORDER, kind="form")
    receipt = await opened(web, path_of(view))
    data = {"receipt": receipt, "input.name": "Ada", "input.agrees": "true"}
    places = {(await web.post(path_of(view), data=data)).headers["location"] for _ in range(3)}
    assert len(places) == 1
    assert len(await runtime.parts.journal.query("SELECT id FROM run")) == 1


async def test_a38_pages_of_forms_run_no_script_and_load_nothing(runtime, web, owner):
    mark = "<img src=x onerror=alert(1)>"
    document = workflow(
        node(
            "start",
            inputs={
                "type": "object",
                "description": mark,
                "properties": {
                    "a": {"type": "string", "title": mark, "description": mark, "default": mark},
                    "b": {"type": "string", "enum": [mark]},
                },
            },
        ),
        node("end", outputs={"x": "{{ inputs.a }}"}),
        edges="start>end",
        name=mark,
    )
    view = await linked(runtime, owner, document, kind="form", name=mark, shows_outputs=True)
    path = path_of(view)
    receipt = await opened(web, path)
    data = {"receipt": receipt, "input.a": f"</textarea>{mark}", "input.b": mark}
    sent = await web.post(path, data=data)
    await ended(runtime, (await runtime.parts.journal.query("SELECT id FROM run"))[0][0])
    wrong = await web.post(path, data=data | {"receipt": mark})
    for reply in (await web.get(path), await web.get(sent.headers["location"]), wrong):
        assert mark not in reply.text
        policy = reply.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src" not in policy
        assert "unsafe-inline" not in policy
        assert reply.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\xff=1", "application/x-www-form-urlencoded"),
        (b"a=%ff", "application/x-www-form-urlencoded"),
        (b"a=1&" * 1_001, "application/x-www-form-urlencoded"),
        (b"{}", "application/json"),
        (b"", ""),
    ],
)
async def test_what_is_no_form_is_refused_with_the_form(runtime, web, owner, content, kind):
    view = await linked(runtime, owner, ORDER, kind="form")
    reply = await web.post(path_of(view), content=content, headers={"content-type": kind})
    assert reply.status_code == 422
    assert "<form" in reply.text


async def test_a_large_form_and_too_many_are_refused(runtime, web, owner):
    view = await linked(runtime, owner, ORDER, kind="form", per_minute=1)
    path = path_of(view)
    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert (await web.post(path, content=b"x" * 1_000_001, headers=headers)).status_code == 413
    statuses = []
    for _ in range(2):
        data = {"receipt": await opened(web, path), "input.name": "Ada", "input.agrees": "true"}
        statuses.append((await web.post(path, data=data)).status_code)
    assert statuses == [303, 429]


async def test_a_drained_queue_shows_again_what_was_written(runtime, web, owner):
    view = await linked(runtime, owner, ORDER, kind="form")
    path = path_of(view)
    await runtime.studio.queue.tell(OPERATOR, "triggered", is_draining=True)
    data = {"receipt": await opened(web, path), "input.name": "Ada", "input.agrees": "true"}
    reply = await web.post(path, data=data)
    assert (reply.status_code, reply.headers["retry-after"]) == (503, "60")
    assert "Try again later" in reply.text
    assert 'value="Ada"' in reply.text
    data["receipt"] = re.search(r'name="receipt" value="([^"]+)"', reply.text)[1]
    await runtime.studio.queue.tell(OPERATOR, "triggered", is_draining=False)
    assert (await web.post(path, data=data)).status_code == 303


async def test_forms_that_are_closed_or_not_there_say_so(runtime, web, owner):
    view = await linked(runtime, owner, ORDER, kind="form")
    path = path_of(view)
    assert (await web.get(f"{path}/{'x' * 32}")).status_code == 404
    assert (await web.get(f"/f/{'x' * 43}")).status_code == 404
    assert (await web.put(path)).status_code == 405
    await runtime.studio.versions.unpublish(owner, view.record.workflow_id)
    assert (await web.get(path)).status_code == 409
    hook = await linked(runtime, owner, ORDER)
    assert (await web.get(f"/f/{hook.record.token}")).status_code == 404
    assert (await web.get("/elsewhere")).text == "the site"
