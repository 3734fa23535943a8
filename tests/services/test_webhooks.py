"""Making, changing and removing links; their secrets; who may."""

import pytest

from flowstudio.errors import AccessDeniedError, ConflictError, InvalidInputError, NotFoundError
from flowstudio.services.access import OPERATOR
from flowstudio.services.key_rotation import KeyRotation
from flowstudio.services.webhooks import WebhookWish
from flowstudio.store.tables.webhooks import WebhookRow
from tests.hooking import linked, made, published
from tests.people import person
from tests.projects import member


@pytest.fixture
def service(runtime):
    return runtime.studio.webhooks


@pytest.fixture
def owner(runtime):
    return person(runtime.studio.parts, "owner@example.com")


async def test_a_secret_is_shown_once_and_kept_sealed(runtime, service, owner):
    view = await linked(runtime, owner, auth="hmac")
    assert view.secret.startswith("whsec_")
    assert (await service.get(owner, view.record.id)).secret == ""
    assert view.secret.encode() not in runtime.settings.database_path.read_bytes()
    assert view.secret not in repr(view)


async def test_a_rotated_key_ring_opens_the_secrets_of_links(runtime, service, owner):
    await linked(runtime, owner, auth="hmac")
    rotation = await KeyRotation(runtime.studio.parts).rotate(OPERATOR, prune=True)
    assert rotation.credentials == 1
    view = (await service.list_webhooks(owner, await _workflow_of(runtime)))[0]
    assert view.trouble == ""


async def _workflow_of(runtime):
    rows = await runtime.parts.journal.query("SELECT workflow_id FROM webhook")
    return rows[0][0]


async def test_all_that_is_wrong_is_said_at_once(runtime, service, owner):
    workflow_id = await published(runtime, owner)
    wish = WebhookWish(
        " ", methods=("TRACE",), timeout_s=0, per_minute=0, per_day=0, auth_header="a b"
    )
    with pytest.raises(InvalidInputError) as caught:
        await service.create(owner, workflow_id, wish)
    assert len(caught.value.problems) == 6


async def test_a37_a_signed_link_is_not_switched_on_without_a_secret(runtime, service, owner):
    view = await linked(runtime, owner, auth="hmac", is_enabled=False)

    def forget(session):
        row = session.get_one(WebhookRow, view.record.id)
        row.sealed = None
        session.add(row)

    runtime.studio.parts.records.write_now(forget)
    with pytest.raises(ConflictError):
        await service.update(owner, view.record.id, is_enabled=True)
    await service.rotate(owner, view.record.id)
    assert (await service.update(owner, view.record.id, is_enabled=True)).record.is_enabled


async def test_a_link_that_is_to_be_signed_from_now_on_gets_a_secret(runtime, service, owner):
    view = await linked(runtime, owner)
    signing = await service.update(owner, view.record.id, auth="hmac")
    assert signing.secret.startswith("whsec_")
    plain = await service.update(owner, view.record.id, auth="none")
    assert (plain.secret, plain.record.has_secret) == ("", False)
    with pytest.raises(ConflictError):
        await service.rotate(owner, view.record.id)


async def test_a_form_is_open_and_has_its_own_methods(runtime, owner):
    view = await linked(runtime, owner, kind="form", auth="hmac", methods=("PUT",))
    assert (view.record.auth, view.record.methods) == ("none", ("GET", "POST"))
    assert "/f/" in view.url
    assert view.test_url == ""


async def test_viewers_see_links_but_not_the_addresses_that_run_them(runtime, service, owner):
    view = await linked(runtime, owner)
    viewer = member(runtime, "viewer", owner)
    seen = await service.list_webhooks(viewer, view.record.workflow_id)
    assert [(one.url, one.test_url) for one in seen] == [("", "")]
    for refused in (
        service.create(viewer, view.record.workflow_id, WebhookWish("x")),
        service.update(viewer, view.record.id, name="x"),
        service.rotate(viewer, view.record.id),
        service.delete(viewer, view.record.id),
    ):
        with pytest.raises(AccessDeniedError):
            await refused


async def test_links_of_others_are_not_there(runtime, service, owner):
    view = await linked(runtime, owner)
    stranger = person(runtime.studio.parts, "stranger@example.com")
    for refused in (
        service.list_webhooks(stranger, view.record.workflow_id),
        service.get(stranger, view.record.id),
        service.delete(stranger, view.record.id),
    ):
        with pytest.raises(NotFoundError):
            await refused


async def test_a_workflow_has_only_so_many_links(runtime, owner):
    workflow_id = await published(runtime, owner)
    for _ in range(50):
        await made(runtime, owner, workflow_id)
    with pytest.raises(ConflictError):
        await made(runtime, owner, workflow_id)


async def test_what_is_done_to_links_is_in_the_audit_log_without_their_secrets(
    runtime, service, owner
):
    view = await linked(runtime, owner, auth="header")
    await service.update(owner, view.record.id, name="Renamed")
    await service.rotate(owner, view.record.id)
    await service.delete(owner, view.record.id)
    rows = await runtime.parts.journal.query(
        "SELECT details FROM audit_entry WHERE verb='webhook.edit' ORDER BY seq"
    )
    told = " ".join(row[0] for row in rows)
    assert [word in told for word in ("create", "change", "rotate", "delete")] == [True] * 4
    assert view.secret not in told
    assert view.record.token not in told
