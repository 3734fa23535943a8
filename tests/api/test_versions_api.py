"""Versions, publishing, folders and the trash over REST."""

import pytest

from tests.api.test_projects_api import Caller
from tests.people import project_of
from tests.projects import member

DOCUMENT = {
    "format": "flowstudio/1",
    "name": "Greet",
    "nodes": [
        {"id": "a", "type": "start", "name": "start"},
        {"id": "b", "type": "end", "name": "end", "config": {"outputs": {"text": "Hello"}}},
    ],
    "edges": [{"id": "e", "source": "a", "target": "b"}],
}
LOUDER = [{"op": "update_node", "id": "b", "changes": {"config": {"outputs": {"text": "HELLO"}}}}]


@pytest.fixture
def ann(client, studio_runtime):
    return Caller(client, studio_runtime.studio.parts, "ann@example.com")


async def workflow(caller, **more):
    body = {"project_id": project_of(caller.actor), "document": DOCUMENT, **more}
    return f"/workflows/{(await caller.told('POST', '/workflows', body, 201))['id']}"


async def test_a_workflow_is_versioned_published_compared_and_restored(ann):
    path = await workflow(ann)
    made = await ann.told("POST", f"{path}/versions", {"name": "First", "note": "Begins."}, 201)
    assert (made["number"], made["author"], made["is_published"]) == (1, "Ann", False)
    published = await ann.told("POST", f"{path}/publish", {"version": 1})
    assert (published["published_version"], published["is_changed"]) == (1, False)
    await ann.told("PATCH", path, {"operations": LOUDER})
    listed = await ann.told("GET", f"{path}/versions")
    assert (listed["revision"], listed["published_version"], listed["is_changed"]) == (2, 1, True)
    found = await ann.told("GET", f"{path}/diff?before=published&after=draft&documents=true")
    (change,) = found["diff"]["nodes"]
    assert (change["id"], change["state"]) == ("b", "changed")
    assert change["changes"] == [
        {"path": "config.outputs.text", "before": "Hello", "after": "HELLO", "is_cut": False}
    ]
    assert found["before"]["document"]["nodes"][1]["config"]["outputs"] == {"text": "Hello"}
    assert found["after"]["number"] is None
    restored = await ann.told("POST", f"{path}/versions/restore", {"version": "published"})
    assert restored["workflow"]["is_changed"] is False
    assert restored["undo"] == 2
    whole = await ann.told("GET", f"{path}/versions/2")
    assert whole["document"]["nodes"][1]["config"]["outputs"] == {"text": "HELLO"}
    gone = await ann.told("DELETE", f"{path}/publish")
    assert gone["published_version"] is None
    reply = await ann.ask("GET", f"{path}/diff?before=published")
    assert reply.status_code == 409


async def test_runs_name_their_version(ann):
    path = await workflow(ann)
    reply = await ann.ask("POST", f"{path}/runs", {"version": "published"})
    assert reply.status_code == 409
    await ann.told("POST", f"{path}/publish", {})
    run = await ann.told("POST", f"{path}/runs", {"version": "published"}, 202)
    assert (await ann.told("GET", f"/runs/{run['id']}"))["version"] == 1
    run = await ann.told("POST", f"{path}/runs", {}, 202)
    assert (await ann.told("GET", f"/runs/{run['id']}"))["version"] is None


@pytest.mark.parametrize("version", ["latest", 0, -1, True, 1.5, "1", None, [1], 10**12])
async def test_what_names_no_version_is_refused(ann, version):
    path = await workflow(ann)
    for route in ("runs", "publish", "versions/restore"):
        reply = await ann.ask("POST", f"{path}/{route}", {"version": version})
        assert reply.status_code == 422, route


async def test_an_invalid_document_is_not_published_and_every_problem_is_told(ann):
    nodes = [{"id": "r", "type": "robot", "name": "r"}, {"id": "s", "type": "bird", "name": "s"}]
    path = await workflow(ann, document={"format": "flowstudio/1", "name": "X", "nodes": nodes})
    reply = await ann.ask("POST", f"{path}/publish", {})
    assert reply.status_code == 422
    assert {problem["node"] for problem in reply.json()["problems"]} >= {"r", "s"}


async def test_the_tag_of_a_workflow_changes_with_what_stands_around_it(ann):
    path = await workflow(ann)
    before = (await ann.ask("GET", path)).headers["etag"]
    assert before == '"1"'
    await ann.told("PUT", f"{path}/folder", {"folder": "Support/Mail"})
    after = (await ann.ask("GET", path)).headers["etag"]
    assert after != before
    headers = ann.headers | {"if-none-match": after}
    assert (await ann.client.get(f"/api/v1{path}", headers=headers)).status_code == 304
    headers = ann.headers | {"if-match": after}
    body = {"operations": LOUDER}
    assert (await ann.client.patch(f"/api/v1{path}", headers=headers, json=body)).is_success


async def test_workflows_are_filed_found_trashed_and_brought_back(ann):
    project = project_of(ann.actor)
    path = await workflow(ann, folder="Support/Mail", tags=["mail"])
    await workflow(ann)
    found = await ann.told("GET", "/workflows?folder=Support&below=true")
    assert [item["folder"] for item in found["items"]] == ["Support/Mail"]
    assert len((await ann.told("GET", "/workflows?tag=MAIL"))["items"]) == 1
    assert (await ann.told("GET", f"/projects/{project}/labels")) == {
        "tags": {"mail": 1},
        "folders": {"Support/Mail": 1, "": 1},
    }
    move = {"before": "Support", "after": "Help"}
    assert await ann.told("POST", f"/projects/{project}/folders/move", move) == {"workflows": 1}
    await ann.told("DELETE", path, status=204)
    assert (await ann.ask("GET", path)).status_code == 404
    (trashed,) = (await ann.told("GET", "/workflows?trashed=true"))["items"]
    assert trashed["deleted_at"] is not None
    assert (await ann.told("POST", f"{path}/restore"))["folder"] == "Help/Mail"
    await ann.told("DELETE", f"{path}?forever=true", status=204)
    assert (await ann.told("GET", "/workflows?trashed=true"))["items"] == []


async def test_a_viewer_reads_versions_and_publishes_nothing(ann, client, studio_runtime):
    path = await workflow(ann)
    await ann.told("POST", f"{path}/versions", {"name": "First"}, 201)
    viewer = Caller(client, studio_runtime.studio.parts, "bob@example.com")
    member(studio_runtime, "viewer", ann.actor)
    assert (await viewer.ask("GET", f"{path}/versions")).status_code == 404
    assert (await viewer.ask("POST", f"{path}/publish", {})).status_code == 404
