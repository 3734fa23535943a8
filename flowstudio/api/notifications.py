"""One's own notifications, and how one wants to be told."""

from typing import Annotated, Literal

from fastapi import Query

from flowstudio.api.deps import CurrentActor, CurrentStudio
from flowstudio.api.problems import responses
from flowstudio.api.routing import new_router, verb
from flowstudio.api.schemas.base import After, Id, Limit, PageOut, page_out
from flowstudio.api.schemas.notifications import (
    AssignIn,
    ChannelsIn,
    CountOut,
    MarkIn,
    MuteIn,
    NoticeWebhookIn,
    NoticeWebhookOut,
    NotificationOut,
    PreferencesOut,
    QuietIn,
)
from flowstudio.services.access import Actor
from flowstudio.services.notification_settings import (
    Channels,
    Mute,
    NoticeType,
    QuietHours,
    SentType,
)
from flowstudio.services.notifications import NotificationQuery
from flowstudio.services.studio import Studio

router = new_router("notifications")


@router.get(
    "/notifications",
    operation_id="notification_list",
    summary="List notifications",
    openapi_extra=verb("notification.read"),
)
async def list_notifications(  # noqa: PLR0913 - what a list can be asked for
    actor: CurrentActor,
    studio: CurrentStudio,
    show: Annotated[
        Literal["inbox", "unread", "archived"], Query(description="The inbox has no archived ones.")
    ] = "inbox",
    type: Annotated[SentType | None, Query()] = None,  # noqa: A002 - the parameter's name
    workflow_id: Annotated[str, Query(max_length=100)] = "",
    limit: Limit = 50,
    after: After = None,
) -> PageOut[NotificationOut]:
    """One's own, the latest first."""
    query = NotificationQuery(show, (type,) if type else (), workflow_id)
    page = await studio.notifications.list_notifications(actor, query, limit=limit, after=after)
    return page_out(NotificationOut, page)


@router.get(
    "/notifications/count",
    operation_id="notification_count",
    summary="Count what was not seen",
    openapi_extra=verb("notification.read"),
)
async def count_notifications(actor: CurrentActor, studio: CurrentStudio) -> CountOut:
    """What the bell shows."""
    return CountOut(unread=await studio.notifications.count(actor))


@router.post(
    "/notifications/mark",
    operation_id="notification_mark",
    summary="Mark some as read, or put them away",
    status_code=204,
    responses=responses(404, 422),
    openapi_extra=verb("notification.edit"),
)
async def mark_notifications(body: MarkIn, actor: CurrentActor, studio: CurrentStudio) -> None:
    """All of them, or none when one is not there."""
    await studio.notifications.change(actor, body.ids, body.change)


@router.post(
    "/notifications/read-all",
    operation_id="notification_read_all",
    summary="Mark all as read",
    status_code=204,
    openapi_extra=verb("notification.edit"),
)
async def read_all(actor: CurrentActor, studio: CurrentStudio) -> None:
    """Nothing is new any more."""
    await studio.notifications.read_all(actor)


@router.post(
    "/notifications/archive-read",
    operation_id="notification_archive_read",
    summary="Put away all that was read",
    status_code=204,
    openapi_extra=verb("notification.edit"),
)
async def archive_read(actor: CurrentActor, studio: CurrentStudio) -> None:
    """What is new stays in the inbox."""
    await studio.notifications.archive_read(actor)


@router.get(
    "/notifications/preferences",
    operation_id="notification_preferences",
    summary="Read how one is told",
    openapi_extra=verb("notification.read"),
)
async def get_preferences(actor: CurrentActor, studio: CurrentStudio) -> PreferencesOut:
    """Channels by type, quiet hours, what is muted, where the webhook goes, and what failed."""
    return await _preferences(actor, studio)


@router.put(
    "/notifications/preferences/{notice_type}",
    operation_id="notification_choose",
    summary="Choose the channels of one type",
    responses=responses(422),
    openapi_extra=verb("notification.edit"),
)
async def choose_channels(
    notice_type: SentType, body: ChannelsIn, actor: CurrentActor, studio: CurrentStudio
) -> PreferencesOut:
    """By which ways the caller hears of it from now on."""
    channels = Channels(body.in_app, body.mail, body.webhook)
    chosen: dict[NoticeType, Channels] = {notice_type: channels}
    await studio.notification_settings.choose(actor, chosen)
    return await _preferences(actor, studio)


@router.put(
    "/notifications/quiet-hours",
    operation_id="notification_quiet",
    summary="Choose quiet hours",
    responses=responses(422),
    openapi_extra=verb("notification.edit"),
)
async def keep_quiet(body: QuietIn, actor: CurrentActor, studio: CurrentStudio) -> PreferencesOut:
    """Mail and webhooks wait for their end, but for what is urgent."""
    quiet = QuietHours(body.begins, body.ends, body.zone)
    await studio.notification_settings.keep_quiet(actor, quiet)
    return await _preferences(actor, studio)


@router.post(
    "/notifications/mutes",
    operation_id="notification_mute",
    summary="Hear no more of something",
    responses=responses(404, 422),
    openapi_extra=verb("notification.edit"),
)
async def mute(body: MuteIn, actor: CurrentActor, studio: CurrentStudio) -> PreferencesOut:
    """Of a workflow, of a type, or of a type of one workflow."""
    muted = Mute(body.workflow_id, body.type)
    await studio.notification_settings.mute(actor, muted, is_muted=True)
    return await _preferences(actor, studio)


@router.post(
    "/notifications/mutes/remove",
    operation_id="notification_unmute",
    summary="Hear of something again",
    responses=responses(422),
    openapi_extra=verb("notification.edit"),
)
async def unmute(body: MuteIn, actor: CurrentActor, studio: CurrentStudio) -> PreferencesOut:
    """As it was muted."""
    muted = Mute(body.workflow_id, body.type)
    await studio.notification_settings.mute(actor, muted, is_muted=False)
    return await _preferences(actor, studio)


@router.post(
    "/notifications/test",
    operation_id="notification_test",
    summary="Send oneself a test notice",
    status_code=202,
    responses=responses(429),
    openapi_extra=verb("notification.edit"),
)
async def send_test(actor: CurrentActor, studio: CurrentStudio) -> None:
    """By every channel there is, now, whatever is chosen; once a minute."""
    await studio.notification_settings.test(actor)


@router.put(
    "/notifications/webhook",
    operation_id="notification_webhook",
    summary="Have notifications posted somewhere",
    responses=responses(422),
    openapi_extra=verb("notification.edit"),
)
async def set_webhook(
    body: NoticeWebhookIn, actor: CurrentActor, studio: CurrentStudio
) -> NoticeWebhookOut:
    """Signed with a new secret, which is shown this once."""
    made = await studio.notification_settings.set_webhook(actor, body.url)
    return NoticeWebhookOut(url=made.url, secret=made.secret)


@router.delete(
    "/notifications/webhook",
    operation_id="notification_webhook_delete",
    summary="Post notifications nowhere",
    status_code=204,
    openapi_extra=verb("notification.edit"),
)
async def remove_webhook(actor: CurrentActor, studio: CurrentStudio) -> None:
    """What is on its way is dropped."""
    await studio.notification_settings.remove_webhook(actor)


@router.post(
    "/runs/{run_id}/assign",
    operation_id="run_assign",
    summary="Hand a question on to another member",
    status_code=204,
    responses=responses(404, 409, 422),
    openapi_extra=verb("run.assign"),
)
async def assign(run_id: Id, body: AssignIn, actor: CurrentActor, studio: CurrentStudio) -> None:
    """They are told, and asked in place of those who were."""
    await studio.questions.assign(actor, run_id, body.path, body.user_id)


async def _preferences(actor: Actor, studio: Studio) -> PreferencesOut:
    return PreferencesOut.of(await studio.notification_settings.look(actor))
