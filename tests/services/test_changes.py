"""Several people change one workflow at once: one order, nothing acknowledged is lost."""

import asyncio

import pytest
from hypothesis import given, settings

from flowstudio.errors import AccessDeniedError, ConflictError, InvalidDocumentError, NotFoundError
from flowstudio.graph.document import Document
from flowstudio.graph.layout import laid_out
from flowstudio.graph.merging import merge
from flowstudio.graph.operations import OPERATIONS, apply_one
from flowstudio.nodes.registry import load_registry
from flowstudio.services.changes import Batch, ChangeService
from tests.builders import document, node, workflow
from tests.operations import BATCHES
from tests.people import person, project_of
from tests.projects import kept, member

REGISTRY = load_registry()
DRAFT = laid_out(
    workflow(
        node("start"),
        node("task", "greet", mode="template", text="Hello {{ inputs.name }}"),
        node("end", outputs={"text": "{{ greet }}"}),
        edges="start>greet>end",
    )
)


@pytest.fixture
def owner(runtime):
    return person(runtime.studio.parts, "owner@example.com")


@pytest.fixture
def changes(runtime):
    return runtime.studio.changes


def batch(*operations, client="one", number=1, base=1):
    return Batch(client, number, base, OPERATIONS.validate_python(list(operations)))


def text(value, node_id="greet"):
    return {"op": "set_config", "id": node_id, "path": ["text"], "value": value}


async def now(runtime, actor, workflow_id):
    return (await runtime.studio.workflows.get(actor, workflow_id)).document


def config_of(document, name):
    return next(each.config for each in document.nodes if each.name == name)


async def test_two_people_on_different_fields_both_win(runtime, changes, owner):
    draft = await kept(runtime, owner, DRAFT)
    await changes.submit(owner, draft, batch(text("Hi"), client="a"))
    await changes.submit(
        owner,
        draft,
        batch({"op": "update_node", "id": "greet", "changes": {"notes": "kind"}}, client="b"),
    )
    greet = next(n for n in (await now(runtime, owner, draft)).nodes if n.id == "greet")
    assert (greet.config["text"], greet.notes) == ("Hi", "kind")


async def test_on_the_same_field_the_last_wins(runtime, changes, owner):
    draft = await kept(runtime, owner, DRAFT)
    await changes.submit(owner, draft, batch(text("first"), client="a"))
    later = await changes.submit(owner, draft, batch(text("second"), client="b"))
    assert config_of(await now(runtime, owner, draft), "greet")["text"] == "second"
    assert (later.base_revision, later.revision) == (1, 3)


async def test_a_batch_sent_again_is_applied_once(runtime, changes, owner):
    draft = await kept(runtime, owner, DRAFT)
    add = {"op": "add_node", "node": node("task", "more", mode="template", text="")}
    first = await changes.submit(owner, draft, batch(add))
    again = await changes.submit(owner, draft, batch(add))
    assert again.revision == first.revision
    assert again.operations == first.operations
    assert len((await now(runtime, owner, draft)).nodes) == 4


async def test_a_batch_sent_again_is_told_what_of_it_was_refused(runtime, changes, owner):
    draft = await kept(runtime, owner, DRAFT)
    sent = batch(text("Hi"), {"op": "remove_node", "id": "gone"})
    first, again = [await changes.submit(owner, draft, sent) for _ in range(2)]
    assert first.refused == again.refused
    assert [index for index, _ in again.refused] == [1]


async def test_other_operations_under_a_number_that_was_used_are_refused(runtime, changes, owner):
    draft = await kept(runtime, owner, DRAFT)
    await changes.submit(owner, draft, batch(text("Hi")))
    with pytest.raises(ConflictError, match="under a new one"):
        await changes.submit(owner, draft, batch(text("Ho")))
    assert config_of(await now(runtime, owner, draft), "greet")["text"] == "Hi"


async def test_batches_hold_in_the_order_in_which_they_came(runtime, changes, owner):
    nodes = [node("task", f"n{index}", mode="template", text="{{ a }}") for index in range(300)]
    first = node("task", "a", mode="template", text="")
    draft = await kept(runtime, owner, Document.model_validate(document(first, *nodes)))
    batches = [batch({"op": "rename_node", "id": "a", "name": "b"}, client="slow")]
    batches += [batch(text(f"{index}", "n0"), client=f"c{index}") for index in range(5)]
    async with asyncio.TaskGroup() as group:
        told = [group.create_task(changes.submit(owner, draft, each)) for each in batches]
    assert [task.result().revision for task in told] == [2, 3, 4, 5, 6, 7]


async def test_an_operation_on_a_removed_node_is_refused_and_the_others_hold(
    runtime, changes, owner
):
    draft = await kept(runtime, owner, DRAFT)
    await changes.submit(owner, draft, batch({"op": "remove_node", "id": "greet"}, client="a"))
    notes = {"op": "update_node", "id": "start", "changes": {"notes": "kept"}}
    wire = {"id": "w", "source": "greet", "target": "end"}
    told = await changes.submit(
        owner, draft, batch(text("late"), {"op": "add_edge", "edge": wire}, notes, client="b")
    )
    assert [index for index, _ in told.refused] == [0, 1]
    assert [operation["op"] for operation in told.operations] == ["update_node"]


async def test_a_batch_of_which_nothing_fits_makes_no_revision(runtime, changes, owner):
    draft = await kept(runtime, owner, DRAFT)
    told = await changes.submit(owner, draft, batch(text("x", node_id="nobody")))
    assert (told.revision, told.operations) == (1, [])


async def test_a_rename_tells_everybody_the_places_it_rewrote(runtime, changes, owner):
    draft = await kept(runtime, owner, DRAFT)
    told = await changes.submit(
        owner, draft, batch({"op": "rename_node", "id": "greet", "name": "hello"})
    )
    assert [operation["op"] for operation in told.operations] == ["rename_node", "set_config"]
    assert told.operations[1]["value"] == {"text": "{{ hello }}"}


async def test_everybody_who_listens_hears_of_a_change(runtime, changes, owner):
    draft = await kept(runtime, owner, DRAFT)
    with runtime.studio.parts.channels.listen(f"workflow:{draft}") as listener:
        await changes.submit(owner, draft, batch(text("Hi")))
        heard = await listener.get()
    assert (heard["t"], heard["revision"], heard["client"]) == ("change", 2, "one")
    assert heard["operations"] == [text("Hi")]


async def test_an_editor_that_was_away_gets_what_it_missed_or_is_told_to_read_anew(
    runtime, changes, owner
):
    draft = await kept(runtime, owner, DRAFT)
    for number in range(3):
        await changes.submit(owner, draft, batch(text(str(number)), number=number))
    history = await changes.list_changes(owner, draft, 2)
    assert history.is_whole
    assert [change.revision for change in history.changes] == [3, 4]
    await runtime.studio.workflows.replace(owner, draft, DRAFT, 4)
    assert not (await changes.list_changes(owner, draft, 2)).is_whole


async def test_problems_and_faces_of_the_newest_revision_are_told(runtime, changes, owner):
    draft = await kept(runtime, owner, DRAFT)
    broken = await changes.submit(owner, draft, batch(text("{{ nobody.x }}")))
    with runtime.studio.parts.channels.listen(f"workflow:{draft}") as listener:
        await changes.look_over(owner, draft, broken.revision - 1)
        await changes.look_over(owner, draft, broken.revision)
        heard = await listener.get()
    assert heard["revision"] == broken.revision
    assert heard["problems"][0]["node"] == "greet"
    assert heard["faces"]["greet"]["outputs"] == ("out",)


async def test_a_face_is_told_again_once_another_process_has_told_it_otherwise(
    runtime, changes, owner
):
    draft = await kept(runtime, owner, DRAFT)
    there = ChangeService(changes._parts, changes._workflows, changes._drafts, changes._registry)
    with runtime.studio.parts.channels.listen(f"workflow:{draft}") as listener:
        for number, (process, said) in enumerate([(changes, "A"), (there, "B"), (changes, "A")]):
            change = await process.submit(owner, draft, batch(text(said), number=number))
            await process.look_over(owner, draft, change.revision)
        told = [await listener.get() for _ in range(9)]
    faces = [each["faces"] for each in told if each["t"] == "checked"]
    assert [each["greet"]["summary"] for each in faces] == ["A", "B", "A"]


async def test_only_editors_change_and_strangers_see_nothing(runtime, changes, owner):
    draft = await kept(runtime, owner, DRAFT)
    with pytest.raises(AccessDeniedError):
        await changes.submit(member(runtime, "runner", owner), draft, batch(text("x")))
    with pytest.raises(NotFoundError):
        await changes.submit(person(runtime.studio.parts, "x@example.com"), draft, batch(text("x")))
    assert (await changes.open(member(runtime, "viewer", owner), draft)).workflow.document == DRAFT


async def test_a20_a_foreign_credential_cannot_be_put_in(runtime, changes, owner):
    draft = await kept(runtime, owner, DRAFT)
    call = node("integration", "call", mode="http", url="https://a.test/", credential="foreign")
    with pytest.raises(InvalidDocumentError, match="no credential"):
        await changes.submit(owner, draft, batch({"op": "add_node", "node": call}))
    assert await now(runtime, owner, draft) == DRAFT
    assert project_of(owner)


async def test_a64_nobody_counts_on_under_somebody_elses_client(runtime, changes, owner):
    draft = await kept(runtime, owner, DRAFT)
    await changes.submit(owner, draft, batch(text("Mine"), client="heard", number=1))
    mallory = member(runtime, "editor", owner)
    for number in (1, 2):
        with pytest.raises(ConflictError, match="somebody else"):
            await changes.submit(mallory, draft, batch(text("x"), client="heard", number=number))
    mine = await changes.submit(owner, draft, batch(text("Still"), client="heard", number=2))
    assert mine.operations[0]["value"] == "Still"


async def test_a64_nobody_claims_to_have_seen_what_is_yet_to_come(runtime, changes, owner):
    draft = await kept(runtime, owner, DRAFT)
    change = await changes.submit(owner, draft, batch(text("Hi"), base=2**53))
    assert change.base_revision == 1


async def test_a_text_that_makes_the_document_too_large_is_refused_whole(runtime, changes, owner):
    draft = await kept(runtime, owner, DRAFT)
    with pytest.raises(InvalidDocumentError, match="at most 5,000,000"):
        await changes.submit(owner, draft, batch(text("x" * 5_000_000)))
    assert await now(runtime, owner, draft) == DRAFT


# Convergence


@given(BATCHES)
@settings(max_examples=60, deadline=None)
def test_a_copy_that_applies_what_was_applied_equals_the_original(batches):
    original = Document.model_validate(document(node("task", "a"), node("task", "b")))
    copy = original
    for operations in batches:
        merged = merge(original, OPERATIONS.validate_python(operations), REGISTRY)
        original = merged.document
        values = OPERATIONS.dump_python(merged.applied, mode="json") if merged.applied else []
        for operation in OPERATIONS.validate_python(values) if values else []:
            # The copy knows no node types, as a browser does not.
            copy = apply_one(copy, operation, {})
        assert copy == original
        assert len(merged.applied) + len(merged.refused) >= len(operations)


async def test_rows_of_a_map_stay_as_they_were_put(runtime, changes, owner):
    draft = await kept(runtime, owner, DRAFT)
    rows = {"zeta": "{{ greet }}", "alpha": "1", "mu": "2"}
    await changes.submit(
        owner, draft, batch({"op": "set_config", "id": "end", "path": ["outputs"], "value": rows})
    )
    stored = config_of(await now(runtime, owner, draft), "end")["outputs"]
    [change] = (await changes.list_changes(owner, draft, 1)).changes
    assert list(stored) == list(change.operations[0]["value"]) == ["zeta", "alpha", "mu"]


async def test_a_workflow_is_opened_as_it_is_by_then(runtime, changes, owner):
    draft = await kept(runtime, owner, DRAFT)
    for words in ("Hi {{ nobody }}", "Hi"):
        await changes.submit(owner, draft, batch(text(words), number=len(words)))
        opened = await changes.open(owner, draft)
        assert opened.faces["greet"].summary == words
        assert bool(opened.workflow.problems) == ("nobody" in words)
        assert (await changes.open(owner, draft)).workflow.problems == opened.workflow.problems
