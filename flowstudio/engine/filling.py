"""A step's config with its templates filled in, and the key its output is kept under."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from flowstudio.engine.execution import Execution
from flowstudio.engine.fold import OutputRef
from flowstudio.engine.names import Names
from flowstudio.engine.plan import PlannedNode
from flowstudio.graph.document import CacheFor
from flowstudio.graph.fingerprint import fingerprint, read_hashes
from flowstudio.graph.slots import fill


class Filled(NamedTuple):
    """A config with its templates filled in, and the names they read."""

    config: Any
    raw: Mapping[str, Any]
    names: Mapping[str, Any]


async def fill_in(
    planned: PlannedNode, names: Names, execution: Execution, kept: OutputRef | None
) -> Filled:
    """Fill in a node's config, or take the one kept from when its container began.

    Raises:
        ExpressionError: a template failed.
        pydantic.ValidationError: what came out does not fit the config.
    """
    loaded = await names.load(planned.needs, execution.values) if planned.needs else {}
    if kept is not None:
        raw = await execution.values.get(kept)
        return Filled(planned.type.parse(raw), raw, loaded)
    if not planned.templates:
        return Filled(planned.config, planned.raw, loaded)
    paths, templates = zip(*planned.templates, strict=True)
    values = await execution.evaluator.resolve(templates, loaded)
    raw = fill(planned.raw, dict(zip(paths, values, strict=True)))
    return Filled(planned.type.parse(raw), raw, loaded)


def cache_key(planned: PlannedNode, filled: Filled, execution: Execution) -> str | None:
    """The fingerprint of a step whose output is worth keeping, else None."""
    node_type, cache = planned.type, planned.node.cache
    if node_type.container or cache == "off" or execution.plan.document.settings.cache == "off":
        return None
    if node_type.purity(filled.config) == "write":
        return None
    if not isinstance(cache, CacheFor) and not node_type.is_worth_caching(filled.config):
        return None
    reads = dict(read_hashes(planned.slots, filled.names))
    if (more := node_type.depends_on(filled.config, execution.parts.resources)) is not None:
        reads["@depends_on"] = more
    raw = planned.raw
    return fingerprint(node_type.type, node_type.version, raw, reads, raw.get("credential"))
