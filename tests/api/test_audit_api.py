"""The audit log over REST."""

import csv
import io
import json

import pytest

from tests.people import person, project_of, sign_in


@pytest.fixture
def parts(studio_runtime):
    return studio_runtime.studio.parts


def signed(parts, actor):
    return {"authorization": f"Bearer {sign_in(parts, actor).access_token}"}


@pytest.fixture
def admin(parts):
    return signed(parts, person(parts, "admin@example.com", "admin"))


async def renamed(client, headers, project_id, *names):
    for name in names:
        reply = await client.patch(
            f"/api/v1/projects/{project_id}", headers=headers, json={"name": name}
        )
        assert reply.status_code == 200


async def test_who_did_what_to_which_object_from_where_is_told(client, parts, admin):
    ann = person(parts)
    await renamed(client, signed(parts, ann), project_of(ann), "One", "Two")
    reply = await client.get("/api/v1/audit?limit=1", headers=admin)
    (entry,) = reply.json()["items"]
    told = {name: entry[name] for name in entry if name not in ("hash", "request_id", "at", "seq")}
    assert told == {
        "actor_id": ann.id,
        "actor": "ann@example.com",
        "verb": "project.edit",
        "kind": "project",
        "object_id": project_of(ann),
        "project_id": project_of(ann),
        "result": "done",
        "address": "127.0.0.1",
        "details": {"name": "Two"},
    }
    after = reply.json()["next"]
    reply = await client.get(f"/api/v1/audit?verb=project.edit&after={after}", headers=admin)
    assert [entry["details"] for entry in reply.json()["items"]] == [{"name": "One"}]


async def test_entries_are_found_by_every_filter(client, parts, admin):
    ann = person(parts)
    await renamed(client, signed(parts, ann), project_of(ann), "One")

    async def count(query):
        reply = await client.get(f"/api/v1/audit?{query}", headers=admin)
        assert reply.status_code == 200, reply.text
        return len(reply.json()["items"])

    for query in (
        "actor=ann@example.com",
        "verb=project.edit",
        "kind=project",
        f"object_id={project_of(ann)}",
        f"project_id={project_of(ann)}",
        "since=2020-01-01T00:00:00Z",
        "until=2100-01-01T00:00:00Z",
    ):
        assert await count(query) >= 1, query
    for query in (
        "actor=nobody",
        "actor=' OR 1=1--",
        "kind=x",
        "since=2100-01-01T00:00:00Z",
        "until=2020-01-01T00:00:00%2B02:00",
    ):
        assert await count(query) == 0, query


@pytest.mark.parametrize(
    "query",
    [
        "since=2026-01-01T00:00:00",
        "since=x",
        "after=x",
        "limit=0",
        "limit=201",
        "kind=" + "x" * 300,
    ],
)
async def test_a_filter_that_does_not_read_is_refused(client, admin, query):
    assert (await client.get(f"/api/v1/audit?{query}", headers=admin)).status_code == 422


async def test_a_projects_log_is_for_its_owners(client, parts, admin):
    ann, eve = person(parts), person(parts, "eve@example.com")
    await renamed(client, signed(parts, ann), project_of(ann), "One")
    path = f"/api/v1/projects/{project_of(ann)}/audit"
    reply = await client.get(f"{path}?verb=project.edit", headers=signed(parts, ann))
    assert [entry["details"] for entry in reply.json()["items"]] == [{"name": "One"}]
    assert (await client.get(path, headers=signed(parts, eve))).status_code == 404
    assert (await client.get(path, headers=admin)).status_code == 200
    for path in ("audit", "audit/export"):
        mine = f"/api/v1/{path}?project_id={project_of(ann)}"
        assert (await client.get(mine, headers=signed(parts, ann))).status_code == 200
        assert (await client.get(mine, headers=signed(parts, eve))).status_code == 404
        assert (await client.get(f"/api/v1/{path}", headers=signed(parts, ann))).status_code == 403


async def test_the_log_is_taken_along_as_lines_of_json(client, parts, admin):
    ann = person(parts)
    await renamed(client, signed(parts, ann), project_of(ann), "One", "Two")
    reply = await client.get("/api/v1/audit/export?verb=project.edit", headers=admin)
    assert reply.headers["content-type"].startswith("application/jsonl")
    assert reply.headers["content-disposition"] == 'attachment; filename="audit.jsonl"'
    rows = [json.loads(line) for line in reply.text.splitlines()]
    assert [row["details"] for row in rows] == [{"name": "Two"}, {"name": "One"}]
    assert rows[0]["previous"] == rows[1]["hash"]


async def test_a39_a_name_that_is_a_formula_is_text_in_the_csv(client, parts, admin):
    eve = person(parts, "=hyperlink@example.com")
    await renamed(client, signed(parts, eve), project_of(eve), "=1+1")
    reply = await client.get("/api/v1/audit/export?format=csv&verb=project.edit", headers=admin)
    assert reply.headers["content-type"].startswith("text/csv")
    head, row = list(csv.reader(io.StringIO(reply.text)))
    assert dict(zip(head, row, strict=True))["actor"] == "'=hyperlink@example.com"
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row)
    refused = await client.get("/api/v1/audit/export?format=xml", headers=admin)
    assert refused.status_code == 422


async def test_the_chain_is_proved_for_admins(client, parts, admin):
    ann = person(parts)
    await renamed(client, signed(parts, ann), project_of(ann), "One")
    told = (await client.post("/api/v1/audit/verify", headers=admin)).json()
    assert told["is_whole"] is True
    assert told["text"] == (
        f"All {told['entries']} entries are as they were written, and none is missing."
    )
    reply = await client.post("/api/v1/audit/verify", headers=signed(parts, ann))
    assert reply.status_code == 403
