"""What nodes last gave, when nodes that they read are called otherwise since."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from flowstudio.errors import FlowStudioError
from flowstudio.graph.document import Document, Node
from flowstudio.graph.operations import Operation, RenameNode
from flowstudio.graph.rename import rename_node
from flowstudio.graph.topology import Scope, containers_around, scopes_of
from flowstudio.services.draft_known import Registry, config_keys
from flowstudio.store.drafts import Settled

Keys = Mapping[str, tuple[str, str]]


def keys_of_renames(
    before: Document, after: Document, batch: Sequence[Operation], registry: Registry
) -> Keys:
    """Keys before and after the renames of a batch, by node id; whatever else it changes counts."""
    renames = {each.id for each in batch if isinstance(each, RenameNode)}
    if len(renames) == len(batch):
        return _between(before, after, registry)
    names = {node.id: node.name for node in after.nodes if node.id in renames}
    return _between(before, _renamed(before, names, registry), registry)


def reworded(
    settled: Iterable[Settled], ran: Document, now: Document, registry: Registry
) -> list[Settled]:
    """Last runs, with the keys that the configs which `ran` have since nodes are called otherwise.

    What was edited besides has another key all the same, and is stale.
    """
    names = {node.id: node.name for node in now.nodes}
    keys = _between(ran, _renamed(ran, names, registry), registry)
    return [
        _under(one, keys[one.row.node_id][1]) if one.row.node_id in keys else one for one in settled
    ]


def _under(settled: Settled, key: str) -> Settled:
    # A fingerprint is of the words, too.
    return replace(settled, row=replace(settled.row, config_key=key, fingerprint=""))


def _renamed(document: Document, names: Mapping[str, str], registry: Registry) -> Document:
    # Some have changed places, or mean something else by now; what reads those is stale.
    with suppress(FlowStudioError):
        for node in document.nodes:
            if (name := names.get(node.id, node.name)) != node.name:
                document = rename_node(document, node.id, name, registry)
    return document


def _between(before: Document, after: Document, registry: Registry) -> Keys:
    """Keys before and after renames, of nodes whose output is the same all the same."""
    if after is before:
        return {}
    old, new = config_keys(before, registry), config_keys(after, registry)
    otherwise = _naming(before, after, registry)
    return {
        node_id: (old[node_id], key)
        for node_id, key in new.items()
        if key != old[node_id] and node_id not in otherwise
    }


def _naming(before: Document, after: Document, registry: Registry) -> set[str]:
    """Ids of containers whose output says names that were changed."""
    nodes, scopes = {node.id: node for node in before.nodes}, scopes_of(before)
    found: set[str] = set()
    for old, new in zip(before.nodes, after.nodes, strict=True):
        box = nodes.get(old.parent or "")
        if box is not None and old.name != new.name and _says(box, old, registry, scopes):
            found |= {box.id, *(around.id for around in containers_around(box, nodes))}
    return found


def _says(box: Node, node: Node, registry: Registry, scopes: Mapping[str, Scope]) -> bool:
    if box.type in registry and not registry[box.type].loops:
        return True
    exits = scopes[box.id].exits()
    return len(exits) > 1 and node in exits
