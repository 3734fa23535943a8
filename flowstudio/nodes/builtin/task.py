"""The task node: shaping data, waiting, and asking a person, told apart by `mode`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from flowstudio.engine.contract import NodeContext, NodeType, Purity
from flowstudio.errors import ExpressionError, StepError
from flowstudio.graph.fields import ItemExpression, Text, Value, shown
from flowstudio.graph.references import parse_template
from flowstudio.graph.slots import SlotFault
from flowstudio.nodes import lists
from flowstudio.nodes.modes import Mode
from flowstudio.nodes.pauses import Approval, Form, WaitFor

Items = Annotated[Value, Field(description="A list, or a template that gives one.")]
PerItem = Annotated[
    ItemExpression,
    Field(description="An expression; sees item and index.", json_schema_extra=shown(each="items")),
]


class SetFields(Mode, title="Build an object"):
    """Builds an object."""

    mode: Literal["set"]
    fields: dict[str, Value] = Field(
        title="Fields",
        description="By name, a value or a template.",
        json_schema_extra=shown(key=True),
    )

    def line(self) -> str:
        """The names it sets."""
        return ", ".join(self.fields)[:80]

    async def run(self, context: NodeContext) -> Any:  # noqa: ARG002 - all is filled in already
        """The object."""
        return dict(self.fields)


class TextTemplate(Mode, title="Write text"):
    """Writes text."""

    card = "{text}"

    mode: Literal["template"]
    text: Text = Field(
        title="Text",
        description="Text with templates in double braces.",
        json_schema_extra=shown(key=True, lines=5),
    )

    async def run(self, context: NodeContext) -> Any:  # noqa: ARG002 - all is filled in already
        """The text."""
        return self.text


class ListMode(Mode):
    """Something done with the items of one list."""

    items: Items = Field(title="Items")

    def faults(self) -> list[SlotFault]:
        """Items that can never be a list."""
        return _list_faults(self.items, "items")

    async def _keyed(self, context: NodeContext, by: str) -> tuple[list[Any], list[Any]]:
        items = _as_list(self.items, "items")
        return items, await _keys(context, by, items)


class Filter(ListMode, title="Filter a list"):
    """Keeps the items for which something holds."""

    card = "where {where}"

    mode: Literal["filter"]
    where: PerItem = Field(title="Where", json_schema_extra=shown(key=True, each="items"))

    async def run(self, context: NodeContext) -> Any:
        """The items kept."""
        items, verdicts = await self._keyed(context, self.where)
        return [item for item, verdict in zip(items, verdicts, strict=True) if verdict]


class Sort(ListMode, title="Sort a list"):
    """Puts items in order."""

    card = "by {by}"

    mode: Literal["sort"]
    by: PerItem = Field(title="By", json_schema_extra=shown(key=True, each="items"))
    descending: bool = Field(default=False, title="Largest first")

    async def run(self, context: NodeContext) -> Any:
        """The items in order; those whose key is null come last."""
        items, keys = await self._keyed(context, self.by)
        return lists.sort(items, keys, descending=self.descending)


class Dedupe(ListMode, title="Drop duplicates"):
    """Drops items seen before."""

    card = "one for each {by}"

    mode: Literal["dedupe"]
    by: PerItem = Field(title="By", json_schema_extra=shown(key=True, each="items"))

    async def run(self, context: NodeContext) -> Any:
        """The first item of each key."""
        return lists.dedupe(*await self._keyed(context, self.by))


class Group(ListMode, title="Group a list"):
    """Sorts items into lists by a key."""

    card = "by {by}"

    mode: Literal["group"]
    by: PerItem = Field(title="By", json_schema_extra=shown(key=True, each="items"))

    async def run(self, context: NodeContext) -> Any:
        """Lists of items by key."""
        return lists.group(*await self._keyed(context, self.by))


class Join(Mode, title="Join two lists"):
    """Merges the objects of two lists."""

    card = "{how}: {left_key} = {right_key}"

    mode: Literal["join"]
    left: Items = Field(title="Left")
    right: Items = Field(title="Right")
    left_key: PerItem = Field(title="Left key", json_schema_extra=shown(each="left"))
    right_key: PerItem = Field(title="Right key", json_schema_extra=shown(each="right"))
    how: Literal["inner", "left"] = Field(
        default="inner",
        title="Keep",
        description="inner: only objects with a partner; left: all on the left.",
        json_schema_extra=shown(labels={"inner": "Pairs only", "left": "All on the left"}),
    )

    def faults(self) -> list[SlotFault]:
        """Sides that can never be a list."""
        return [*_list_faults(self.left, "left"), *_list_faults(self.right, "right")]

    async def run(self, context: NodeContext) -> Any:
        """Merged objects, the right one's fields winning."""
        left, right = _as_list(self.left, "left"), _as_list(self.right, "right")
        keys = (
            await _keys(context, self.left_key, left),
            await _keys(context, self.right_key, right),
        )
        return lists.join(left, right, keys, keep_left=self.how == "left")


AnyMode = (
    SetFields | TextTemplate | Filter | Sort | Dedupe | Group | Join | WaitFor | Approval | Form
)


class Task(NodeType[Any]):
    """Does one of the small things a workflow needs, by mode."""

    type = "task"
    title = "Task"
    summary = "Builds objects and text, works on lists, waits, or asks a person."
    category = "data"
    icon = "list-checks"
    config_type = Annotated[AnyMode, Field(discriminator="mode")]

    def faults(self, config: Mode) -> list[SlotFault]:
        """What is wrong beyond what the fields can say."""
        return config.faults()

    def purity(self, config: Mode) -> Purity:
        """Pauses depend on the clock or a person; the rest only on what it reads."""
        return config.purity

    def summarise(self, config: Mode) -> str:
        """One line for the node's card."""
        return config.line()

    async def run(self, config: Mode, context: NodeContext) -> Any:
        """Do what the mode says; a pause gives a `Wait`."""
        return await config.run(context)

    def answered(self, config: Mode, answer: Mapping[str, Any]) -> Any:
        """An approval's `{"approved", "by", "comment"}`, or a form's answers, checked."""
        return config.answered(answer)

    def expired(self, config: Mode, at: datetime) -> Any:
        """The time a wait ended; for a question, what its `on_expiry` says."""
        return config.expired(at)


def _list_faults(value: Any, place: str) -> list[SlotFault]:
    if isinstance(value, list):
        return []
    if isinstance(value, str):
        try:
            if parse_template(value).keeps_type:
                return []
        except ExpressionError:
            return []  # It is among the faults already.
    return [SlotFault((place,), "Give a list, or one template alone, such as {{ inputs.rows }}.")]


def _as_list(value: Any, place: str) -> list[Any]:
    if not isinstance(value, list):
        message = f"'{place}' must be a list; it came out as {type(value).__name__}."
        raise StepError(message, retryable=False)
    return value


async def _keys(context: NodeContext, by: str, items: list[Any]) -> list[Any]:
    return [key for (key,) in await context.evaluate_each([by], items)]
