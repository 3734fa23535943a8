"""What a node type's JSON Schema says of one place in a config."""

import re
from collections.abc import Mapping
from typing import Any

from flowstudio.graph.references import Path

_KEY = re.compile(r"\[(\d+)\]|([^.\[\]]+)")
_MOST_REFERENCES = 20


def read_path(text: str) -> Path:
    """The keys of a path as `path_text` writes it: `cases[0].when`."""
    return tuple(int(index) if index else name for index, name in _KEY.findall(text))


def schema_at(schema: Mapping[str, Any], config: Any, path: Path) -> Mapping[str, Any]:
    """The schema of a place; of what lies beyond it, where any value may stand.

    Args:
        schema: of the whole config.
        config: which of several ways a union goes; it need not be valid.
        path: keys and indexes from the config's root.
    """
    part = _follow(schema, schema)
    for key in path:
        part = _chosen(part, schema, config)
        below = _below(part, key)
        if below is None:
            return part
        part = _follow(below, schema)
        config = _child(config, key)
    return part


def _follow(part: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    for _ in range(_MOST_REFERENCES):
        reference = part.get("$ref")
        if not isinstance(reference, str):
            break
        target = root.get("$defs", {}).get(reference.rpartition("/")[2], {})
        part = {**target, **{name: value for name, value in part.items() if name != "$ref"}}
    return part


def _chosen(part: Mapping[str, Any], root: Mapping[str, Any], config: Any) -> Mapping[str, Any]:
    """The member of a union that this config goes by; of a list or a template, the list."""
    tag = part.get("discriminator", {}).get("propertyName")
    if tag is not None:
        members = [_follow(member, root) for member in part.get("oneOf", ())]
        wanted = config.get(tag) if isinstance(config, Mapping) else None
        for member in members:
            own = member["properties"][tag]
            if own.get("const") == (own.get("default") if wanted is None else wanted):
                return member
        return {}
    for member in part.get("anyOf", ()):
        if member.get("type") in ("object", "array") or "$ref" in member:
            return {**_follow(member, root), **part}
    return part


def _below(part: Mapping[str, Any], key: str | int) -> Mapping[str, Any] | None:
    below = part.get("items") if isinstance(key, int) else part.get("properties", {}).get(key)
    if below is None and not isinstance(key, int):
        below = part.get("additionalProperties")
    return below if isinstance(below, Mapping) else None


def _child(config: Any, key: str | int) -> Any:
    try:
        return config[key]
    except (KeyError, IndexError, TypeError):
        return None
