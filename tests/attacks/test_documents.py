"""Workflows from strangers, sent to a server: what is in them is checked, and none of it acts."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from flowstudio.api.app import create_api
from flowstudio.graph.document import MAX_NODES
from flowstudio.runtime import Runtime, open_runtime
from flowstudio.settings import Settings
from tests.api.world import BASE
from tests.builders import document, node
from tests.people import person, project_of, sign_in
from tests.processes import expression_workers
from tests.running import ended


class Editor:
    """Somebody with a project, who sends documents."""

    def __init__(self, runtime: Runtime, client: httpx.AsyncClient) -> None:
        self.runtime, self._client = runtime, client
        actor = person(runtime.studio.parts)
        self.project_id = project_of(actor)
        token = sign_in(runtime.studio.parts, actor).access_token
        self._headers = {"authorization": f"Bearer {token}"}

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = self._headers | more.pop("headers", {})
        return await self._client.request(method, f"/api/v1{path}", headers=headers, **more)

    async def import_(self, sent: Any) -> httpx.Response:
        body = {"project_id": self.project_id, "document": sent}
        return await self.ask("POST", "/workflows/import", json=body)

    async def run(self, workflow_id: str, **inputs: Any) -> httpx.Response:
        return await self.ask("POST", f"/workflows/{workflow_id}/runs", json={"inputs": inputs})


@pytest.fixture
async def editor(tmp_path: Path) -> AsyncIterator[Editor]:
    async with open_runtime(Settings(data_dir=tmp_path / "data")) as runtime:
        transport = httpx.ASGITransport(create_api(lambda: runtime))
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
            yield Editor(runtime, client)


def coded(code: str) -> dict[str, Any]:
    return document(
        node("start"),
        node("custom", "count", code=code, inputs={"n": 1}),
        node("end", outputs={"n": "{{ count }}"}),
        edges="start>count>end",
    )


HOSTILE_CODE = [
    "@exec('open({marker!r}, \"w\")')\ndef f(): pass",
    "def f(x=open({marker!r}, 'w')): pass",
    "class C:\n    open({marker!r}, 'w')",
    "open({marker!r}, 'w')",
    "Function('return process')().mainModule.require('fs').writeFileSync({marker!r})",
]


@pytest.mark.parametrize("code", HOSTILE_CODE)
async def test_a10_code_that_is_checked_is_read_and_never_run(
    editor: Editor, tmp_path: Path, code: str
) -> None:
    marker, before = tmp_path / "marker", expression_workers()
    sent = coded(code.format(marker=str(marker)))
    kept = (await editor.import_(coded("1"))).json()["id"]
    reply = await editor.ask("POST", f"/workflows/{kept}/validate", json={"document": sent})
    assert reply.status_code == 200, reply.text
    assert (await editor.import_(sent)).status_code == 201
    assert not marker.exists()
    assert expression_workers() == before


@pytest.mark.parametrize("template", ["{{ open('/etc/passwd') }}", "{{ 1/0 }}", "{{ [0]*10**9 }}"])
async def test_a10_a_template_that_is_checked_is_read_and_never_filled_in(
    editor: Editor, template: str
) -> None:
    before = expression_workers()
    sent = document(node("start"), node("end", outputs={"x": template}), edges="start>end")
    assert (await editor.import_(sent)).status_code == 201
    assert expression_workers() == before


async def test_a26_imported_code_is_off_until_a_person_turns_it_on(editor: Editor) -> None:
    told = (await editor.import_(coded("n + 1"))).json()
    assert told["turned_off"] == ["count"]
    first = (await editor.run(told["id"])).json()["id"]
    assert (await ended(editor.runtime, first)).outputs == {"n": None}

    kept = (await editor.ask("GET", f"/workflows/{told['id']}")).json()["document"]
    (code,) = [one for one in kept["nodes"] if one["type"] == "custom"]
    assert code.pop("disabled") is True
    on = {"op": "update_node", "id": code["id"], "changes": {"disabled": False}}
    reply = await editor.ask("PATCH", f"/workflows/{told['id']}", json={"operations": [on]})
    assert reply.status_code == 200, reply.text
    second = (await editor.run(told["id"])).json()["id"]
    assert (await ended(editor.runtime, second)).outputs == {"n": 2}


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (document(*[node("end", f"e{n}") for n in range(MAX_NODES + 1)]), "nodes"),
        (document() | {"__proto__": {"x": 1}}, "__proto__"),
        (document(node("end") | {"constructor": {}}), "constructor"),
        (document() | {"format": "flowstudio/99"}, "format"),
        (document(node("end") | {"id": 7}), "id"),
        ([], "document"),
    ],
    ids=["many", "__proto__", "constructor", "format", "id", "list"],
)
async def test_a26_a_document_of_a_wrong_form_is_refused_with_the_place(
    editor: Editor, sent: Any, said: str
) -> None:
    reply = await editor.import_(sent)
    assert reply.status_code == 422, reply.text
    assert any(said in f"{one['where']} {one['what']}" for one in reply.json()["problems"])
    assert (await editor.ask("GET", "/workflows")).json()["items"] == []


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (document(node("rm_rf", "evil")), "unknown_type"),
        (document(node("end", "a"), node("end", "b") | {"id": "a"}), "duplicate_id"),
        (
            document(
                node("task", "a", mode="set", values={}),
                node("task", "b", mode="set", values={}),
                edges="a>b>a",
            ),
            "cycle",
        ),
        (
            document(node("integration", "sub", mode="workflow", workflow="/etc/passwd")),
            "unknown_workflow",
        ),
        (
            document(node("integration", "sub", mode="workflow", workflow="../../x")),
            "unknown_workflow",
        ),
        (document(node("integration", "mcp", mode="mcp", command="sh -c id")), "bad_config"),
    ],
    ids=["type", "ids", "cycle", "absolute", "upwards", "stdio"],
)
async def test_a26_what_cannot_run_is_kept_named_and_refused_at_the_start(
    editor: Editor, sent: Any, code: str
) -> None:
    told = (await editor.import_(sent)).json()
    assert code in {one["code"] for one in told["problems"]}, told["problems"]
    reply = await editor.run(told["id"])
    assert reply.status_code == 422
    assert code in {one["code"] for one in reply.json()["problems"]}


async def test_a26_an_imported_credential_is_left_out(editor: Editor) -> None:
    body = {"kind": "bearer", "name": "crm", "token": "sk-CANARY", "hosts": ["a.test"]}
    reply = await editor.ask("POST", "/credentials", json=body | {"project_id": editor.project_id})
    sent = document(
        node("integration", "c", mode="http", url="https://a.test/", credential=reply.json()["id"])
    )
    told = (await editor.import_(sent)).json()
    kept = (await editor.ask("GET", f"/workflows/{told['id']}")).json()["document"]
    assert kept["nodes"][0]["config"]["credential"] == ""


async def test_a26_a_hundred_megabytes_are_not_read(editor: Editor) -> None:
    sent = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal sent
        yield b'{"project_id": "x", "document": {"name": "'
        for _ in range(100):
            sent += 1
            yield b"x" * 1_000_000

    reply = await editor.ask(
        "POST", "/workflows/import", content=body(), headers={"content-type": "application/json"}
    )
    assert reply.status_code == 413
    assert sent < 10


async def test_a25_a_path_in_an_input_is_a_text_and_no_file(editor: Editor, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("sk-CANARY-file")
    given = {"filepath": str(secret), "path": f"file://{secret}", "originalFilename": "a.txt"}
    schema = {"type": "object", "properties": {"files": {"type": "array"}}}
    sent = document(
        node("start", inputs=schema),
        node("end", outputs={"files": "{{ start.files }}"}),
        edges="start>end",
    )
    kept = (await editor.import_(sent)).json()["id"]
    run_id = (await editor.run(kept, files=[given])).json()["id"]
    told = await ended(editor.runtime, run_id)
    assert told.outputs == {"files": [given]}
    assert "sk-CANARY" not in str(told)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("../../etc/x", "etc-x"),
        ("C:\\x", "c-x"),
        (".git/hooks/x", "git-hooks-x"),
        ('a"; filename="x.exe', "a-filename-x-exe"),
        ("a\r\nSet-Cookie: x=1", "a-set-cookie-x-1"),
        ("…", "workflow"),
    ],
)
async def test_a27_a_name_is_a_label_and_never_a_path_or_a_header(
    editor: Editor, name: str, file: str
) -> None:
    sent = document(node("start"), node("end"), edges="start>end", name=name)
    reply = await editor.import_(sent)
    kept = reply.json()["id"]
    reply = await editor.ask("GET", f"/workflows/{kept}/export")
    assert reply.headers["content-disposition"] == f'attachment; filename="{file}.json"'
    assert "set-cookie" not in reply.headers
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.json()["name"] == name


@pytest.mark.parametrize("slug", ["../pyproject", "..%2fpyproject", "%2e%2e%2fpyproject", "/etc/x"])
async def test_a27_an_example_is_found_by_its_name_and_nowhere_else(
    editor: Editor, slug: str
) -> None:
    reply = await editor.ask("GET", f"/templates/{slug}")
    assert reply.status_code in {404, 422}
    body = {"project_id": editor.project_id}
    reply = await editor.ask("POST", f"/templates/{slug}/copy", json=body)
    assert reply.status_code in {404, 405, 422}


@pytest.mark.parametrize("sort", ["id; drop table workflow", "password_hash", "-name,id", "NAME"])
async def test_a28_a_list_is_sorted_by_what_it_offers_alone(editor: Editor, sort: str) -> None:
    reply = await editor.ask("GET", "/workflows", params={"sort": sort})
    assert reply.status_code == 422


async def test_a28f_a_workflow_that_runs_itself_is_refused(editor: Editor) -> None:
    kept = (await editor.import_(document(node("start"), name="Self"))).json()["id"]
    sent = document(
        node("start"),
        node("integration", "again", mode="workflow", workflow=kept),
        edges="start>again",
        name="Self",
    )
    reply = await editor.ask("POST", f"/workflows/{kept}/validate", json={"document": sent})
    assert reply.status_code == 200
    assert [one["code"] for one in reply.json()["problems"]] == ["workflow_recursion"]
