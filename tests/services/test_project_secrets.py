"""Runs of a project with the project's own secrets: used by nodes and models, and seen nowhere."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from flowstudio.engine.contract import RunInfo
from flowstudio.errors import InvalidDocumentError
from flowstudio.graph.canonical import dump
from flowstudio.graph.ids import new_id
from flowstudio.runtime import open_runtime
from flowstudio.services.access import OPERATOR
from flowstudio.services.credential_inputs import (
    NewBasic,
    NewBearer,
    NewHeader,
    NewOpenRouter,
    NewSmtp,
)
from flowstudio.services.runs import base_of_project
from flowstudio.settings import Settings
from flowstudio.store.tables.workflows import WorkflowRow
from tests.builders import node, workflow
from tests.fakes.http_server import Answer, HttpServer, echo
from tests.fakes.openrouter import FakeOpenRouter, fail, say
from tests.fakes.smtp_server import SmtpServer
from tests.people import person, project_of
from tests.processes import until
from tests.running import carry, create, run

CANARY = "sk-CANARY-9c77-of-a-project"
FORMS = (
    CANARY,
    base64.b64encode(CANARY.encode()).decode(),
    base64.b64encode(f"ada:{CANARY}".encode()).decode(),
    base64.b64encode(f"\0ada\0{CANARY}".encode()).decode(),
)
INSTANCE_KEY = "sk-or-of-the-instance"
OTHERS_KEY = "sk-or-of-the-other-project"


@asynccontextmanager
async def studio(folder, bench, *servers, clock=None, **settings) -> AsyncIterator:
    """A process that may reach these servers on this machine."""
    allowed = tuple(f"127.0.0.1:{server.port}" for server in servers)
    chosen = Settings(data_dir=folder, http_allow_private=allowed, **settings)
    async with open_runtime(chosen, clock=clock, registry=bench.registry()) as runtime:
        yield runtime


async def run_in(runtime, project_id, document):
    """Run a document for a project, to its end."""
    return await run(runtime, document, project_id=project_id)


def secrets_of(runtime):
    return runtime.studio.credentials


async def keep(runtime, owner, new) -> str:
    return (await secrets_of(runtime).create(owner, project_of(owner), new)).id


def bearer(*hosts, token=CANARY):
    return NewBearer(name=f"crm {new_id()}", kind="bearer", token=token, hosts=hosts)


def http(server, credential, path="/", **more):
    url = f"http://127.0.0.1:{server.port}{path}"
    return node("integration", "call", mode="http", url=url, credential=credential, **more)


def assert_nowhere(tmp_path, told, *texts):
    """The canary is in no file, event, output or error of a run."""
    shown = "".join([repr(told), *texts])
    for form in FORMS:
        assert form not in shown
        for file in tmp_path.rglob("*"):
            assert not file.is_file() or form.encode() not in file.read_bytes(), file


@pytest.mark.parametrize("status", [200, 401, 500])
@pytest.mark.parametrize("kind", ["bearer", "header", "basic"])
async def test_a33_what_a_server_sends_back_shows_no_credential(
    tmp_path, bench, caplog, kind, status
):
    caplog.set_level("DEBUG", "flowstudio")
    async with HttpServer() as server, studio(tmp_path, bench, server) as runtime:
        host = f"127.0.0.1:{server.port}"
        ann = person(runtime.studio.parts)
        new = {
            "bearer": bearer(host),
            "header": NewHeader(
                name="k", kind="header", header="X-Key", value=CANARY, hosts=(host,)
            ),
            "basic": NewBasic(
                name="b", kind="basic", username="ada", password=CANARY, hosts=(host,)
            ),
        }[kind]
        credential = await keep(runtime, ann, new)
        # What it was sent, and for basic authentication also what that says.
        texts = " and ".join(FORMS[0:3:2] if kind == "basic" else FORMS[:1])
        server.answers["/"] = Answer.of_text(texts, status, **{"X-Back": texts})
        told = await run_in(runtime, project_of(ann), workflow(http(server, credential)))
        (request,) = server.requests
    assert told.status == ("succeeded" if status == 200 else "failed")
    assert any(form in str(request.headers) for form in FORMS)
    assert_nowhere(tmp_path, told, caplog.text)


@pytest.mark.parametrize("refusal", ["", "451", "550"])
async def test_a33_what_a_mail_server_says_shows_no_password(tmp_path, bench, refusal):
    replies = {"RCPT TO:<a@b.test>": f"{refusal} no {CANARY}"} if refusal else {}
    mail = SmtpServer(password=CANARY, replies=replies)
    async with mail, studio(tmp_path, bench, mail) as runtime:
        ann = person(runtime.studio.parts)
        new = NewSmtp(
            name="post",
            kind="smtp",
            host="127.0.0.1",
            port=mail.port,
            username="ada",
            password=CANARY,
            tls="none",
            sender="ada@b.test",
        )
        send = node("integration", "send", mode="email", to="a@b.test", subject="Hi")
        send["config"]["credential"] = await keep(runtime, ann, new)
        told = await run_in(runtime, project_of(ann), workflow(send))
    assert bool(mail.mails) == (told.status == "succeeded")
    assert_nowhere(tmp_path, told)


@pytest.mark.parametrize(
    "text", ["{{ credentials }}", "{{ run.credentials }}", "{{ run.project_id }}", "{{ secrets }}"]
)
async def test_a33_no_name_in_a_template_leads_to_credentials(tmp_path, bench, text):
    async with studio(tmp_path, bench) as runtime:
        ann = person(runtime.studio.parts)
        await keep(runtime, ann, bearer("a.test"))
        look = workflow(node("count", "look", value=text))
        if "run." not in text:
            with pytest.raises(InvalidDocumentError):
                await run_in(runtime, project_of(ann), look)
            return
        told = await run_in(runtime, project_of(ann), look)
    assert told.outputs is None or told.outputs["look"] is None
    assert_nowhere(tmp_path, told)


async def test_a34_a_projects_credential_is_not_sent_to_another_host(tmp_path, bench):
    async with HttpServer() as server, studio(tmp_path, bench, server) as runtime:
        ann = person(runtime.studio.parts)
        credential = await keep(runtime, ann, bearer("api.example.com"))
        told = await run_in(runtime, project_of(ann), workflow(http(server, credential)))
        assert server.requests == []
    assert told.status == "failed"
    assert "may not be sent to '127.0.0.1'" in told.view.record.error
    assert_nowhere(tmp_path, told)


async def test_a20_a_run_finds_no_credential_of_another_project_or_of_the_operator(tmp_path, bench):
    async with HttpServer() as server:
        host = f"127.0.0.1:{server.port}"
        operators = {"ops": {"kind": "bearer", "token": CANARY, "hosts": [host]}}
        async with studio(tmp_path, bench, server, credentials=json.dumps(operators)) as runtime:
            ann = person(runtime.studio.parts)
            bob = person(runtime.studio.parts, "bob@example.com")
            theirs = await keep(runtime, ann, bearer(host))
            server.answers["/"] = echo
            said = set()
            for credential in (theirs, new_id(), "ops"):
                told = await run_in(runtime, project_of(bob), workflow(http(server, credential)))
                assert told.status == "failed"
                said.add(told.view.record.error.replace(credential, "ID"))
                inside = node("loop", "each", items=[1], mode="for_each")
                nested = http(server, credential) | {"parent": "each"}
                told = await run_in(runtime, project_of(bob), workflow(inside, nested))
                assert told.status == "failed"
            assert len(said) == 1
            assert server.requests == []
            # What this machine runs by itself has the operator's, and no project's.
            assert (await run(runtime, workflow(http(server, "ops")))).status == "succeeded"
            assert (await run(runtime, workflow(http(server, theirs)))).status == "failed"


async def test_a20_no_workflow_that_names_a_foreign_credential_is_kept_or_run(tmp_path, bench):
    async with HttpServer() as server, studio(tmp_path, bench, server) as runtime:
        parts, workflows = runtime.studio.parts, runtime.studio.workflows
        ann, bob = person(parts), person(parts, "bob@example.com")
        theirs = await keep(runtime, ann, bearer(f"127.0.0.1:{server.port}"))
        steal = workflow(http(server, theirs))
        with pytest.raises(InvalidDocumentError, match="no credential"):
            await workflows.create(bob, project_of(bob), steal)
        kept = await workflows.create(bob, project_of(bob), workflow(node("count", "a")))
        with pytest.raises(InvalidDocumentError, match="no credential"):
            await workflows.replace(bob, kept.record.id, steal, kept.record.revision)

        def smuggle(session):
            session.get(WorkflowRow, kept.record.id).document = dump(steal.dump())

        # Even one that got into the database in some other way brings nothing, alone or inside.
        parts.records.write_now(smuggle)
        inner = node("integration", "inner", mode="workflow", workflow=kept.record.id)
        for document in (steal, workflow(inner)):
            told = await run_in(runtime, project_of(bob), document)
            assert told.status == "failed"
            assert "There is no credential" in told.view.record.error
        assert server.requests == []


async def test_a20_no_step_is_given_what_another_projects_credential_brought(tmp_path, bench):
    async with HttpServer() as server, studio(tmp_path, bench, server) as runtime:
        parts = runtime.studio.parts
        ann, bob = person(parts), person(parts, "bob@example.com")
        server.answers["/"] = Answer.of_text("for Ann's eyes")
        credential = await keep(runtime, ann, bearer(f"127.0.0.1:{server.port}"))
        fetch = workflow(http(server, credential) | {"cache": {"ttl_s": 3600}})
        first = await run_in(runtime, project_of(ann), fetch)
        again = await run_in(runtime, project_of(ann), fetch)
        assert (first.statuses["call"], again.statuses["call"]) == ("succeeded", "cached")
        other = await run_in(runtime, project_of(bob), fetch)
        assert (other.status, other.statuses["call"]) == ("failed", "failed")
        assert (await run(runtime, fetch)).status == "failed"
        assert len(server.requests) == 1


async def test_deleting_a_credential_ends_its_use_at_once(tmp_path, bench):
    async with HttpServer() as server, studio(tmp_path, bench, server) as runtime:
        ann = person(runtime.studio.parts)
        credential = await keep(runtime, ann, bearer(f"127.0.0.1:{server.port}"))
        server.answers["/"] = echo
        document = workflow(http(server, credential))
        assert (await run_in(runtime, project_of(ann), document)).status == "succeeded"
        await secrets_of(runtime).delete(ann, credential)
        assert (await run_in(runtime, project_of(ann), document)).status == "failed"


# Keys for models


ASK = workflow(node("ai", "ask", prompt="hello", model="test/model"))


@asynccontextmanager
async def models(folder, bench, instance_key, clock=None):
    """A process, and a provider that takes any key and remembers which it was given."""
    async with (
        FakeOpenRouter(key=None) as server,
        studio(
            folder,
            bench,
            clock=clock,
            openrouter_base_url=server.url,
            openrouter_api_key=instance_key,
        ) as runtime,
    ):
        yield server, runtime


def keys_of(server):
    return [request.headers["authorization"].removeprefix("Bearer ") for request in server.chats]


def openrouter(key):
    return NewOpenRouter(name=f"or {new_id()}", kind="openrouter", key=key)


async def test_each_projects_calls_are_made_with_its_own_key(tmp_path, bench):
    async with models(tmp_path, bench, INSTANCE_KEY) as (server, runtime):
        parts = runtime.studio.parts
        ann, bob = person(parts), person(parts, "bob@example.com")
        cyd = person(parts, "cyd@example.com")
        await keep(runtime, ann, openrouter(CANARY))
        await keep(runtime, bob, openrouter(OTHERS_KEY))
        for who in (ann, bob, cyd):
            told = await run_in(runtime, project_of(who), ASK)
            assert told.statuses == {"ask": "succeeded"}
        assert (await run(runtime, ASK)).status == "succeeded"
        assert keys_of(server) == [CANARY, OTHERS_KEY, INSTANCE_KEY, INSTANCE_KEY]
    assert_nowhere(tmp_path, told)


async def test_calls_with_a_projects_own_key_wait_for_their_turn_and_predictions_do_not(
    tmp_path, bench, clock
):
    async with models(tmp_path, bench, INSTANCE_KEY, clock) as (server, runtime):
        ann, bob = person(runtime.studio.parts), person(runtime.studio.parts, "bob@example.com")
        credential = await keep(runtime, ann, openrouter(CANARY))
        await runtime.studio.queue.rate(OPERATOR, "credential", credential, 1, 60)
        project = project_of(ann)
        for _ in range(3):
            await runtime.runs.predict(OPERATOR, ASK, {}, base_of_project(project))
        fresh = {"project_id": project, "use_cache": False}
        first = await create(runtime, ASK, **fresh)
        await carry(runtime, first)
        async with asyncio.TaskGroup() as group:
            second = group.create_task(carry(runtime, await create(runtime, ASK, **fresh)))
            await until(lambda: 60 in clock.slept)
            assert (await run_in(runtime, project_of(bob), ASK)).status == "succeeded"
            assert keys_of(server) == [CANARY, INSTANCE_KEY]
            clock.turn(60)
        assert second.result().status == "succeeded"
        assert keys_of(server) == [CANARY, INSTANCE_KEY, CANARY]


async def test_an_equal_question_is_answered_from_the_cache_of_the_own_project_alone(
    tmp_path, bench
):
    async with models(tmp_path, bench, INSTANCE_KEY) as (server, runtime):
        ann = person(runtime.studio.parts)
        bob = person(runtime.studio.parts, "bob@example.com")
        await keep(runtime, ann, openrouter(CANARY))
        server.answer(say("for Ann"), say("for Bob"))
        outputs = [(await run_in(runtime, project_of(who), ASK)).outputs for who in (ann, ann, bob)]
    assert [output["ask"]["text"] for output in outputs] == ["for Ann", "for Ann", "for Bob"]
    assert keys_of(server) == [CANARY, INSTANCE_KEY]


async def test_a_project_with_a_key_needs_none_of_the_instance(tmp_path, bench):
    async with models(tmp_path, bench, "") as (server, runtime):
        ann = person(runtime.studio.parts)
        await keep(runtime, ann, openrouter(CANARY))
        decide = node("decision", "sort", mode="classify", input="x", model="test/model")
        decide["config"]["classes"] = [
            {"port": "yes", "description": "y"},
            {"port": "no", "description": "n"},
        ]
        server.answer(say("fine"), say('{"class": "yes"}'))
        assert (await run_in(runtime, project_of(ann), ASK)).status == "succeeded"
        told = await run_in(runtime, project_of(ann), workflow(decide))
        assert told.status == "succeeded", told.view.record.error
        assert keys_of(server) == [CANARY, CANARY]


async def test_without_any_key_the_built_in_model_is_what_a_step_depends_on(tmp_path, bench):
    async with models(tmp_path, bench, "") as (_, runtime):
        ann = person(runtime.studio.parts)
        node_type = runtime.registry["ai"]
        config = node_type.parse({"prompt": "hello", "model": "test/model"})
        inside = RunInfo("r", runtime.clock.now(), project_id=project_of(ann))
        outside = RunInfo("r", runtime.clock.now())
        before = await node_type.depends_on(config, runtime.resources, inside)
        assert before.startswith("local/")
        await keep(runtime, ann, openrouter(CANARY))
        after = await node_type.depends_on(config, runtime.resources, inside)
        assert after == "test/model"
        assert (await node_type.depends_on(config, runtime.resources, outside)) == before


@pytest.mark.parametrize("status", [401, 402, 500])
async def test_a33_a_provider_that_repeats_a_projects_key_is_not_quoted(
    tmp_path, bench, status, caplog
):
    caplog.set_level("DEBUG", "flowstudio")
    async with models(tmp_path, bench, INSTANCE_KEY) as (server, runtime):
        ann = person(runtime.studio.parts)
        await keep(runtime, ann, openrouter(CANARY))
        server.handler = lambda _: fail(status, f"the key {CANARY} is bad")
        told = await run_in(runtime, project_of(ann), ASK)
    assert told.status == "failed"
    if status == 401:
        assert "OpenRouter key among the project's credentials" in told.view.record.error
    assert_nowhere(tmp_path, told, caplog.text)


async def test_a_prediction_counts_with_the_projects_key(tmp_path, bench):
    async with models(tmp_path, bench, "") as (server, runtime):
        server.models = [
            {
                "id": "test/model",
                "name": "Test",
                "pricing": {"prompt": "0.00001", "completion": "0.00002"},
            }
        ]
        ann = person(runtime.studio.parts)
        plan = runtime.runs.prepare(ASK).plan
        costs = runtime.runs._costs
        assert (await costs.predict(plan, {}, project_of(ann))).high_usd == 0
        await keep(runtime, ann, openrouter(CANARY))
        assert (await costs.predict(plan, {}, project_of(ann))).high_usd > 0
        assert (await costs.predict(plan, {})).high_usd == 0
