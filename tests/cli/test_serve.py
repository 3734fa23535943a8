import fcntl
import json
import os
import socket
import threading
from pathlib import Path

import pytest

from flowstudio.cli import serve
from flowstudio.cli.serve import (
    ROOT,
    BuildError,
    PortTakenError,
    build_frontend,
    check_port,
    source_hash,
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "styles.css").write_text("a {}")
    (tmp_path / "rxconfig.py").write_text("# nothing")
    (tmp_path / ".web").mkdir()
    return tmp_path


def test_a_port_in_use_is_named_with_what_to_do() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortTakenError, match=rf"port {port} .*FLOWSTUDIO_PORT"):
            check_port("127.0.0.1", port)


def test_the_same_sources_are_not_built_twice(project: Path) -> None:
    stamp = project / ".web" / "built-from"
    stamp.write_text(source_hash(project))
    build_frontend(project)
    assert stamp.read_text() == source_hash(project)


def test_who_starts_while_another_builds_waits_for_it(project: Path) -> None:
    stamp, waited = project / ".web" / "built-from", []
    with (project / "rxconfig.py").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        second = threading.Thread(target=lambda: waited.append(build_frontend(project)))
        second.start()
        second.join(0.2)
        assert second.is_alive()
        stamp.write_text(source_hash(project))
    second.join(20)
    assert waited == [None]


@pytest.mark.parametrize("path", ["assets/styles.css", "assets/new.svg", "rxconfig.py"])
def test_any_changed_source_asks_for_a_build(project: Path, path: str) -> None:
    before = source_hash(project)
    (project / path).write_text("changed")
    assert source_hash(project) != before


def test_touching_a_file_asks_for_nothing(project: Path) -> None:
    before = source_hash(project)
    os.utime(project / "rxconfig.py", (1, 1))
    assert source_hash(project) == before


def test_a_failed_build_says_so_and_is_tried_again(project: Path) -> None:
    (project / "rxconfig.py").write_text("raise SystemExit('no such luck')")
    with pytest.raises(BuildError, match="could not be built"):
        build_frontend(project)
    assert not (project / ".web" / "built-from").exists()


def test_a_failed_build_is_told_from_its_first_error_on() -> None:
    lines = [*(f"step {n}" for n in range(50)), "✗ 2 Errors:", *(f"at {n}" for n in range(50))]
    assert serve._cause(lines).splitlines()[:2] == ["✗ 2 Errors:", "at 0"]
    assert serve._cause(lines[:50]).splitlines()[0] == "step 20"


def test_the_frontend_lock_names_no_host() -> None:
    lock = json.loads((ROOT / "reflex.lock" / "package-lock.json").read_text())
    packages = [package for name, package in lock["packages"].items() if name]
    assert all("integrity" in package for package in packages)
    assert not any("resolved" in package for package in packages)
