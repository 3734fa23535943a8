"""`flowstudio start`."""

import click

from flowstudio.cli.serve import serve
from flowstudio.llm.errors import MissingModelError
from flowstudio.llm.install import install_model, model_file
from flowstudio.services.secret_keys import check_start
from flowstudio.settings import Settings


@click.command()
def start() -> None:
    """Serve the studio on one address, and carry unfinished runs on."""
    settings = Settings()
    # Before anything else is made: with a secret key lost or wrong, nothing may be changed.
    check_start(settings)
    if settings.model_path is None and not model_file(settings.data_dir).exists():
        try:
            install_model(settings.data_dir, lambda line: click.echo(line, err=True))
        except MissingModelError as error:
            # Everything but the built-in model works without it, so this must not end the start.
            click.secho(str(error), fg="yellow", err=True)
            click.echo("Later: flowstudio models install", err=True)
    serve(settings)
