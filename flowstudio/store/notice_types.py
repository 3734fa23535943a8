"""What people are told of, and by which channels unless they choose others."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

#: What something sends; nothing else is offered for people to choose.
SentType = Literal[
    "run_failed",
    "run_waiting",
    "schedule_missed",
    "budget_near",
    "budget_reached",
    "invitation",
    "mention",
    "comment",
    "system",
]
NoticeType = SentType | Literal["like", "fork", "review", "purchase"]
Priority = Literal["low", "normal", "high", "urgent"]
MailPace = Literal["off", "now", "hourly", "daily"]

PRIORITIES: tuple[Priority, ...] = ("low", "normal", "high", "urgent")


@dataclass(frozen=True, slots=True)
class Channels:
    """By which ways somebody is told; the webhook only if they have set one up."""

    in_app: bool = True
    mail: MailPace = "now"
    webhook: bool = True


@dataclass(frozen=True, slots=True)
class TypeFacts:
    """A type of notification.

    Attributes:
        title: what lists and preferences call it.
        about: when it is sent, one sentence.
        priority: unless the notice says another.
        usual: the channels of who has chosen none.
    """

    title: str
    about: str
    priority: Priority = "normal"
    usual: Channels = Channels()


_QUIET = Channels(mail="off")
_DAILY = Channels(mail="daily")

TYPES: Mapping[NoticeType, TypeFacts] = MappingProxyType(
    {
        "run_waiting": TypeFacts(
            "Run waiting for you", "A run asks for your approval or an answer.", "high"
        ),
        "run_failed": TypeFacts("Run failed", "A run you started, or look after, has failed."),
        "schedule_missed": TypeFacts(
            "Schedule missed", "A run that was planned did not begin in time."
        ),
        "budget_near": TypeFacts(
            "Budget nearly used up", "A run has spent four fifths of what it may cost."
        ),
        "budget_reached": TypeFacts(
            "Budget reached", "A run was stopped because it would cost more than it may.", "high"
        ),
        "invitation": TypeFacts("Invitation", "Somebody asks you to join a project.", "high"),
        "mention": TypeFacts("Mention", "Somebody names you in a comment."),
        "comment": TypeFacts(
            "Comment",
            "Somebody comments on your workflow, or answers in a thread you take part in.",
            "low",
            Channels(mail="hourly"),
        ),
        "like": TypeFacts("Like", "Somebody likes what you have shared.", "low", _QUIET),
        "fork": TypeFacts("Fork", "Somebody works on from what you have shared.", "low", _QUIET),
        "review": TypeFacts("Review", "Somebody reviews what you offer.", "normal", _DAILY),
        "purchase": TypeFacts("Purchase", "Somebody buys what you offer, or you buy something."),
        "system": TypeFacts(
            "System",
            "Something about this installation, for its admins, or a refused key, for owners.",
            "high",
        ),
    }
)
OFFERED: Mapping[NoticeType, TypeFacts] = MappingProxyType(
    {name: facts for name, facts in TYPES.items() if name in get_args(SentType)}
)
