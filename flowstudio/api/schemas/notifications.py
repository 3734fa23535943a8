"""What the routes of notifications take and give."""

from datetime import datetime
from typing import Literal

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from flowstudio.api.schemas.base import Input, Output
from flowstudio.api.schemas.workflows import ID, WHEN
from flowstudio.services.notification_settings import OFFERED, MailPace, Preferences

_EXAMPLE: JsonDict = {
    "id": ID,
    "type": "run_waiting",
    "priority": "high",
    "title": "“Pay bills” asks for your approval",
    "body": "Pay 3 bills of 120 €?",
    "link": f"/runs/{ID}",
    "project_id": ID,
    "workflow_id": ID,
    "run_id": ID,
    "path": "ask",
    "created_at": WHEN,
    "read_at": None,
    "archived_at": None,
    "answered_by": "",
    "answered_at": None,
}


def _example(value: JsonDict) -> ConfigDict:
    return ConfigDict(extra="forbid", frozen=True, json_schema_extra={"example": value})


class NotificationOut(Output):
    """One thing the caller was told."""

    model_config = ConfigDict(
        from_attributes=True, frozen=True, json_schema_extra={"example": _EXAMPLE}
    )

    id: str
    type: str
    priority: Literal["low", "normal", "high", "urgent"]
    title: str
    body: str
    link: str = Field(description="A path within this site, or empty.")
    project_id: str
    workflow_id: str
    run_id: str
    path: str = Field(description="Of the step that waits for an answer, or empty.")
    created_at: datetime
    read_at: datetime | None
    archived_at: datetime | None
    answered_by: str = Field(description="Who has answered what it asks, or empty.")
    answered_at: datetime | None


class CountOut(Output):
    """How many the caller has not seen."""

    unread: int = Field(ge=0, description="Counting ends at 100.")


class MarkIn(Input):
    """Which, and what to do with them."""

    model_config = _example({"ids": [ID], "change": "read"})

    ids: list[str] = Field(min_length=1, max_length=200)
    change: Literal["read", "unread", "archive", "unarchive"]


class ChannelsIn(Input):
    """By which channels one type is told."""

    model_config = _example({"in_app": True, "mail": "daily", "webhook": False})

    in_app: bool
    mail: MailPace = Field(description="off, at once, or gathered by the hour or the day.")
    webhook: bool


class QuietIn(Input):
    """A time of day between which nothing but what is urgent goes out; both empty for none."""

    model_config = _example({"from": "22:00", "until": "07:00", "zone": "Europe/Berlin"})

    begins: str = Field(alias="from", max_length=5)
    ends: str = Field(alias="until", max_length=5)
    zone: str = Field(max_length=64)


class MuteIn(Input):
    """A workflow, a type, or a type of one workflow; empty stands for all."""

    model_config = _example({"workflow_id": ID, "type": "comment"})

    workflow_id: str = Field("", max_length=100)
    type: str = Field("", max_length=20)


class NoticeWebhookIn(Input):
    """Where to post."""

    model_config = _example({"url": "https://example.com/flowstudio"})

    url: str = Field(min_length=1, max_length=2_000)


class NoticeWebhookOut(Output):
    """A webhook that was set up."""

    url: str
    secret: str = Field(description="Signs each message, by standardwebhooks.com. Shown once.")


class TypeOut(Output):
    """A type, and by which channels the caller hears of it."""

    type: str
    title: str
    about: str
    in_app: bool
    mail: MailPace
    webhook: bool


class QuietOut(Output):
    """Quiet hours; empty times for none."""

    model_config = ConfigDict(from_attributes=True, frozen=True, populate_by_name=True)

    begins: str = Field(alias="from")
    ends: str = Field(alias="until")
    zone: str


class MuteOut(Output):
    """What is muted."""

    workflow_id: str
    type: str
    workflow: str = Field(description="Its name, or empty.")


class FailedDeliveryOut(Output):
    """A notification that did not arrive by one channel."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    channel: Literal["mail", "webhook"]
    title: str = Field(description="Of the notification.")
    at: datetime = Field(description="Of the last attempt.")
    problem: str
    attempts: int
    next_at: datetime | None = Field(description="Of the next attempt; null: it was given up.")


class PreferencesOut(Output):
    """Everything the caller has chosen, and what did not reach them."""

    types: list[TypeOut]
    quiet: QuietOut
    mutes: list[MuteOut]
    webhook_url: str
    failures: list[FailedDeliveryOut] = Field(
        description="The latest, since one last arrived by the same channel."
    )

    @classmethod
    def of(cls, found: Preferences) -> "PreferencesOut":
        """Preferences as the service gives them; types that nothing sends are left out."""
        types = [
            TypeOut(
                type=name,
                title=facts.title,
                about=facts.about,
                in_app=found.channels[name].in_app,
                mail=found.channels[name].mail,
                webhook=found.channels[name].webhook,
            )
            for name, facts in OFFERED.items()
        ]
        quiet = QuietOut(begins=found.quiet.begins, ends=found.quiet.ends, zone=found.quiet.zone)
        mutes = [MuteOut.model_validate(mute) for mute in found.mutes]
        return cls(
            types=types,
            quiet=quiet,
            mutes=mutes,
            webhook_url=found.webhook_url,
            failures=[FailedDeliveryOut.model_validate(each) for each in found.failures],
        )


class AssignIn(Input):
    """Whom to ask instead."""

    model_config = _example({"path": "ask", "user_id": ID})

    path: str = Field(min_length=1, max_length=500, description="Of the step that waits.")
    user_id: str = Field(min_length=1, max_length=100)
