"""A step's config with its templates filled in, and the key its output is kept under."""

from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple

from flowstudio.engine.execution import Execution
from flowstudio.engine.fold import OutputRef
from flowstudio.engine.names import Names
from flowstudio.engine.plan import Filled, PlannedNode
from flowstudio.errors import FlowStudioError
from flowstudio.graph.canonical import hash_value
from flowstudio.graph.fingerprint import fingerprint, inside_key, read_hashes
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


class Dependence(NamedTuple):
    """What a step's output depends on.

    Attributes:
        fingerprint: all of it.
        reads: content hashes of the values it reads, by `read_hashes`.
    """

    fingerprint: str
    reads: Mapping[str, str]


async def cache_key(planned: PlannedNode, filled: Filled, path: str, execution: Execution) -> str:
    """The fingerprint of a step whose output is kept; no two projects share one."""
    return await _key(planned, filled, path, execution, read_hashes(planned.slots, filled.names))


async def dependence(
    planned: PlannedNode, filled: Filled, path: str, names: Names, execution: Execution
) -> Dependence:
    """What a step of the editor's run depends on, all that lives in it included."""
    reads = read_hashes(planned.slots, filled.names)
    if planned.type.container:
        return await _of_container(planned, reads, path, names, execution)
    return Dependence(await _key(planned, filled, path, execution, reads), reads)


async def _key(
    planned: PlannedNode,
    filled: Filled,
    path: str,
    execution: Execution,
    found: Mapping[str, str],
) -> str:
    node_type, reads = planned.type, dict(found)
    resources, run = execution.parts.resources, execution.info
    if (more := await node_type.depends_on(filled.config, resources, run)) is not None:
        reads["@depends_on"] = more
    return fingerprint(
        node_type.type,
        node_type.version,
        planned.raw,
        reads,
        planned.raw.get("credential"),
        salt=_salt(path, execution),
    )


async def _of_container(
    planned: PlannedNode,
    own: Mapping[str, str],
    path: str,
    names: Names,
    execution: Execution,
) -> Dependence:
    document = execution.plan.document
    inside = [member.node for member in planned.members()]
    slots = [*planned.type.check(planned.node.config).slots]
    versions, more = {}, {}
    resources, run = execution.parts.resources, execution.info
    for member in planned.members():
        checked = member.type.check(member.node.config)
        slots.extend(checked.slots)
        versions[member.node.id] = member.type.version
        with suppress(FlowStudioError):
            more[member.node.id] = await member.type.depends_on(checked.config, resources, run)
    roots = {root for slot in slots for part in slot.expressions for root in part.roots}
    loaded = await names.load(roots - {node.name for node in inside}, execution.values)
    reads = {**read_hashes(slots, loaded), **own}
    whole = {"@inside": hash_value([inside_key(document, inside), versions, more])}
    kind, raw, salt = planned.type, planned.raw, _salt(path, execution)
    key = fingerprint(kind.type, kind.version, raw, reads | whole, salt=salt)
    return Dependence(key, reads)


def _salt(path: str, execution: Execution) -> str:
    project_id, draft = execution.info.project_id, execution.draft
    fresh = draft.salts.get(path.partition("/")[0]) if draft is not None else None
    return f"{project_id}/{fresh}" if fresh else project_id
