"""Credentials as people see them: stored, listed, changed and deleted, and never shown."""

import base64
import json
from dataclasses import replace

import pytest
from pydantic import ConfigDict, TypeAdapter, ValidationError
from sqlmodel import select

from flowstudio.errors import (
    AccessDeniedError,
    AddressRefusedError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    NotSignedInError,
    StepError,
)
from flowstudio.graph.canonical import dump
from flowstudio.graph.ids import new_id
from flowstudio.nodes.registry import load_registry
from flowstudio.services.access import NOBODY, OPERATOR
from flowstudio.services.credential_inputs import CredentialChange, NewCredential
from flowstudio.services.credentials import CredentialService
from flowstudio.store.tables.audit import AuditRow
from flowstudio.store.tables.credentials import CredentialRow
from flowstudio.store.tables.projects import MemberRow
from flowstudio.store.tables.workflows import WorkflowRow
from tests.builders import document, node, workflow
from tests.fakes.clock import TurnedClock
from tests.parts import studio_parts
from tests.people import actor_of, person, project_of

CANARY = "sk-CANARY-5f21/x=="
GIVEN = {
    "bearer": {"kind": "bearer", "token": CANARY, "hosts": ["a.test"]},
    "header": {
        "kind": "header",
        "header": "X-Key",
        "value": f"Token {CANARY}",
        "hosts": ["a.test"],
    },
    "basic": {"kind": "basic", "username": "ada", "password": CANARY, "hosts": ["a.test:8443"]},
    "smtp": {"kind": "smtp", "host": "mail.test", "username": "ada", "password": CANARY},
    "openrouter": {"kind": "openrouter", "key": CANARY},
}
#: The canary in whatever form it could be written down.
FORMS = (
    CANARY,
    "CANARY",
    base64.b64encode(CANARY.encode()).decode(),
    base64.b64encode(f"ada:{CANARY}".encode()).decode(),
    CANARY.encode().hex(),
)
_NEW: TypeAdapter[NewCredential] = TypeAdapter(
    NewCredential, config=ConfigDict(hide_input_in_errors=True)
)


def new(kind: str = "bearer", name: str = "crm", **more: object) -> NewCredential:
    return _NEW.validate_python({"name": name, **GIVEN[kind], **more})


@pytest.fixture
def turned():
    return TurnedClock()


@pytest.fixture
def parts(tmp_path, turned):
    with studio_parts(tmp_path, turned) as parts:
        yield parts


@pytest.fixture
def service(parts):
    return CredentialService(parts, load_registry([]))


@pytest.fixture
def ann(parts):
    return person(parts, "ann@example.com")


@pytest.fixture
def bob(parts):
    return person(parts, "bob@example.com")


def join(parts, who, project_id, role):
    """Somebody as they are after having joined a project."""
    row = MemberRow(project_id=project_id, user_id=who.id, role=role, joined_at=parts.clock.now())
    parts.records.write_now(lambda session: session.add(row))
    return actor_of(parts, who.id)


def keep(parts, project_id, *nodes, name="Tickets"):
    """Store a workflow in a project."""
    now = parts.clock.now()
    row = WorkflowRow(
        id=new_id(),
        project_id=project_id,
        name=name,
        document=dump(document(*nodes, name=name)),
        created_at=now,
        updated_at=now,
    )
    parts.records.write_now(lambda session: session.add(row))


def http(credential_id, name="call"):
    return node("integration", name, mode="http", url="https://a.test", credential=credential_id)


def rows(parts, table):
    return parts.records.read_now(lambda session: list(session.exec(select(table))))


# Made, listed, read


@pytest.mark.parametrize(
    ("kind", "hosts", "details"),
    [
        ("bearer", ("a.test",), {}),
        ("header", ("a.test",), {"header": "X-Key"}),
        ("basic", ("a.test:8443",), {"username": "ada"}),
        (
            "smtp",
            ("mail.test",),
            {"host": "mail.test", "port": 587, "username": "ada", "tls": "starttls", "sender": ""},
        ),
        ("openrouter", ("openrouter.ai",), {}),
    ],
)
async def test_each_kind_is_listed_by_what_is_no_secret(service, ann, kind, hosts, details):
    made = await service.create(ann, project_of(ann), new(kind))
    assert (made.name, made.kind, made.hosts, made.details) == ("crm", kind, hosts, details)
    assert (made.created_by, made.last_used_at) == (ann.id, None)
    assert await service.get(ann, made.id) == made
    assert (await service.list_credentials(ann, project_of(ann))).items == [made]


@pytest.mark.parametrize("kind", GIVEN)
async def test_a33_no_secret_is_in_the_database_a_record_the_log_or_the_audit(
    service, parts, ann, tmp_path, caplog, kind
):
    caplog.set_level("DEBUG")
    made = await service.create(ann, project_of(ann), new(kind))
    await service.update(ann, made.id, CredentialChange(name="crm two"))
    shown = [repr(made), str(made), repr(new(kind)), new(kind).model_dump_json(), caplog.text]
    shown += [repr(await service.list_credentials(ann, project_of(ann)))]
    shown += [repr(row) for table in (AuditRow, CredentialRow) for row in rows(parts, table)]
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for form in FORMS:
        assert form not in "".join(shown)
        assert form.encode() not in stored


@pytest.mark.parametrize("kind", GIVEN)
async def test_each_kind_comes_back_for_a_run_as_it_was_given(service, ann, kind):
    made = await service.create(ann, project_of(ann), new(kind))
    credential = await service.for_run(project_of(ann), made.id)
    assert any(CANARY in secret for secret in credential.secrets())
    assert (credential.id, credential.label) == (made.id, "crm")
    assert "CANARY" not in f"{credential!r} {credential} {credential.model_dump_json()}"


async def test_a_list_comes_in_pieces_newest_first(service, ann):
    made = [
        await service.create(ann, project_of(ann), new(name=f"crm {number}")) for number in range(5)
    ]
    first = await service.list_credentials(ann, project_of(ann), limit=2)
    second = await service.list_credentials(ann, project_of(ann), limit=2, after=first.next)
    last = await service.list_credentials(ann, project_of(ann), limit=2, after=second.next)
    found = [*first.items, *second.items, *last.items]
    assert [record.id for record in found] == [record.id for record in reversed(made)]
    assert last.next is None


async def test_names_are_unique_in_a_project_and_free_in_another(service, ann, bob):
    await service.create(ann, project_of(ann), new())
    with pytest.raises(ConflictError, match="'crm' already"):
        await service.create(ann, project_of(ann), new("smtp"))
    await service.create(bob, project_of(bob), new())


@pytest.mark.parametrize(
    "given",
    [
        GIVEN["bearer"] | {"token": ""},
        GIVEN["bearer"] | {"token": "CANARY\r\nX: y"},
        GIVEN["bearer"] | {"token": None},
        GIVEN["bearer"] | {"hosts": []},
        GIVEN["bearer"] | {"hosts": ["*"]},
        GIVEN["bearer"] | {"hosts": ["https://a.test/"]},
        GIVEN["bearer"] | {"hosts": "a.test"},
        GIVEN["bearer"] | {"hosts": ["a.test"] * 51},
        GIVEN["bearer"] | {"header": "X-Key"},
        GIVEN["bearer"] | {"id": "1"},
        GIVEN["bearer"] | {"created_by": "1"},
        GIVEN["basic"] | {"username": "a:b"},
        GIVEN["openrouter"] | {"hosts": ["evil.example"]},
        GIVEN["smtp"] | {"port": 0},
        GIVEN["smtp"] | {"host": "mail.test\r\nX"},
        GIVEN["smtp"] | {"tls": "maybe"},
        {"kind": "ftp", "token": "CANARY"},
        {"token": "CANARY"},
        "CANARY",
    ],
)
def test_what_does_not_read_is_refused_without_its_secret(given):
    with pytest.raises(ValidationError) as caught:
        _NEW.validate_python({"name": "crm", **given} if isinstance(given, dict) else given)
    assert "CANARY" not in str(caught.value)


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 101])
def test_a_name_is_one_line_of_text(name):
    with pytest.raises(ValidationError):
        new(name=name)


@pytest.mark.parametrize("header", ["Host", "Content-Length", "X\r\nHost", "X Key", "ключ"])
async def test_a_header_that_cannot_be_sent_is_refused(service, ann, header):
    with pytest.raises(InvalidInputError) as caught:
        await service.create(ann, project_of(ann), new("header", header=header))
    assert "CANARY" not in str(caught.value)


# Who may


async def test_a19_a_stranger_finds_no_credential_and_no_project(service, ann, bob):
    made = await service.create(ann, project_of(ann), new())
    change = CredentialChange(name="mine")
    with pytest.raises(NotFoundError):
        await service.list_credentials(bob, project_of(ann))
    with pytest.raises(NotFoundError):
        await service.create(bob, project_of(ann), new(name="other"))
    for credential_id in (made.id, new_id(), "x", ""):
        said = set()
        for call in (
            service.get(bob, credential_id),
            service.update(bob, credential_id, change),
            service.delete(bob, credential_id, force=True),
        ):
            with pytest.raises(NotFoundError) as caught:
                await call
            said.add(str(caught.value))
        assert said == {"There is no such credential."}
    assert (await service.get(ann, made.id)) == made


@pytest.mark.parametrize("role", ["viewer", "runner"])
async def test_who_may_not_edit_a_project_may_not_see_its_credentials(
    service, parts, ann, bob, role
):
    made = await service.create(ann, project_of(ann), new())
    member = join(parts, bob, project_of(ann), role)
    for call in (
        service.list_credentials(member, project_of(ann)),
        service.create(member, project_of(ann), new(name="other")),
        service.get(member, made.id),
        service.update(member, made.id, CredentialChange(name="x")),
        service.delete(member, made.id),
    ):
        with pytest.raises(AccessDeniedError):
            await call


async def test_an_editor_may_and_nobody_and_a_reading_key_may_not(service, parts, ann, bob):
    made = await service.create(ann, project_of(ann), new())
    editor = join(parts, bob, project_of(ann), "editor")
    assert await service.get(editor, made.id) == made
    with pytest.raises(NotSignedInError):
        await service.get(NOBODY, made.id)
    with pytest.raises(NotSignedInError):
        await service.get(NOBODY, new_id())
    reading = replace(editor, scopes=frozenset({"credentials:read"}))
    assert await service.get(reading, made.id) == made
    with pytest.raises(AccessDeniedError, match="credentials:write"):
        await service.delete(reading, made.id)


async def test_everything_done_to_it_is_in_the_audit_log(service, parts, ann):
    made = await service.create(ann, project_of(ann), new())
    await service.update(ann, made.id, CredentialChange(name="two", token=f"{CANARY}2"))
    await service.delete(ann, made.id)
    found = [row for row in rows(parts, AuditRow) if row.kind == "credential"]
    assert [row.verb for row in found] == [
        "credential.create",
        "credential.edit",
        "credential.delete",
    ]
    assert {(row.object_id, row.project_id, row.actor_id) for row in found} == {
        (made.id, project_of(ann), ann.id)
    }
    assert json.loads(found[1].details) == {"changed": ["name", "token"]}


# Changed


async def test_a_name_changes_and_the_secret_stays(service, ann, turned):
    made = await service.create(ann, project_of(ann), new("header"))
    turned.turn(60)
    changed = await service.update(ann, made.id, CredentialChange(name="two"))
    assert (changed.name, changed.details, changed.hosts) == ("two", made.details, made.hosts)
    assert changed.updated_at > made.updated_at
    credential = await service.for_run(project_of(ann), made.id)
    assert credential.headers() == {"X-Key": f"Token {CANARY}"}
    await service.create(ann, project_of(ann), new())
    with pytest.raises(ConflictError, match="'two' already"):
        await service.create(ann, project_of(ann), new(name="two"))


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("bearer", "token"),
        ("header", "value"),
        ("basic", "password"),
        ("smtp", "password"),
        ("openrouter", "key"),
    ],
)
async def test_a_secret_is_replaced_by_a_whole_new_one(service, ann, kind, field):
    made = await service.create(ann, project_of(ann), new(kind))
    other = {"token", "value", "password", "key"} - {field}
    for wrong in other:
        with pytest.raises(InvalidInputError, match=f"is its {field}"):
            await service.update(ann, made.id, CredentialChange(**{wrong: "sk-other"}))
    changed = await service.update(ann, made.id, CredentialChange(**{field: "sk-other"}))
    assert (changed.hosts, changed.details) == (made.hosts, made.details)
    secrets = (await service.for_run(project_of(ann), made.id)).secrets()
    assert any("sk-other" in secret for secret in secrets)
    assert not any("CANARY" in secret for secret in secrets)


async def test_a34_a_host_is_added_only_by_who_knows_the_secret(service, ann):
    made = await service.create(ann, project_of(ann), new(hosts=["a.test", "b.test"]))
    for hosts in (["evil.example"], ["a.test", "*.evil.example"], ["0.0.0.0/0"]):
        with pytest.raises(InvalidInputError, match="Give it again"):
            await service.update(ann, made.id, CredentialChange(hosts=hosts))
    fewer = await service.update(ann, made.id, CredentialChange(hosts=["b.test"]))
    assert fewer.hosts == ("b.test",)
    again = CredentialChange(hosts=["c.test"], token=CANARY)
    assert (await service.update(ann, made.id, again)).hosts == ("c.test",)
    credential = await service.for_run(project_of(ann), made.id)
    credential.check_host("c.test", 443)
    with pytest.raises(AddressRefusedError, match=r"'crm' may not be sent to 'b\.test'"):
        credential.check_host("b.test", 443)


@pytest.mark.parametrize("kind", ["smtp", "openrouter"])
async def test_a34_what_goes_to_its_own_service_goes_nowhere_else(service, ann, kind):
    made = await service.create(ann, project_of(ann), new(kind))
    with pytest.raises(InvalidInputError, match="its own service"):
        await service.update(ann, made.id, CredentialChange(hosts=["evil.example"]))


# Deleted


async def test_a_credential_in_use_is_kept_unless_by_force(service, parts, ann):
    made = await service.create(ann, project_of(ann), new())
    other = await service.create(ann, project_of(ann), new(name="other"))
    keep(parts, project_of(ann), http(made.id), name="Tickets")
    keep(parts, project_of(ann), node("custom", mode="code", code=f"'{other.id}'"), name="Notes")
    with pytest.raises(ConflictError, match="used by 'Tickets'"):
        await service.delete(ann, made.id)
    await service.delete(ann, made.id, force=True)
    await service.delete(ann, other.id)
    assert rows(parts, CredentialRow) == []


async def test_workflows_of_other_projects_keep_no_credential_and_are_not_named(
    service, parts, ann, bob
):
    made = await service.create(ann, project_of(ann), new())
    keep(parts, project_of(bob), http(made.id), name="Secret plan")
    await service.delete(ann, made.id)


# For runs


async def test_a20_the_credential_of_another_project_is_as_unknown_as_one_that_is_not_there(
    service, ann, bob
):
    made = await service.create(ann, project_of(ann), new())
    said = set()
    for credential_id in (made.id, new_id()):
        with pytest.raises(StepError) as caught:
            await service.for_run(project_of(bob), credential_id)
        assert not caught.value.retryable
        said.add(str(caught.value).replace(credential_id, "ID"))
    assert len(said) == 1


async def test_a20_a_document_that_names_foreign_credentials_has_problems(service, ann, bob):
    mine = await service.create(ann, project_of(ann), new())
    post = await service.create(ann, project_of(ann), new("smtp", name="post"))
    theirs = await service.create(bob, project_of(bob), new())
    mail = node("integration", "mail", mode="email", to="a@b.test", credential=post.id)
    good = workflow(http(mine.id), mail, http("", "plain"))
    assert await service.problems(project_of(ann), good) == []
    bad = workflow(
        http(mine.id),
        http(theirs.id, "steal"),
        node("loop", "each", items=[1], mode="for_each"),
        node(
            "integration",
            "hook",
            inside="each",
            mode="webhook",
            url="https://a.test",
            credential="crm",
        ),
    )
    found = await service.problems(project_of(ann), bad)
    assert [(problem.code, problem.node, problem.path) for problem in found] == [
        ("unknown_credential", "steal", "config.credential"),
        ("unknown_credential", "hook", "config.credential"),
    ]
    assert len(await service.problems(project_of(bob), good)) == 2


async def test_a20_a_mistake_elsewhere_in_a_node_hides_no_foreign_credential(service, ann, bob):
    theirs = await service.create(bob, project_of(bob), new())
    faulty = http(theirs.id)
    faulty["config"]["method"] = "STEAL"
    (problem,) = await service.problems(project_of(ann), workflow(faulty))
    assert (problem.node, problem.path) == ("call", "config.credential")
    assert await service.problems(project_of(bob), workflow(faulty)) == []


@pytest.mark.parametrize("what", ["sealed", "project", "all"])
async def test_a_sealed_text_pasted_elsewhere_does_not_open(service, parts, ann, bob, what):
    theirs = await service.create(ann, project_of(ann), new())
    mine = await service.create(bob, project_of(bob), new())

    def paste(session):
        source, target = session.get(CredentialRow, theirs.id), session.get(CredentialRow, mine.id)
        if what == "project":
            source.project_id, source.name = project_of(bob), "stolen"
        else:
            target.sealed = source.sealed
            if what == "all":
                target.hosts, target.shown, target.kind = '["evil.example"]', "{}", source.kind

    parts.records.write_now(paste)
    credential_id = theirs.id if what == "project" else mine.id
    with pytest.raises(StepError, match="changed, or moved") as caught:
        await service.for_run(project_of(bob), credential_id)
    assert "CANARY" not in str(caught.value)


async def test_a34_hosts_changed_in_the_database_bind_nothing(service, parts, ann):
    made = await service.create(ann, project_of(ann), new())

    def widen(session):
        session.get(CredentialRow, made.id).hosts = '["evil.example"]'

    parts.records.write_now(widen)
    credential = await service.for_run(project_of(ann), made.id)
    assert credential.hosts == ("a.test",)


async def test_its_last_use_is_noted_once_a_minute(service, ann, turned):
    made = await service.create(ann, project_of(ann), new())
    noted = []
    for seconds in (0, 30, 29, 2):
        turned.turn(seconds)
        await service.for_run(project_of(ann), made.id)
        noted.append((await service.get(ann, made.id)).last_used_at)
    assert noted[0] == noted[1] == noted[2]
    assert noted[3] == turned.now()


async def test_the_newest_openrouter_key_of_the_project_counts(service, ann, bob, turned):
    assert await service.openrouter_key(project_of(ann)) is None
    await service.create(ann, project_of(ann), new("openrouter", name="one", key="sk-or-one"))
    turned.turn(1)
    newest = await service.create(
        ann, project_of(ann), new("openrouter", name="two", key="sk-or-two")
    )
    await service.create(ann, project_of(ann), new("bearer", name="three"))
    assert await service.openrouter_key(project_of(ann)) == "sk-or-two"
    assert await service.openrouter_key(project_of(bob)) is None
    await service.delete(ann, newest.id)
    assert await service.openrouter_key(project_of(ann)) == "sk-or-one"


async def test_a34_an_openrouter_key_is_not_sent_to_another_address(tmp_path):
    with studio_parts(tmp_path) as parts:
        ann = person(parts)
        await CredentialService(parts, {}).create(ann, project_of(ann), new("openrouter"))
    with studio_parts(tmp_path, openrouter_base_url="https://evil.example/api/v1") as parts:
        with pytest.raises(AddressRefusedError, match=r"openrouter\.ai") as caught:
            await CredentialService(parts, {}).openrouter_key(project_of(ann))
        assert "CANARY" not in str(caught.value)


async def test_the_operator_may_look_after_any_project(service, ann):
    made = await service.create(ann, project_of(ann), new())
    assert await service.get(OPERATOR, made.id) == made
