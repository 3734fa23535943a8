"""What the routes of webhooks and forms take and give."""

import json
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from flowstudio.api.schemas.base import Input, Output
from flowstudio.services.webhooks import METHODS, WebhookView, WebhookWish

Kind = Literal["webhook", "form"]
Auth = Literal["none", "header", "hmac"]
Respond = Literal["now", "end", "stream"]
Name = Annotated[str, Field(min_length=1, max_length=100)]
Header = Annotated[str, Field(max_length=100)]
Methods = Annotated[tuple[str, ...], Field(min_length=1, max_length=len(METHODS))]
Timeout = Annotated[float, Field(gt=0, le=300)]
PerMinute = Annotated[int, Field(ge=1, le=60_000)]
PerDay = Annotated[int, Field(ge=1, le=1_000_000)]


class WebhookIn(Input):
    """A new webhook or form."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"example": {"name": "Orders", "auth": "hmac", "respond": "end"}},
    )

    name: Name
    kind: Kind = Field("webhook", description="An address for programs, or a page for people.")
    auth: Auth = Field(
        "none",
        description="header: the secret comes in a header; hmac: signed after Standard Webhooks.",
    )
    auth_header: Header = Field("X-Webhook-Secret", description="With `header`: which one.")
    methods: Methods = Field(("POST",), description="GET, POST, PUT, PATCH or DELETE.")
    respond: Respond = Field(
        "now", description="now: 202 with the run's id; end: its outputs; stream: its events."
    )
    timeout_s: Timeout = Field(
        30,
        description="With `end`: then 504; with `stream`: then its event `timeout`. "
        "The run goes on.",
    )
    key_from: Header = Field(
        "Idempotency-Key",
        description="Where the deduplication key stands: the name of a header, or a path into a JSON"
        " body such as `body.order.id`. Requests with the same key get the same run. Or empty.",
    )
    per_minute: PerMinute = 600
    per_day: PerDay | None = None
    shows_outputs: bool = Field(
        default=False, description="Whether a form's last page shows what came out."
    )
    is_enabled: bool = True

    def wish(self) -> WebhookWish:
        """As the service takes it."""
        return WebhookWish(**dict(self))


class WebhookPatch(Input):
    """What changes; what is left out stays."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"example": {"is_enabled": False}}
    )

    name: Name | None = None
    auth: Auth | None = None
    auth_header: Header | None = None
    methods: Methods | None = None
    respond: Respond | None = None
    timeout_s: Timeout | None = None
    key_from: Header | None = None
    per_minute: PerMinute | None = None
    per_day: PerDay | None = Field(None, description="null: as many as the minutes allow.")
    shows_outputs: bool | None = None
    is_enabled: bool | None = None

    def changes(self) -> dict[str, Any]:
        """What was given; null changes nothing but the day's quota."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        return {
            name: value for name, value in given.items() if value is not None or name == "per_day"
        }


class WebhookOut(Output):
    """A webhook or form."""

    id: str
    workflow_id: str
    name: str
    kind: str
    auth: str
    auth_header: str
    methods: tuple[str, ...]
    respond: str
    timeout_s: float
    key_from: str
    per_minute: int
    per_day: int | None = None
    shows_outputs: bool
    is_enabled: bool
    has_secret: bool
    created_by: str | None = Field(description="Id of the person whose runs these are.")
    created_at: datetime
    updated_at: datetime
    url: str = Field(description="Empty for those who may not run the workflow.")
    test_url: str = Field(description="Runs the draft; forms have none.")
    trouble: str = Field(description="Why it runs nothing at the moment, or empty.")
    secret: str = Field("", description="Shown this once, when it was made; empty otherwise.")

    @classmethod
    def of(cls, view: WebhookView) -> "WebhookOut":
        """A webhook as the service gives it."""
        record = {
            name: getattr(view.record, name)
            for name in view.record.__slots__
            if name in cls.model_fields
        }
        return cls(
            **record,
            url=view.url,
            test_url=view.test_url,
            trouble=view.trouble,
            secret=view.secret,
        )


class WebhookListOut(Output):
    """All of a workflow."""

    items: list[WebhookOut]


def _pairs(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


Pairs = Annotated[list[tuple[str, str]], BeforeValidator(_pairs)]


class WebhookRequestOut(Output):
    """A request that came in, its secrets masked and its body cut."""

    id: str
    is_test: bool
    at: datetime
    method: str
    headers: Pairs
    query: Pairs
    body: str
    size: int = Field(description="Of the whole body, in bytes.")
    status: int
    detail: str = Field(description="Why it was refused, or empty.")
    run_id: str


class WebhookRequestsOut(Output):
    """The newest first; at most 20, and 20 of the test address."""

    items: list[WebhookRequestOut]
