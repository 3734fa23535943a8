"""What the inbox shows of a question."""

from dataclasses import dataclass, replace

from flowstudio.services.steps import WaitView
from flowstudio.ui.widgets import words
from flowstudio.ui.widgets.fields import Field, fields_of


@dataclass(frozen=True, slots=True)
class Question:
    """A question that is being answered in place; `id` is of its notification.

    Attributes:
        others: members it can be handed on to, `{"id", "name"}` each.
    """

    id: str
    run_id: str
    seq: int
    path: str
    kind: str
    message: str
    until: str
    fields: list[Field]
    others: list[dict[str, str]]

    def with_fields(self, fields: list[Field]) -> "Question":
        """The same with its fields as they were typed."""
        return replace(self, fields=fields)


def no_question() -> Question:
    """None is being answered."""
    return Question("", "", 0, "", "", "", "", [], [])


def question_of(
    key: str, run_id: str, path: str, waiting: WaitView, others: list[dict[str, str]]
) -> Question:
    """A question as it waits now."""
    return Question(
        id=key,
        run_id=run_id,
        seq=waiting.seq,
        path=path,
        kind=waiting.kind,
        message=waiting.message,
        until=words.moment(waiting.until) if waiting.until else "",
        fields=fields_of(waiting.fields or {}),
        others=others,
    )
