"""The files under deploy/ name only settings and commands that there are."""

import re
from pathlib import Path

import yaml
from click.testing import CliRunner

from flowstudio.cli import group
from flowstudio.settings import Settings

DEPLOY = Path(__file__).parents[1] / "deploy"
NAMES = {f"FLOWSTUDIO_{name.upper()}" for name in Settings.model_fields}


def test_every_variable_is_a_setting():
    for path in DEPLOY.iterdir():
        found = set(re.findall(r"\bFLOWSTUDIO_[A-Z_]+", path.read_text()))
        assert found <= NAMES, path.name


def test_services_start_with_commands_that_there_are():
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    commands = [service["command"][0] for service in services.values() if "command" in service]
    commands += re.findall(r'CMD \["(\w+)"\]', (DEPLOY / "Dockerfile").read_text())
    commands += re.findall(r"bin/flowstudio (\w+)", (DEPLOY / "flowstudio.service").read_text())
    assert sorted(commands) == ["start", "start", "worker"]
    for command in commands:
        assert CliRunner().invoke(group, [command, "--help"]).exit_code == 0


def test_the_settings_of_the_containers_are_read(monkeypatch):
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    for name, value in services["web"]["environment"].items():
        filled = re.sub(r"\$\{(\w+):?[-?]?([^}]*)\}", r"\2", value)
        monkeypatch.setenv(name, filled)
    assert Settings().database_url.startswith("postgresql://flowstudio:")
    assert services["worker"]["environment"] == services["web"]["environment"]


#: The major version of `postgresql-client` in each release of Debian.
CLIENTS = {"bookworm": 15, "trixie": 17}


def test_the_image_can_dump_the_database_of_the_compose_file():
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    server = int(services["postgres"]["image"].partition(":")[2])
    release = re.search(
        r"^FROM python:[\d.]+-slim-(\w+)$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE
    )
    assert release is not None
    assert server <= CLIENTS[release[1]]


def test_no_secret_beside_the_compose_file_gets_into_the_image():
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    assert {"**/.env", "**/*.env"} <= set(ignored)


def test_what_the_image_is_built_from_is_not_ignored():
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    needed = {
        "constraints.txt",
        "pyproject.toml",
        "rxconfig.py",
        "reflex.lock",
        "assets",
        "alembic",
    }
    assert needed.isdisjoint(ignored)
    for name in needed:
        assert (DEPLOY.parent / name).exists()


def test_the_check_of_health_asks_for_what_there_is():
    check = (DEPLOY / "Dockerfile").read_text().partition("HEALTHCHECK")[2]
    (address,) = re.findall(r"urlopen\('([^']+)'", check)
    port = Settings.model_fields["port"].default
    assert address == f"http://127.0.0.1:{port}/healthz"


def test_the_check_of_a_worker_asks_where_it_answers():
    worker = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["worker"]
    (address,) = re.findall(r"urlopen\('([^']+)'", worker["healthcheck"]["test"][-1])
    port = worker["command"][worker["command"].index("--metrics-port") + 1]
    assert address == f"http://127.0.0.1:{port}/healthz"
