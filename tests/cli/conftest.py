import pytest

from tests.cli.flowstudio_command import CommandLine


@pytest.fixture
def command(tmp_path) -> CommandLine:
    return CommandLine(tmp_path)
