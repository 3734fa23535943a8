"""The command line as a person runs it: a real process over a data directory of its own."""

import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

from flowstudio.cli import main

_TIMEOUT_S = 60
#: Loading the code costs a second; a process that has done so is forked for each command.
_LOADED = multiprocessing.get_context("forkserver")
_LOADED.set_forkserver_preload(
    [
        *(f"flowstudio.cli.{name}" for name in ("audit", "runs", "schedules", "secrets", "users")),
        *("flowstudio.services.studio", "flowstudio.store.migrations", "alembic.command"),
    ]
)


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
        """Begin a command in a process from scratch, its output caught."""
        return subprocess.Popen(
            [sys.executable, "-m", "flowstudio.cli", *arguments],
            cwd=self.folder,
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, typed: str = "") -> tuple[int, str, str]:
        """Run a command to its end; gives exit code, output and errors."""
        with tempfile.TemporaryDirectory() as said:
            streams = [Path(said, name) for name in ("in", "out", "err")]
            streams[0].write_text(typed)
            process = _LOADED.Process(
                target=_command, args=(arguments, self.folder, self._environment(), streams)
            )
            process.start()
            process.join(_TIMEOUT_S)
            if process.exitcode is None:
                process.kill()
                message = f"flowstudio {' '.join(arguments)} has not ended after {_TIMEOUT_S} s."
                raise TimeoutError(message)
            return process.exitcode, streams[1].read_text(), streams[2].read_text()

    def _environment(self) -> dict[str, str]:
        return os.environ | {"FLOWSTUDIO_DATA_DIR": str(self.data)} | self.settings  # noqa: TID251

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


def _command(
    arguments: tuple[str, ...], folder: Path, environment: dict[str, str], streams: list[Path]
) -> None:
    os.chdir(folder)
    os.environ.clear()  # noqa: TID251
    os.environ.update(environment)  # noqa: TID251
    for number, path in enumerate(streams):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT), number)
    # That of the process this one was forked from is closed.
    sys.stdin = os.fdopen(0)
    sys.argv = ["flowstudio", *arguments]
    main()


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
