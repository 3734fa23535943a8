"""Where workflows stand: tags, folders, lists, and the trash."""

import pytest
from sqlmodel import col, update

from flowstudio.errors import (
    AccessDeniedError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    StaleRevisionError,
)
from flowstudio.graph.layout import laid_out
from flowstudio.services.access import OPERATOR
from flowstudio.services.workflow_access import channel_of
from flowstudio.services.workflows import RunWish, Shelf
from flowstudio.store.tables.workflows import WorkflowRow
from tests.builders import node, workflow
from tests.people import person, project_of
from tests.projects import kept, member

pytestmark = pytest.mark.usefixtures("either_database")

GREET = laid_out(
    workflow(node("start"), node("end", outputs={"x": "1"}), edges="start>end", name="Greet")
)
DAY_S = 86_400


def named(name: str):
    return GREET.model_copy(update={"name": name})


@pytest.fixture
def service(runtime):
    return runtime.studio.workflows


@pytest.fixture
def owner(runtime):
    return person(runtime.studio.parts, "owner@example.com")


@pytest.fixture
async def greet(runtime, owner):
    return await kept(runtime, owner, GREET)


async def names(service, actor, **shelf):
    found = await service.list_workflows(actor, Shelf(**shelf), sort="name", limit=200)
    return [record.name for record in found.items]


async def test_one_document_that_cannot_be_read_keeps_no_other_from_its_list(
    runtime, service, owner, greet
):
    broken = await kept(runtime, owner, named("Broken"))
    spoil = update(WorkflowRow).where(col(WorkflowRow.id) == broken).values(document=b"{}")
    runtime.studio.parts.records.write_now(lambda session: session.execute(spoil) and None)
    found = await service.list_workflows(owner, limit=200)
    assert {record.id for record in found.items} == {greet, broken}
    assert set(await service.get_many(owner, found.items)) == {greet}


# Tags


async def test_tags_are_tidied_and_kept_once_whatever_their_capitals(service, owner, greet):
    record = await service.set_tags(owner, greet, [" Daily  mail ", "daily MAIL", "", "ops"])
    assert record.tags == ("Daily mail", "ops")
    assert (await service.get(owner, greet)).record.tags == ("Daily mail", "ops")
    assert (await service.set_tags(owner, greet, [])).tags == ()


@pytest.mark.parametrize("tags", [["x" * 41], ["a\x00b"], [f"t{n}" for n in range(21)]])
async def test_what_is_no_tag_is_refused(service, owner, greet, tags):
    with pytest.raises(InvalidInputError, match="tags"):
        await service.set_tags(owner, greet, tags)


async def test_a_list_is_limited_to_tags_and_a_search_finds_them(runtime, service, owner):
    for name, tags in (("A", ["mail", "ops"]), ("B", ["Mail"]), ("C", []), ("mailer", [])):
        await service.set_tags(owner, await kept(runtime, owner, named(name)), tags)
    assert await names(service, owner, tags=("mail",)) == ["A", "B"]
    assert await names(service, owner, tags=("MAIL", "ops")) == ["A"]
    assert await names(service, owner, tags=("mai",)) == []
    assert await names(service, owner, search="mai") == ["A", "B", "mailer"]


@pytest.mark.parametrize("text", ["' OR 1=1--", '"]', "[", "%", "_", "\\"])
async def test_a28_a_tag_and_a_search_are_only_texts(service, owner, greet, text):
    await service.set_tags(owner, greet, ["mail"])
    assert await names(service, owner, tags=(text,)) == []
    assert await names(service, owner, search=text) == []
    await service.set_tags(owner, greet, [text])
    assert await names(service, owner, tags=(text,)) == ["Greet"]
    assert await names(service, owner, search=text) == ["Greet"]


async def test_names_are_sorted_as_people_read_them(runtime, service, owner):
    for name in ("beta", "Alpha", "Gamma", "alpha"):
        await kept(runtime, owner, named(name))
    found = await names(service, owner)
    assert [name.lower() for name in found] == ["alpha", "alpha", "beta", "gamma"]
    pages, after = [], None
    while True:
        page = await service.list_workflows(owner, sort="name", limit=1, after=after)
        pages += [record.name for record in page.items]
        if (after := page.next) is None:
            break
    assert pages == found


# Folders


async def test_a_folder_is_a_path_and_holds_those_below_it_too(runtime, service, owner):
    for name, folder in (("A", "Support/Mail"), ("B", "Support"), ("C", ""), ("D", "Supporters")):
        made = await kept(runtime, owner, named(name))
        await service.set_folder(owner, made, f" / {folder} //")
    assert await names(service, owner, folder="Support") == ["B"]
    assert await names(service, owner, folder="Support", below=True) == ["A", "B"]
    assert await names(service, owner, folder="") == ["C"]
    assert await names(service, owner, folder="", below=True) == ["A", "B", "C", "D"]
    labels = await service.labels(owner, project_of(owner))
    assert labels.folders == {"Support/Mail": 1, "Support": 1, "": 1, "Supporters": 1}


@pytest.mark.parametrize("folder", ["x" * 201, "a\nb\x00", "/".join("abcdefg")])
async def test_what_is_no_folder_is_refused(service, owner, greet, folder):
    with pytest.raises(InvalidInputError, match="folder"):
        await service.set_folder(owner, greet, folder)


async def test_a_folder_moves_with_what_is_in_it(runtime, service, owner):
    for name, folder in (("A", "Old/Mail"), ("B", "Old"), ("C", "Older")):
        await service.set_folder(owner, await kept(runtime, owner, named(name)), folder)
    project_id = project_of(owner)
    assert await service.move_folder(owner, project_id, "Old", "New/Home") == 2
    assert set((await service.labels(owner, project_id)).folders) == {
        "New/Home/Mail",
        "New/Home",
        "Older",
    }
    assert await service.move_folder(owner, project_id, "New/Home", "") == 2
    assert set((await service.labels(owner, project_id)).folders) == {"Mail", "", "Older"}


@pytest.mark.parametrize(("before", "after"), [("A", "A"), ("A", "A/B"), ("", "B"), ("/", "B")])
async def test_a_folder_does_not_move_into_itself(service, owner, before, after):
    with pytest.raises(InvalidInputError, match="outside"):
        await service.move_folder(owner, project_of(owner), before, after)


async def test_a_copy_stands_where_its_original_does(service, owner, greet):
    await service.set_folder(owner, greet, "Support")
    await service.set_tags(owner, greet, ["mail"])
    copy = (await service.duplicate(owner, greet)).record
    assert (copy.folder, copy.tags) == ("Support", ("mail",))


# The trash


async def test_what_is_in_the_trash_is_nowhere_else(service, owner, greet):
    await service.delete(owner, greet)
    for call in (
        service.get(owner, greet),
        service.run(owner, greet, RunWish({})),
        service.export(owner, greet),
        service.duplicate(owner, greet),
        service.replace(owner, greet, GREET, 1),
        service.set_tags(owner, greet, ["x"]),
        service.delete(owner, greet),
    ):
        with pytest.raises(NotFoundError):
            await call
    assert await names(service, owner) == []
    assert await names(service, owner, is_trash=True) == ["Greet"]
    assert (await service.labels(owner, project_of(owner))).folders == {}
    assert service.find_document(project_of(owner), "Greet") is None


async def test_a_workflow_comes_back_from_the_trash_as_it_was(service, owner, greet):
    await service.set_folder(owner, greet, "Support")
    await service.delete(owner, greet)
    record = await service.restore(owner, greet)
    assert (record.folder, record.revision, record.deleted_at) == ("Support", 1, None)
    assert (await service.get(owner, greet)).document == GREET
    with pytest.raises(ConflictError, match="not in the trash"):
        await service.restore(owner, greet)


async def test_a_workflow_is_removed_for_ever_from_the_trash_or_at_once(
    runtime, service, owner, greet
):
    other = await kept(runtime, owner, named("Other"))
    await service.delete(owner, greet)
    await service.delete(owner, greet, forever=True)
    await service.delete(owner, other, forever=True)
    assert await names(service, owner, is_trash=True) == []
    with pytest.raises(NotFoundError):
        await service.restore(owner, greet)


async def test_a_stale_deletion_for_ever_is_refused(service, owner, greet):
    with pytest.raises(StaleRevisionError):
        await service.delete(owner, greet, 7, forever=True)


async def test_whoever_has_it_open_is_told_that_it_went_to_the_trash(
    runtime, service, owner, greet
):
    with runtime.studio.parts.channels.listen(channel_of(greet)) as listener:
        await service.delete(owner, greet)
        assert (await listener.get())["t"] == "reload"


async def test_after_thirty_days_the_trash_is_emptied(timed, clock):
    owner, service = person(timed.studio.parts), timed.studio.workflows
    old = await kept(timed, owner, named("Old"))
    await service.delete(owner, old)
    clock.turn(20 * DAY_S)
    await service.delete(owner, await kept(timed, owner, named("New")))
    assert await service.purge(OPERATOR) == 0
    clock.turn(11 * DAY_S)
    assert await service.purge(OPERATOR) == 1
    assert await names(service, owner, is_trash=True) == ["New"]


async def test_a23_only_editors_label_trash_and_restore(runtime, service, owner, greet):
    project_id = project_of(owner)
    trashed = await kept(runtime, owner, named("Trashed"))
    await service.delete(owner, trashed)
    for role in ("viewer", "runner"):
        actor = member(runtime, role, owner)
        for call in (
            service.set_tags(actor, greet, ["x"]),
            service.set_folder(actor, greet, "x"),
            service.move_folder(actor, project_id, "a", "b"),
            service.delete(actor, greet),
            service.restore(actor, trashed),
            service.delete(actor, trashed, forever=True),
        ):
            with pytest.raises(AccessDeniedError):
                await call
        assert (await service.labels(actor, project_id)).folders == {"": 1}
    stranger = person(runtime.studio.parts, "stranger@example.com")
    for call in (service.labels(stranger, project_id), service.restore(stranger, trashed)):
        with pytest.raises(NotFoundError):
            await call
