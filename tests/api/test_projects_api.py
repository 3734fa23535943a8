"""Projects, members and invitations over REST, from the first day of a project to its last."""

import re
from email import message_from_bytes, policy

import pytest

from tests.people import person, project_of, sign_in


@pytest.fixture
def parts(studio_runtime):
    return studio_runtime.studio.parts


class Caller:
    """Somebody with a session, at the API."""

    def __init__(self, client, parts, email, role="user", *, is_verified=True):
        self.client = client
        self.actor = person(parts, email, role, is_verified=is_verified)
        self.id = self.actor.id
        self.headers = {"authorization": f"Bearer {sign_in(parts, self.actor).access_token}"}

    async def ask(self, method, path, body=None):
        return await self.client.request(method, f"/api/v1{path}", headers=self.headers, json=body)

    async def told(self, method, path, body=None, status=200):
        reply = await self.ask(method, path, body)
        assert reply.status_code == status, reply.text
        return reply.json() if reply.content else None


@pytest.fixture
def ann(client, parts):
    return Caller(client, parts, "ann@example.com")


@pytest.fixture
def bob(client, parts):
    return Caller(client, parts, "bob@example.com")


async def project(caller, name="Customer mail"):
    return f"/projects/{(await caller.told('POST', '/projects', {'name': name}, 201))['id']}"


async def invited(owner, path, guest, role):
    made = await owner.told("POST", f"{path}/invitations", {"role": role}, 201)
    token = made["link"].partition("?token=")[2]
    return await guest.told("POST", "/invitations/accept", {"token": token})


async def test_a_project_is_made_read_renamed_listed_and_deleted(ann):
    path = await project(ann)
    made = await ann.told("GET", path)
    assert set(made) == {"id", "name", "created_at"}
    assert (await ann.told("PATCH", path, {"name": "Mail"}))["name"] == "Mail"
    listed = await ann.told("GET", "/projects?limit=1")
    second = await ann.told("GET", f"/projects?limit=1&after={listed['next']}")
    assert [one["name"] for one in listed["items"] + second["items"]] == ["Ann's project", "Mail"]
    assert second["next"] is None
    await ann.told("DELETE", path, status=204)
    assert (await ann.ask("GET", path)).status_code == 404


async def test_a21_a_new_project_cannot_take_the_id_of_another(ann, bob):
    taken = project_of(bob.actor)
    for field in ("id", "project_id", "owner_id"):
        reply = await ann.ask("POST", "/projects", {"name": "Mine", field: taken})
        assert reply.status_code == 422
        assert reply.json()["problems"][0]["code"] == "extra_forbidden"
    assert (await bob.told("GET", f"/projects/{taken}"))["name"] == "Bob's project"
    assert len((await ann.told("GET", "/projects"))["items"]) == 1


@pytest.mark.parametrize("name", ["", " ", "x" * 101, "a\nb", None, 7, ["x"]])
async def test_a_name_that_is_none_is_refused(ann, name):
    assert (await ann.ask("POST", "/projects", {"name": name})).status_code == 422


async def test_members_come_are_promoted_leave_and_are_removed(ann, bob):
    path = await project(ann)
    await invited(ann, path, bob, "viewer")
    listed = (await bob.told("GET", f"{path}/members"))["items"]
    assert {one["email"]: one["role"] for one in listed} == {
        "ann@example.com": "owner",
        "bob@example.com": "viewer",
    }
    mine = f"{path}/members/{bob.id}"
    assert (await bob.ask("PATCH", mine, {"role": "owner"})).status_code == 403
    assert (await ann.told("PATCH", mine, {"role": "editor"}))["role"] == "editor"
    await bob.told("DELETE", mine, status=204)
    assert (await bob.ask("GET", path)).status_code == 404
    await invited(ann, path, bob, "runner")
    await ann.told("DELETE", mine, status=204)
    assert (await bob.ask("GET", path)).status_code == 404


@pytest.mark.parametrize("role", ["", "admin", "OWNER", None, 1])
async def test_a_role_that_is_none_is_refused(ann, role):
    path = await project(ann)
    assert (await ann.ask("PATCH", f"{path}/members/{ann.id}", {"role": role})).status_code == 422


async def test_a23b_the_last_owner_stays_until_the_project_is_handed_on(ann, bob):
    path = await project(ann)
    mine = f"{path}/members/{ann.id}"
    assert (await ann.ask("DELETE", mine)).status_code == 409
    assert (await ann.ask("PATCH", mine, {"role": "viewer"})).status_code == 409
    assert (await ann.ask("POST", f"{path}/transfer", {"user_id": bob.id})).status_code == 404
    await invited(ann, path, bob, "viewer")
    await ann.told("POST", f"{path}/transfer", {"user_id": bob.id}, 204)
    assert (await ann.ask("PATCH", path, {"name": "Mine"})).status_code == 403
    await ann.told("DELETE", mine, status=204)
    await bob.told("PATCH", path, {"name": "Bob's now"})


async def test_a_link_works_once_and_says_so_afterwards(client, ann, bob, parts):
    path = await project(ann)
    made = await ann.told("POST", f"{path}/invitations", {"role": "runner"}, 201)
    token = made["link"].partition("?token=")[2]
    assert made["link"] == f"http://127.0.0.1:3000/invitation?token={token}"
    assert token not in str(await ann.told("GET", f"{path}/invitations"))
    seen = await client.post("/api/v1/invitations/look", json={"token": token})
    assert seen.json() == {
        "project_name": "Customer mail",
        "role": "runner",
        "invited_by": "Ann",
        "email": "",
        "expires_at": made["expires_at"],
        "state": "open",
    }
    assert (
        await client.post("/api/v1/invitations/accept", json={"token": token})
    ).status_code == 401
    accepted = await bob.told("POST", "/invitations/accept", {"token": token})
    assert path.endswith(accepted["project_id"])
    eve = Caller(client, parts, "eve@example.com")
    for answer in ("accept", "decline"):
        reply = await eve.ask("POST", f"/invitations/{answer}", {"token": token})
        assert reply.status_code == 409
        assert "accepted already" in reply.json()["detail"]
    assert (await ann.told("GET", f"{path}/invitations"))["items"] == []


async def test_a_mailed_invitation_is_only_for_its_reader(client, ann, bob, studio_runtime, parts):
    path = await project(ann)
    body = {"email": "Bob@example.com", "role": "editor"}
    made = await ann.told("POST", f"{path}/invitations", body, 201)
    assert (made["email"], made["link"]) == ("bob@example.com", None)
    mail = studio_runtime.studio.mail
    mail.flush()
    (file,) = mail.folder.glob("*.eml")
    letter = message_from_bytes(file.read_bytes(), policy=policy.default).get_content()
    (token,) = re.findall(r"/invitation\?token=(\S+)", letter)
    eve = Caller(client, parts, "eve@example.com")
    assert (await eve.ask("POST", "/invitations/accept", {"token": token})).status_code == 409
    await bob.told("POST", "/invitations/accept", {"token": token})


async def test_an_invitation_is_declined_or_withdrawn(client, ann, bob):
    path = await project(ann)
    for way in ("declined", "withdrawn"):
        made = await ann.told("POST", f"{path}/invitations", {"role": "viewer"}, 201)
        token = {"token": made["link"].partition("?token=")[2]}
        if way == "declined":
            await bob.told("POST", "/invitations/decline", token, 204)
        else:
            await ann.told("DELETE", f"{path}/invitations/{made['id']}", status=204)
        seen = await client.post("/api/v1/invitations/look", json=token)
        assert seen.json()["state"] == way
        assert (await bob.ask("POST", "/invitations/accept", token)).status_code == 409
        again = await ann.ask("DELETE", f"{path}/invitations/{made['id']}")
        assert again.status_code == 409


@pytest.mark.parametrize(
    "body",
    [
        {"role": "admin"},
        {"role": "viewer", "expires_in_hours": 0},
        {"role": "viewer", "expires_in_hours": 721},
        {"role": "viewer", "email": "nonsense"},
        {"role": "viewer", "email": "a@example.com\r\nBcc: b@example.com"},
        {"role": "viewer", "invited_by": "x"},
        {"role": "viewer", "project_id": "x"},
    ],
)
async def test_an_invitation_that_does_not_read_is_refused(ann, body):
    path = await project(ann)
    assert (await ann.ask("POST", f"{path}/invitations", body)).status_code == 422
    assert (await ann.told("GET", f"{path}/invitations"))["items"] == []
