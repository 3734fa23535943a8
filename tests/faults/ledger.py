"""An account of what really ran, kept outside the product: one line an execution, on disk at once."""

import asyncio
import os
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from flowstudio.engine.contract import NodeContext, NodeType, Purity

Step = tuple[str, str]


class EffectConfig(BaseModel):
    model_config = ConfigDict(extra="forbid")

    ledger: str
    takes_s: float = Field(default=0.01, ge=0)
    is_pure: bool = False


class Effect(NodeType[EffectConfig]):
    """Writes its name into the ledger, and then takes a while."""

    type = "effect"
    title = "Effect"
    summary = "Counts its executions outside."
    category = "outside"
    icon = "zap"
    config_type = EffectConfig

    def purity(self, config: EffectConfig) -> Purity:
        return "pure" if config.is_pure else "write"

    def is_repeatable(self, config: EffectConfig) -> bool:  # noqa: ARG002
        return True

    async def run(self, config: EffectConfig, context: NodeContext) -> Any:
        file = os.open(config.ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        try:
            os.write(file, f"{context.run.id} {context.path}\n".encode())
            os.fsync(file)
        finally:
            os.close(file)
        await asyncio.sleep(config.takes_s)
        return {"path": context.path}


@dataclass(frozen=True)
class Entry:
    """One execution; `place` is where its line begins in the file."""

    step: Step
    place: int


def read_ledger(path: Path) -> list[Entry]:
    """Every execution in the order they began; a line cut off by a kill counts as none."""
    entries, place = [], 0
    for line in path.read_bytes().splitlines(keepends=True) if path.exists() else []:
        if line.endswith(b"\n"):
            run_id, step_path = line.decode().split()
            entries.append(Entry((run_id, step_path), place))
        place += len(line)
    return entries


def graph_of_forty(ledger: Path) -> dict[str, Any]:
    """A document of 40 nodes: a chain, a fan, a loop of two and a parallel of three, mixed."""
    nodes: list[dict[str, Any]] = []
    edges: list[tuple[str, str]] = []

    def effect(name: str, parent: str | None = None) -> str:
        is_pure = len(nodes) % 3 == 0
        config = {"ledger": str(ledger), "is_pure": is_pure}
        node = {"id": name, "type": "effect", "name": name, "config": config}
        # A step may meet every kill of a campaign.
        nodes.append(node | {"parent": parent, "retry": {"attempts": 100}})
        return name

    def chain(names: Iterable[str]) -> None:
        edges.extend(pairwise(names))

    chain(effect(f"c{index}") for index in range(10))
    for index in range(16):
        effect(f"f{index}")
        edges.extend([("c9", f"f{index}"), (f"f{index}", "joined")])
    effect("joined")
    nodes.append(
        {
            "id": "loop",
            "type": "loop",
            "name": "loop",
            "config": {"mode": "times", "times": 5, "concurrency": 2},
        }
    )
    chain([effect("l0", "loop"), effect("l1", "loop")])
    nodes.append({"id": "par", "type": "parallel", "name": "par", "config": {}})
    for index in range(3):
        chain([effect(f"p{index}a", "par"), effect(f"p{index}b", "par")])
    chain(["joined", "loop", "par", effect("last0"), effect("last1"), effect("last2")])
    return {
        "format": "flowstudio/1",
        "name": "Forty nodes",
        "nodes": nodes,
        "edges": [
            {"id": f"e{index}", "source": source, "target": target}
            for index, (source, target) in enumerate(edges)
        ],
    }
