from pathlib import Path

import pytest

from flowstudio.settings import Settings

DOCS = Path(__file__).parents[1] / "docs" / "settings.md"


def test_every_setting_is_documented_with_its_description():
    text = DOCS.read_text()
    for name, field in Settings.model_fields.items():
        row = next((row for row in text.splitlines() if f"`FLOWSTUDIO_{name.upper()}`" in row), "")
        assert (field.description or "?").replace("|", "\\|") in row, name


def test_nothing_is_documented_that_cannot_be_set():
    names = {f"FLOWSTUDIO_{name.upper()}" for name in Settings.model_fields}
    rows = [row for row in DOCS.read_text().splitlines() if row.startswith("| `FLOWSTUDIO_")]
    assert {row.split("`")[1] for row in rows} == names


def test_lists_are_read_from_comma_separated_text(monkeypatch):
    monkeypatch.setenv("FLOWSTUDIO_HTTP_ALLOW_PRIVATE", "127.0.0.1:80, 10.0.0.0/8,")
    assert Settings().http_allow_private == ("127.0.0.1:80", "10.0.0.0/8")


def test_secrets_are_not_in_the_text_of_settings(monkeypatch):
    monkeypatch.setenv("FLOWSTUDIO_OPENROUTER_API_KEY", "sk-CANARY-settings")
    monkeypatch.setenv("FLOWSTUDIO_SMTP_URL", "smtp://me:CANARY-mail@host:25")
    monkeypatch.setenv("FLOWSTUDIO_DATABASE_URL", "postgresql://me:CANARY-database@host/x")
    assert "CANARY" not in repr(Settings())


@pytest.mark.parametrize(
    ("host", "reached_at"),
    [
        ("127.0.0.1", "http://127.0.0.1:3000"),
        ("0.0.0.0", "http://127.0.0.1:3000"),  # noqa: S104 - not listened on
        ("::", "http://127.0.0.1:3000"),
        ("::1", "http://[::1]:3000"),
        ("studio.lan", "http://studio.lan:3000"),
    ],
)
def test_a_server_that_listens_everywhere_is_reached_on_this_machine(host, reached_at):
    assert Settings(host=host, port=3000).local_url == reached_at
