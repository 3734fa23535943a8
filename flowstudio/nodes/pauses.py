"""The modes of a task that take their time: waiting, and asking a person."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StrictBool, ValidationError, model_validator

from flowstudio.engine.contract import NodeContext, Wait
from flowstudio.errors import InvalidInputError, StepError
from flowstudio.graph.fields import JsonSchema, Templated, Text, shown
from flowstudio.graph.form_faults import describe
from flowstudio.graph.references import TEMPLATE_START
from flowstudio.graph.slots import SlotFault, path_text
from flowstudio.nodes.modes import Mode
from flowstudio.nodes.schemas import check_fields, object_schema_faults

LONGEST_S = 366 * 86_400
OnExpiry = Literal["reject", "fail", "escalate"]


class WaitFor(Mode, title="Wait"):
    """Waits for a while, or until a moment."""

    # What comes of it depends on the clock.
    purity = "read"

    mode: Literal["wait"]
    seconds: Annotated[float, Field(ge=0, le=LONGEST_S)] | Templated | None = Field(
        default=None,
        title="For",
        description="Give this, or a moment.",
        json_schema_extra=shown(key=True, unit="s"),
    )
    until: Text | None = Field(
        default=None,
        title="Until",
        description="A moment in ISO 8601; UTC unless it says so.",
        json_schema_extra=shown("moment"),
    )

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.seconds is None) == (self.until is None):
            message = "Give either seconds or until."
            raise ValueError(message)
        return self

    def line(self) -> str:
        """How long, or until when."""
        return f"until {self.until}" if self.seconds is None else f"{self.seconds} s"

    def faults(self) -> list[SlotFault]:
        """A moment that cannot be read."""
        if self.until is not None and TEMPLATE_START not in self.until:
            try:
                _moment(self.until)
            except StepError as error:
                return [SlotFault(("until",), str(error))]
        return []

    async def run(self, context: NodeContext) -> Any:
        """A timer; the output is the time it woke."""
        if self.until is not None:
            return Wait("timer", until=_moment(self.until))
        if isinstance(self.seconds, str):
            message = "'seconds' must be a number; it came out as text."
            raise StepError(message, retryable=False)
        return Wait("timer", until=context.clock.now() + timedelta(seconds=self.seconds or 0))


class Question(Mode):
    """Asks a person, and goes on with the answer."""

    # The answer comes from outside.
    purity = "read"
    card = "{message}"

    message: Text = Field(
        title="Message",
        description="What the person is asked.",
        json_schema_extra=shown(key=True, lines=3),
    )
    assignees: list[Text] = Field(
        default=[],
        title="Assignees",
        description="Who may answer, beside owners: e-mail addresses, or owner, editor or runner "
        "for everybody with that role; empty means anyone who may run this workflow.",
    )
    priority: Literal["normal", "high", "urgent"] = Field(
        default="high",
        title="Priority",
        description="Of the notification; an urgent one goes out at once, in quiet hours too.",
        json_schema_extra=shown(
            order=1, labels={"normal": "Normal", "high": "High", "urgent": "Urgent"}
        ),
    )
    expires_s: float | None = Field(
        default=None,
        gt=0,
        le=LONGEST_S,
        title="Expires after",
        description="Empty waits for as long as it takes.",
        json_schema_extra=shown(unit="s", order=1),
    )
    escalate_to: list[Text] = Field(
        default=[],
        title="Then ask",
        description="Who is asked too when nobody has answered for a while, or by its expiry; "
        "as in assignees.",
        json_schema_extra=shown(order=2),
    )
    escalate_after_s: float | None = Field(
        default=None,
        gt=0,
        le=LONGEST_S,
        title="Ask them after",
        description="How long the first ones have for themselves.",
        json_schema_extra=shown(unit="s", order=2),
    )

    on_expiry: OnExpiry = "fail"

    @model_validator(mode="after")
    def _asks_others_at_one_time(self) -> Self:
        if self.on_expiry == "escalate":
            if not self.escalate_to or self.expires_s is None:
                message = "on_expiry escalate needs expires_s and escalate_to."
                raise ValueError(message)
            if self.escalate_after_s is not None:
                message = (
                    "Leave escalate_after_s out: on_expiry escalate asks them after expires_s."
                )
                raise ValueError(message)
            return self
        if bool(self.escalate_to) != (self.escalate_after_s is not None):
            message = "Give both escalate_to and escalate_after_s, or neither."
            raise ValueError(message)
        if self.expires_s is not None and (self.escalate_after_s or 0) >= self.expires_s:
            message = "escalate_after_s must be less than expires_s."
            raise ValueError(message)
        return self

    def _ask(
        self,
        kind: Literal["approval", "form"],
        context: NodeContext,
        fields: Mapping[str, Any] | None = None,
    ) -> Wait:
        expires_s, escalate_after_s = self.expires_s, self.escalate_after_s
        if self.on_expiry == "escalate" and expires_s is not None:
            # One question with a longer life: what was mailed of it stays good for those it asked.
            expires_s, escalate_after_s = 2 * expires_s, expires_s
        return Wait(
            kind,
            _after(context, expires_s),
            self.message,
            fields,
            tuple(self.assignees),
            tuple(self.escalate_to),
            _after(context, escalate_after_s),
            self.priority,
        )


class Verdict(BaseModel):
    """A person's answer to an approval."""

    model_config = ConfigDict(extra="forbid")

    approved: StrictBool
    by: str = Field(default="", max_length=500)
    comment: str = Field(default="", max_length=20_000)


class Approval(Question, title="Ask for approval"):
    """Asks a person for a yes or no."""

    mode: Literal["approval"]
    on_expiry: OnExpiry = Field(
        default="reject",
        title="When nobody answers",
        description="reject: goes on as not approved; fail: the node fails; escalate: asks those "
        "of escalate_to too, waits once more for as long, then goes on as not approved.",
        json_schema_extra=shown(
            order=1,
            labels={
                "reject": "Go on as rejected",
                "fail": "Fail",
                "escalate": "Ask others, then reject",
            },
        ),
    )

    async def run(self, context: NodeContext) -> Any:
        """The question."""
        return self._ask("approval", context)

    def answered(self, answer: Mapping[str, Any]) -> Any:
        """`{"approved", "by", "comment"}`."""
        try:
            return Verdict.model_validate(dict(answer)).model_dump()
        except ValidationError as error:
            raise InvalidInputError(
                [f"'{path_text(bad['loc'])}': {describe(bad)}" for bad in error.errors()]
            ) from error

    def expired(self, at: datetime) -> Any:
        """A rejection by nobody, or a failure."""
        if self.on_expiry == "fail":
            raise _nobody(at)
        return Verdict(approved=False, comment="Nobody answered in time.").model_dump()


class Form(Question, title="Ask by a form"):
    """Asks a person to fill in a form."""

    mode: Literal["form"]
    fields: JsonSchema = Field(
        title="Fields", description="A JSON Schema object: one property per question."
    )
    on_expiry: OnExpiry = Field(
        default="fail",
        title="When nobody answers",
        description="reject: goes on with null; fail: the node fails; escalate: asks those of "
        "escalate_to too, waits once more for as long, then fails.",
        json_schema_extra=shown(
            order=1,
            labels={
                "reject": "Go on with null",
                "fail": "Fail",
                "escalate": "Ask others, then fail",
            },
        ),
    )

    def faults(self) -> list[SlotFault]:
        """A schema that is not valid, or describes no object."""
        return object_schema_faults(self.fields, "fields")

    async def run(self, context: NodeContext) -> Any:
        """The form."""
        return self._ask("form", context, self.fields)

    def answered(self, answer: Mapping[str, Any]) -> Any:
        """The answers, checked, with defaults filled in."""
        return check_fields(self.fields, answer, "field")

    def expired(self, at: datetime) -> Any:
        """Null, or a failure."""
        if self.on_expiry != "reject":
            raise _nobody(at)
        return None


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        message = f"{text[:60]!r} is not a moment in ISO 8601, such as 2030-01-31T09:00:00Z."
        raise StepError(message, retryable=False) from error


def _after(context: NodeContext, seconds: float | None) -> datetime | None:
    return None if seconds is None else context.clock.now() + timedelta(seconds=seconds)


def _nobody(at: datetime) -> StepError:
    message = f"Nobody answered by {at.isoformat(timespec='seconds')}."
    return StepError(message, retryable=False)
