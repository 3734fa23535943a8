"""Starting the page: the frontend is built once, then one process serves page and websocket."""

import fcntl
import hashlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import NoReturn

import click

from flowstudio.errors import FlowStudioError
from flowstudio.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
_SOURCES = ("rxconfig.py", ".npmrc", "flowstudio/app.py", "flowstudio/ui", "assets", "reflex.lock")
_SHOWN = 30
_REFLEX = (sys.executable, "-m", "reflex")
_BUILD = (("init", "--no-agents"), ("export", "--frontend-only", "--no-zip"))


class BuildError(FlowStudioError):
    """The page could not be built."""


class PortTakenError(FlowStudioError):
    """Something else listens where the page should."""


def serve(settings: Settings, root: Path = ROOT) -> NoReturn:
    """Build the page if needed and become its server, which prints one line once it answers.

    The process is replaced, so signals reach the server itself.

    Raises:
        BuildError: with what the build said.
        PortTakenError: naming the port.
    """
    check_port(settings.host, settings.port)
    build_frontend(root)
    os.chdir(root)
    program = "from flowstudio.app import serve; serve()"
    os.execv(sys.executable, [sys.executable, "-c", program])  # noqa: S606 - our own interpreter


def check_port(host: str, port: int, setting: str = "FLOWSTUDIO_PORT") -> None:
    """Make sure that a server will be able to listen.

    Raises:
        PortTakenError: it will not; names the setting that chooses another port.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            message = (
                f"Cannot listen on {host}, port {port} ({error.strerror or error}). "
                f"Stop what uses it, or choose another port with {setting}."
            )
            raise PortTakenError(message) from error


def build_frontend(root: Path = ROOT) -> None:
    """Build the page unless it was built from exactly these sources before.

    Of several processes that start at once, one builds and the others wait for it.

    Raises:
        BuildError: with what the build said.
    """
    with (root / "rxconfig.py").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _build(root)


def _build(root: Path) -> None:
    stamp = root / ".web" / "built-from"
    before = source_hash(root)
    if stamp.exists() and stamp.read_text() == before:
        return
    stamp.unlink(missing_ok=True)
    click.echo("Building the page; this happens once and takes a minute or two.", err=True)
    for arguments in _BUILD:
        _run_reflex(arguments, root)
    # Building may bring the lock up to date, so what was built is hashed anew.
    stamp.write_text(source_hash(root))


def source_hash(root: Path) -> str:
    """SHA-256 over every file the page is built from, and the version of Reflex."""
    digest = hashlib.sha256(version("reflex").encode())
    for path in _files(root):
        digest.update(f"\0{path.relative_to(root).as_posix()}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _files(root: Path) -> Iterator[Path]:
    for name in _SOURCES:
        source = root / name
        if source.is_file():
            yield source
        for path in sorted(source.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path


def _run_reflex(arguments: tuple[str, ...], root: Path) -> None:
    done = subprocess.run(  # noqa: S603 - our own interpreter, fixed arguments
        (*_REFLEX, *arguments), cwd=root, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = _cause(f"{done.stdout}\n{done.stderr}".strip().splitlines())
        message = f"The page could not be built: `reflex {arguments[0]}` failed.\n{said}"
        raise BuildError(message)


def _cause(lines: list[str]) -> str:
    """The lines from the first that tells of an error on; the last ones if none does."""
    first = next((at for at, line in enumerate(lines) if "error" in line.lower()), -_SHOWN)
    return "\n".join(lines[first:][:_SHOWN])
