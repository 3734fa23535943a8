"""Values of the names in scope of a preview, found when something reads them."""

import asyncio
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from flowstudio.engine.contract import Evaluator
from flowstudio.errors import ExpressionError
from flowstudio.graph.canonical import load
from flowstudio.graph.checks.subject import START
from flowstudio.graph.document import Node
from flowstudio.graph.references import (
    LOOP_NAMES,
    TEMPLATE_START,
    Path,
    Template,
    parse_template,
)
from flowstudio.graph.slots import fill
from flowstudio.nodes.inputs import inputs_schema
from flowstudio.nodes.schemas import with_defaults
from flowstudio.services.preview_scope import Place, Sight
from flowstudio.store import previews as store
from flowstudio.store.previews import SeenOutput
from flowstudio.store.records import Records

#: Outputs larger than this are not read for a preview.
LARGEST_READ = 8_000_000
#: Larger JSON is taken apart in a thread.
_LARGE = 200_000
_MOST_LOOPS = 20


@dataclass(frozen=True, slots=True)
class Item:
    """Where in a list a preview stands; `count` is the length of the list, 0 without one."""

    index: int = 0
    count: int = 0


class Values:
    """Values as one workflow's editor last saw them."""

    def __init__(
        self, records: Records, evaluator: Evaluator, sight: Sight, workflow_id: str, now: datetime
    ) -> None:
        self._records = records
        self._evaluator = evaluator
        self._sight = sight
        self._workflow_id = workflow_id
        self._now = now

    async def inputs(self) -> dict[str, Any]:
        """The draft's inputs, with the defaults of the start filled in."""
        find = partial(store.find_draft_inputs, workflow_id=self._workflow_id)
        body = await self._records.read(find)
        given = load(body) if body else {}
        schema = inputs_schema(self._sight.document)
        found = with_defaults(schema, given) if isinstance(given, dict) else {}
        return dict(found)

    async def seen(self, nodes: Collection[Node], largest: int) -> dict[str, SeenOutput]:
        """Outputs of nodes by their ids, as far as there are any."""
        ids = [node.id for node in nodes]
        return await self._records.read(
            partial(store.find_seen, workflow_id=self._workflow_id, node_ids=ids, largest=largest)
        )

    async def read(
        self, roots: Collection[str], place: Place, index: int, depth: int = 0
    ) -> tuple[dict[str, Any], Item]:
        """Values of those of the names that are in scope in a place.

        Raises:
            ExpressionError: a value is not there yet, or cannot be shown; says what would help.
        """
        found: dict[str, Any] = {}
        item = Item()
        if wanted := (LOOP_NAMES | place.names).intersection(roots):
            around, item = await self._around(place, wanted, index, depth)
            found |= around
        nodes = self._sight.visible(place)
        wanted_nodes = [nodes[name] for name in roots if name in nodes and name not in found]
        seen = await self.seen(wanted_nodes, LARGEST_READ)
        for node in wanted_nodes:
            found[node.name] = await self._output(node, seen.get(node.id))
        if "inputs" in roots:
            found["inputs"] = await self.inputs()
        if "run" in roots:
            found["run"] = {
                "id": "preview",
                "started_at": self._now.isoformat(),
                "trigger": "manual",
            }
        return found, item

    async def _output(self, node: Node, seen: SeenOutput | None) -> Any:
        if node.disabled:
            return None
        if seen is not None and seen.body is not None:
            return await decode(seen.body)
        if seen is not None and seen.size > LARGEST_READ:
            raise ExpressionError(
                f"The output of '{node.name}' has {seen.size:,} bytes; that is too large for a "
                "preview, but not for a run."
            )
        if node.type == START:
            return await self.inputs()
        if seen is not None and seen.error:
            raise ExpressionError(f"'{node.name}' failed, so it has no output: {seen.error}")
        raise ExpressionError(f"'{node.name}' has not run yet; run it to see a value here.")

    # What goes through a list

    async def _around(
        self, place: Place, wanted: Collection[str], index: int, depth: int
    ) -> tuple[dict[str, Any], Item]:
        if "steps" in wanted and "steps" in place.names:
            message = "'steps' gets its answers while the chain runs."
            raise ExpressionError(message)
        if place.each:
            items = await self._resolve(place.node.config.get(place.each), place, index, depth)
            return _at(items, index, f"'{place.each}'")
        if "previous" in place.names:
            return {"previous": None, "index": 0, "item": None}, Item()
        loop = self._sight.loop_around(place)
        if loop is None or depth >= _MOST_LOOPS:
            return {}, Item()
        return await self._turn(loop, index, depth)

    async def _turn(self, loop: Node, index: int, depth: int) -> tuple[dict[str, Any], Item]:
        config = loop.config
        before = Place(loop)
        if config.get("mode", "for_each") == "for_each":
            items = await self._resolve(config.get("items"), before, index, depth + 1)
            return _at(items, index, f"'items' of '{loop.name}'")
        if config["mode"] == "times":
            times = await self._resolve(config.get("times"), before, index, depth + 1)
            count = max(times, 0) if isinstance(times, int) else 0
            return _at(range(count), index, f"'times' of '{loop.name}'")
        return {"item": None, "index": 0, "previous": None}, Item()

    async def _resolve(self, value: Any, place: Place, index: int, depth: int) -> Any:
        """A config's value with its templates filled in."""
        found = list(_templates(value, ()))
        if not found:
            return value
        roots = {root for _, each in found for part in each.expressions for root in part.roots}
        outside = Place(place.node)
        names, _ = await self.read(roots, outside, index, depth + 1)
        resolved = await self._evaluator.resolve([each for _, each in found], names)
        filled = zip((path for path, _ in found), resolved, strict=True)
        return fill({"": value}, {("", *path): part for path, part in filled})[""]


def _at(items: Any, index: int, what: str) -> tuple[dict[str, Any], Item]:
    if not isinstance(items, list | range):
        raise ExpressionError(f"{what} does not give a list, so there is no item to show.")
    if not items:
        raise ExpressionError(f"{what} is empty, so there is no item to show.")
    index = min(index, len(items) - 1)
    return {"item": items[index], "index": index, "previous": None}, Item(index, len(items))


def _templates(value: Any, path: Path) -> Iterator[tuple[Path, Template]]:
    if isinstance(value, str):
        if TEMPLATE_START in value:
            yield path, parse_template(value)
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from _templates(part, (*path, key))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _templates(part, (*path, index))


async def decode(body: bytes) -> Any:
    """JSON taken apart, without holding up others when there is much of it."""
    return await asyncio.to_thread(load, body) if len(body) > _LARGE else load(body)
