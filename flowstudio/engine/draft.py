"""What the editor asked a run for, as it stands in the run so that a resumed one does the same."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson


@dataclass(frozen=True, slots=True)
class DraftWish:
    """A wish of the editor; its run is of a document with the nodes that run and what feeds them.

    Attributes:
        mode: which nodes were asked for: `cells`, `stale`, `from`, `all`, `auto`.
        runs: ids of the root nodes that run.
        kept: ids of those whose output is given.
        targets: ids of those that run although nothing they depend on has changed.
        pinned: ids of those whose given output is pinned or hand-edited.
        salts: by name of a root node, what keeps its fresh samples apart.
        versions: of the handlers, by type.
    """

    mode: str
    runs: tuple[str, ...]
    kept: tuple[str, ...] = ()
    targets: frozenset[str] = frozenset()
    pinned: frozenset[str] = frozenset()
    salts: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, int] = field(default_factory=dict)

    def as_json(self) -> str:
        """The text that `read_wish` reads."""
        return orjson.dumps(
            {
                "mode": self.mode,
                "runs": self.runs,
                "kept": self.kept,
                "targets": sorted(self.targets),
                "pinned": sorted(self.pinned),
                "salts": dict(self.salts),
                "versions": dict(self.versions),
            }
        ).decode()


def read_wish(text: str) -> DraftWish:
    """A wish from a run's row."""
    said = orjson.loads(text)
    return DraftWish(
        mode=said["mode"],
        runs=tuple(said["runs"]),
        kept=tuple(said["kept"]),
        targets=frozenset(said["targets"]),
        pinned=frozenset(said["pinned"]),
        salts=said["salts"],
        versions=said["versions"],
    )
