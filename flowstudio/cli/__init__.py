"""The command line. Commands load when they are called, so that help is there at once."""

import importlib
import sys

import click

from flowstudio.errors import FlowStudioError

_COMMANDS = {
    "run": ("flowstudio.cli.run:run", "Run a workflow file and show each step as it happens."),
    "validate": ("flowstudio.cli.validate:validate", "Check a workflow file; print every problem."),
    "runs": ("flowstudio.cli.runs:runs", "List, show, resume, cancel and answer runs."),
    "schedules": (
        "flowstudio.cli.schedules:schedules",
        "List, show, preview, pause, resume and run schedules.",
    ),
    "nodes": ("flowstudio.cli.nodes:nodes", "List the node types with their settings."),
    "models": ("flowstudio.cli.models:models", "List models; install the built-in one."),
    "start": ("flowstudio.cli.start:start", "Serve the studio and carry unfinished runs on."),
    "worker": ("flowstudio.cli.worker:worker", "Advance runs beside the web process."),
    "users": ("flowstudio.cli.users:users", "List people, make accounts, give new passwords."),
    "audit": ("flowstudio.cli.audit:audit", "Prove the audit log, and take it along."),
    "secrets": (
        "flowstudio.cli.secrets:secrets",
        "List and change the keys secrets are sealed with.",
    ),
    "backup": ("flowstudio.cli.backup:backup", "Write everything into one file, while runs go on."),
    "restore": ("flowstudio.cli.backup:restore", "Put a backup in place, and prove it whole."),
    "doctor": ("flowstudio.cli.doctor:doctor", "Check this installation and say what is wrong."),
    "bench": ("flowstudio.cli.bench:bench", "Measure the engine or the model gateway."),
}


#: Those that `--server` may name a server for.
_ANYWHERE = frozenset({"run", "runs", "schedules", "nodes", "models"})


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        if ctx.params.get("server") and cmd_name not in _ANYWHERE:
            message = f"`{cmd_name}` works on this machine alone; leave out --server and FLOWSTUDIO_SERVER."
            raise click.UsageError(message, ctx)
        module, _, name = _COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry[1]) for name, entry in _COMMANDS.items()])


@click.command(cls=_LazyGroup)
@click.version_option(package_name="flowstudio")
@click.option(
    "--server",
    envvar="FLOWSTUDIO_SERVER",
    metavar="URL",
    help="Work on that server, with the API key in FLOWSTUDIO_KEY.",
)
@click.option(
    "--project",
    envvar="FLOWSTUDIO_PROJECT",
    metavar="ID",
    help="Its project; needed when the key reaches several.",
)
# For the environment alone: other people of a machine can read its command lines.
@click.option("--key", envvar="FLOWSTUDIO_KEY", hidden=True)
def group(server: str | None, project: str | None, key: str | None) -> None:
    """FlowStudio: build, run and share AI workflows on your own machine."""


def main() -> None:
    """Run the command line; an error of ours ends with one clear sentence and exit code 1."""
    try:
        group(standalone_mode=True)
    except FlowStudioError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)
