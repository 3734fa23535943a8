"""Runs of the editor that end after nodes which they read were renamed."""

from collections.abc import Iterable
from dataclasses import replace

from flowstudio.errors import FlowStudioError
from flowstudio.graph.document import Document
from flowstudio.graph.rename import rename_node
from flowstudio.services.draft_known import Registry, config_keys
from flowstudio.store.drafts import Settled


def reworded(
    settled: Iterable[Settled], ran: Document, now: Document, registry: Registry
) -> list[Settled]:
    """Last runs, with the keys that the configs which `ran` have since they are worded otherwise.

    What was edited besides has another key all the same, and is stale.
    """
    rows, names = list(settled), {node.id: node.name for node in now.nodes}
    document = ran
    try:
        for node in ran.nodes:
            if (name := names.get(node.id, node.name)) != node.name:
                document = rename_node(document, node.id, name, registry)
    except FlowStudioError:
        # Names have changed places, or mean something else by now.
        return rows
    if document is ran:
        return rows
    before, after = (config_keys(each, registry) for each in (ran, document))
    return [
        one if after[one.row.node_id] == before[one.row.node_id] else _under(one, after)
        for one in rows
    ]


def _under(settled: Settled, keys: dict[str, str]) -> Settled:
    # A fingerprint is of the words, too.
    row = replace(settled.row, config_key=keys[settled.row.node_id], fingerprint="")
    return replace(settled, row=row)
