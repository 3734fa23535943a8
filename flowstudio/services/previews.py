"""Values of expressions while somebody writes them, over what the editor last saw."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any, Literal
from weakref import WeakValueDictionary

from flowstudio.engine.contract import Evaluator, NodeType
from flowstudio.errors import ExpressionError
from flowstudio.expressions.limits import Limits
from flowstudio.graph.document import Node
from flowstudio.graph.references import LOOP_NAMES, Expression, parse_expression, parse_template
from flowstudio.graph.schema_places import read_path
from flowstudio.graph.slots import refuse_braces
from flowstudio.nodes.inputs import inputs_schema
from flowstudio.services import cuts
from flowstudio.services.access import Actor
from flowstudio.services.cuts import TypeWord, type_word
from flowstudio.services.preview_scope import Place, Sight
from flowstudio.services.preview_values import Item, Values, decode
from flowstudio.services.studio_parts import StudioParts
from flowstudio.services.workflow_access import allowed_in
from flowstudio.store.previews import SeenOutput
from flowstudio.store.workflows import StoredWorkflow

#: Of one preview in its worker; a run gives an expression more.
PREVIEW_LIMITS = Limits(time_s=0.5, memory_mb=64)
#: Of one preview in all, waiting for a free worker included.
ANSWER_S = 5.0
#: Documents kept prepared, so that a keystroke does not read a large one again.
_KEPT = 8
#: Larger outputs give no sample.
_LARGEST_SAMPLE = 300_000
_BUSY = "Previews are busy now; the next change tries again."


@dataclass(frozen=True, slots=True)
class PreviewWish:
    """What is to be evaluated, and where.

    Attributes:
        path: of the field in the node's config, such as `cases[0].when`; "" for none.
        item_index: of the item that stands for all of a list; the last one counts if it has fewer.
    """

    node_id: str
    text: str
    kind: Literal["template", "expression"]
    path: str = ""
    item_index: int = 0


@dataclass(frozen=True, slots=True)
class Preview:
    """A value, shortened, or in words why there is none.

    Attributes:
        items: length of the list that `item` is taken from; 0 when nothing reads an item.
    """

    value: Any = None
    type: TypeWord | None = None
    error: str | None = None
    is_cut: bool = False
    items: int = 0
    item_index: int = 0


@dataclass(frozen=True, slots=True)
class ScopeName:
    """A name that expressions of a node may read.

    Attributes:
        kind: the type of the node it stands for, or `inputs`, `run`, `loop`.
        sample: its value as last seen, cut down.
        has_value: whether it has been seen.
        inner: visible only to what a container says of its inside.
    """

    name: str
    kind: str
    sample: Any = None
    has_value: bool = False
    inner: bool = False


class PreviewService:
    """Evaluates what editors write, in workers of its own that runs do not share."""

    def __init__(
        self, parts: StudioParts, evaluator: Evaluator, registry: Mapping[str, NodeType[Any]]
    ) -> None:
        self._parts = parts
        self._evaluator = evaluator
        self._registry = registry
        self._kept: OrderedDict[tuple[str, int], Sight] = OrderedDict()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._newest: dict[tuple[str, str, str], int] = {}
        self._tickets = count()

    async def preview(self, actor: Actor, workflow_id: str, wish: PreviewWish) -> Preview:
        """The value of a template or expression in a field of a node.

        Raises:
            NotFoundError: there is no such workflow or node.
        """
        found = await self._allowed(actor, "preview.make", workflow_id)
        sight = await self._sight(found)
        node = sight.node(wish.node_id)
        try:
            async with asyncio.timeout(ANSWER_S), self._turn(actor, workflow_id, wish):
                return await self._evaluate(self._values(sight, workflow_id), sight, node, wish)
        except TimeoutError:
            return Preview(error=_BUSY)
        except ExpressionError as error:
            return Preview(error=str(error))

    async def scope(self, actor: Actor, workflow_id: str, node_id: str) -> list[ScopeName]:
        """The names that expressions of a node may read, each with a sample of its value.

        Raises:
            NotFoundError: there is no such workflow or node.
        """
        found = await self._allowed(actor, "run.read", workflow_id)
        sight = await self._sight(found)
        node = sight.node(node_id)
        values = self._values(sight, workflow_id)
        outer = await asyncio.to_thread(sight.visible, Place(node))
        inner = await asyncio.to_thread(sight.visible, Place(node, inner=True))
        inputs = await _sample_inputs(sight, values)
        seen = await values.seen(list(inner.values()), _LARGEST_SAMPLE)
        names = [
            await _sample(each, seen.get(each.id), inputs, inner=each.name not in outer)
            for each in inner.values()
        ]
        return [*names, _known("inputs", "inputs", inputs), *await self._loop_names(values, node)]

    async def _loop_names(self, values: Values, node: Node) -> list[ScopeName]:
        run, _ = await values.read({"run"}, Place(node), 0)
        known = [_known("run", "run", run["run"])]
        try:
            around, _ = await values.read(LOOP_NAMES, Place(node), 0)
        except ExpressionError:
            # Inside a loop, but nothing to show yet.
            return [*known, *(ScopeName(name, "loop") for name in sorted(LOOP_NAMES))]
        return [*known, *(_known(name, "loop", around[name]) for name in sorted(around))]

    # Evaluating

    async def _evaluate(
        self, values: Values, sight: Sight, node: Node, wish: PreviewWish
    ) -> Preview:
        place = sight.place(node, read_path(wish.path))
        if wish.kind == "template":
            template = parse_template(wish.text)
            names, item = await values.read(_roots(template.expressions), place, wish.item_index)
            value = (await self._evaluator.resolve([template], names))[0]
        else:
            refuse_braces(wish.text)
            expression = parse_expression(wish.text)
            names, item = await values.read(_roots((expression,)), place, wish.item_index)
            value = (await self._evaluator.evaluate([wish.text], names))[0]
        return _shown(value, item)

    def _values(self, sight: Sight, workflow_id: str) -> Values:
        now = self._parts.clock.now()
        return Values(self._parts.records, self._evaluator, sight, workflow_id, now)

    @asynccontextmanager
    async def _turn(self, actor: Actor, workflow_id: str, wish: PreviewWish) -> AsyncIterator[None]:
        """One evaluation of a person at a time, so that nobody holds all workers.

        Of several that wait for the same field, only the newest is still wanted.
        """
        who = actor.id or actor.name
        field, ticket = (who, f"{workflow_id}/{wish.node_id}", wish.path), next(self._tickets)
        self._newest[field] = ticket
        lock = self._turns.setdefault(who, asyncio.Lock())
        try:
            async with lock:
                if self._newest.get(field) != ticket:
                    raise ExpressionError(_BUSY)
                yield
        finally:
            if self._newest.get(field) == ticket:
                del self._newest[field]

    # Finding

    async def _allowed(self, actor: Actor, verb: str, workflow_id: str) -> StoredWorkflow:
        return await self._parts.records.read(
            lambda session: allowed_in(session, actor, verb, workflow_id)
        )

    async def _sight(self, found: StoredWorkflow) -> Sight:
        key = (found.record.id, found.record.revision)
        sight = self._kept.get(key)
        if sight is None:
            read = self._parts.documents.read
            sight = await asyncio.to_thread(lambda: Sight(read(found), self._registry))
            self._kept[key] = sight
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return sight


def _roots(expressions: tuple[Expression, ...]) -> set[str]:
    return {root for expression in expressions for root in expression.roots}


def _shown(value: Any, item: Item) -> Preview:
    cut = cuts.for_preview()
    shown = cut.apply(value)
    return Preview(shown, type_word(value), None, cut.is_cut, item.count, item.index)


def _known(name: str, kind: str, value: Any) -> ScopeName:
    return ScopeName(name, kind, cuts.for_sample().apply(value), has_value=True)


async def _sample(node: Node, seen: SeenOutput | None, inputs: Any, *, inner: bool) -> ScopeName:
    if seen is not None and seen.body is not None:
        value = await decode(seen.body)
        return ScopeName(node.name, node.type, cuts.for_sample().apply(value), True, inner)
    if node.type == "start":
        return ScopeName(node.name, node.type, cuts.for_sample().apply(inputs), True, inner)
    return ScopeName(node.name, node.type, None, seen is not None and seen.size > 0, inner)


async def _sample_inputs(sight: Sight, values: Values) -> dict[str, Any]:
    # Names that were not given yet are in scope as well.
    declared = inputs_schema(sight.document).get("properties")
    names = declared if isinstance(declared, Mapping) else {}
    return dict.fromkeys(names) | await values.inputs()
