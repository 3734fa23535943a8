"""A step's config with its templates filled in, and the key its output is kept under."""

from flowstudio.engine.execution import Execution
from flowstudio.engine.fold import OutputRef
from flowstudio.engine.names import Names
from flowstudio.engine.plan import Filled, PlannedNode
from flowstudio.graph.fingerprint import fingerprint, read_hashes
from flowstudio.graph.slots import fill


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
        return planned.filled(planned.type.parse(raw), raw, loaded)
    if not planned.templates:
        return planned.filled(planned.config, planned.raw, loaded)
    paths, templates = zip(*planned.templates, strict=True)
    values = await execution.evaluator.resolve(templates, loaded)
    raw = fill(planned.raw, dict(zip(paths, values, strict=True)))
    return planned.filled(planned.type.parse(raw), raw, loaded)


async def cache_key(planned: PlannedNode, filled: Filled, execution: Execution) -> str:
    """The fingerprint of a step whose output is kept; no two projects share one."""
    node_type = planned.type
    reads = dict(read_hashes(planned.slots, filled.names))
    resources, run = execution.parts.resources, execution.info
    if (more := await node_type.depends_on(filled.config, resources, run)) is not None:
        reads["@depends_on"] = more
    raw = planned.raw
    credential = raw.get("credential")
    return fingerprint(
        node_type.type, node_type.version, raw, reads, credential, salt=run.project_id
    )
