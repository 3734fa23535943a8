"""What a step's output depends on, as one hash: same fingerprint, same output."""

from collections.abc import Iterable, Mapping
from typing import Any

from flowstudio.graph.canonical import dump, hash_value, load
from flowstudio.graph.document import Document, Node
from flowstudio.graph.references import Path
from flowstudio.graph.slots import Slot


def fingerprint(
    node_type: str,
    version: int,
    config: Any,
    reads: Mapping[str, str],
    credential: str | None = None,
    salt: str = "",
) -> str:
    """Hash of everything a step's output depends on; name, place and notes are not among it.

    Args:
        node_type: the type's word in documents.
        version: of the type's handler.
        config: the raw config as JSON values, templates not filled in.
        reads: content hashes of the values it really reads, by `read_hashes`.
        credential: id of the credential it uses, never the secret.
        salt: keeps apart what is equal otherwise, such as the same step of two projects.
    """
    parts = [node_type, version, config, reads, credential or "", salt]
    return hash_value(parts)


def config_key(node: Node) -> str:
    """Hash of a node's type and config: under it the node's earlier costs are found."""
    return hash_value([node.type, node.config])


def inside_key(document: Document, inside: Iterable[Node], *, configs: bool = True) -> str:
    """Hash of all that lives in a container and how it hangs together; places left out.

    Args:
        document: that the container stands in.
        inside: what lives in it, at any depth.
        configs: whether those count.
    """
    inside = tuple(inside)
    ids = {node.id for node in inside}
    left_out = {"position", "notes", "id"} | (set() if configs else {"config"})
    nodes = {node.id: node.model_dump(mode="json", exclude=left_out) for node in inside}
    wires = sorted(
        [edge.source, edge.source_port, edge.target]
        for edge in document.edges
        if edge.source in ids
    )
    return hash_value([nodes, wires])


def read_hashes(slots: Iterable[Slot], names: Mapping[str, Any]) -> dict[str, str]:
    """Content hashes of the values that expressions read, by the path they are read at.

    A path that leads nowhere counts as its longest part that leads somewhere. Names that are not
    given, such as builtins and `item`, are left out.

    Args:
        slots: of one node.
        names: the values in scope.

    Raises:
        StepError: a value that is read cannot be written as JSON.
    """
    found: dict[str, str] = {}
    for path in {path for slot in slots for path in _reads(slot)}:
        root = path[0]
        if root not in names:
            continue
        reached, value = _walk(path, names[str(root)])
        # Keys as JSON, for a key may itself contain a dot; a name alone is plain.
        place = dump(reached).decode() if len(reached) > 1 else str(root)
        if place not in found:
            found[place] = hash_value(value)
    return found


def still_reads(reads: Mapping[str, str], names: Mapping[str, Any]) -> bool:
    """Whether all values that `read_hashes` found are the same today.

    Args:
        reads: what it found.
        names: the values in scope; one that is read and is not there counts as changed.
    """
    for place, known in reads.items():
        path = _path(place)
        root = str(path[0])
        if root not in names:
            return False
        reached, value = _walk(path, names[root])
        if reached != path or hash_value(value) != known:
            return False
    return True


def path_root(place: str) -> str:
    """The name at which a key of `read_hashes` begins."""
    return str(_path(place)[0])


def _path(place: str) -> Path:
    return tuple(load(place)) if place.startswith("[") else (place,)


def _reads(slot: Slot) -> Iterable[Path]:
    for expression in slot.expressions:
        for path in expression.reads:
            if path[0] not in slot.names:
                yield path


def _walk(path: Path, value: Any) -> tuple[Path, Any]:
    for depth, key in enumerate(path[1:], start=1):
        if not _has(value, key):
            return path[:depth], value
        value = value[key]
    return path, value


def _has(value: Any, key: str | int) -> bool:
    if isinstance(value, list):
        return isinstance(key, int) and -len(value) <= key < len(value)
    return isinstance(value, Mapping) and key in value
