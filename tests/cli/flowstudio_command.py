"""The command line as a person runs it: a real process over a data directory of its own."""

import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any


class CommandLine:
    """Runs `flowstudio` commands over one data directory.

    Attributes:
        settings: more of the environment.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.settings: dict[str, str] = {}

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Begin a command, its output caught."""
        return subprocess.Popen(
            [sys.executable, "-m", "flowstudio.cli", *arguments],
            cwd=self.folder,
            env=os.environ | {"FLOWSTUDIO_DATA_DIR": str(self.data)} | self.settings,  # noqa: TID251
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Run a command to its end; gives exit code, output and errors."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    def json(self, *arguments: str) -> tuple[int, Any]:
        """Run a command with `--json`; gives exit code and what it printed."""
        code, out, err = self.run(*arguments, "--json")
        assert out, err
        return code, json.loads(out)

    def write(self, name: str, document: Any) -> str:
        """Write a workflow file; gives its name."""
        text = document if isinstance(document, str) else json.dumps(document)
        (self.folder / name).write_text(text)
        return name


def workflow(*nodes: dict[str, Any], wires: str = "", **more: Any) -> dict[str, Any]:
    """A document whose nodes carry their names as ids; `wires` is like `start>ask>done`."""
    names = [name for name in wires.split(">") if name]
    pairs = list(pairwise(names))
    return {
        "format": "flowstudio/1",
        "name": "Test",
        "nodes": [{"id": node["name"], **node} for node in nodes],
        "edges": [
            {"id": f"e{index}", "source": source, "target": target}
            for index, (source, target) in enumerate(pairs)
        ],
        **more,
    }


def start(**properties: Any) -> dict[str, Any]:
    """A start node that asks for these inputs, all required."""
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return {"type": "start", "name": "start", "config": {"inputs": schema}}


def task(name: str, mode: str, **config: Any) -> dict[str, Any]:
    """A task node."""
    return {"type": "task", "name": name, "config": {"mode": mode, **config}}
