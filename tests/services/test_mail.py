"""Mail of FlowStudio itself: to a server, or to files."""

import stat

import pytest

from flowstudio.services import mail as mail_module
from flowstudio.services.mail import MailService
from flowstudio.settings import Settings
from tests.fakes.smtp_server import SmtpServer

LINK = f"https://flows.example.com/reset?token={'a' * 43}&more={'b' * 100}"


@pytest.fixture
def service(tmp_path, clock):
    service = MailService(Settings(data_dir=tmp_path), clock)
    yield service
    service.close()


async def test_without_a_mail_server_a_mail_is_a_file_for_its_owner_alone(service):
    sent = await service.send("ann@example.com", "Grüße", f"Liebe Ann,\n\n{LINK}\n")
    assert sent.kind == "file"
    assert stat.S_IMODE(sent.place.stat().st_mode) == 0o600
    assert stat.S_IMODE(sent.place.parent.stat().st_mode) == 0o700
    text = sent.place.read_bytes().decode()
    assert "To: ann@example.com" in text
    assert f"\n{LINK}\n" in text


async def test_a_mail_goes_to_the_server_of_the_settings(tmp_path, clock):
    async with SmtpServer(password="hunter") as server:  # noqa: S106
        settings = Settings(
            data_dir=tmp_path,
            smtp_url=f"smtp://ada:hunter@127.0.0.1:{server.port}",
            smtp_from="FlowStudio <studio@example.com>",
        )
        service = MailService(settings, clock)
        sent = await service.send("ann@example.com", "Hello", f"Look:\n\n{LINK}\n")
        service.close()
    assert (sent.kind, sent.place) == ("smtp", None)
    (mail,) = server.mails
    assert mail.recipients == ["ann@example.com"]
    assert LINK in mail.message.get_content()
    assert not service.folder.exists()


async def test_a_server_that_refuses_a_mail_is_quoted_and_nobody_is_told_its_content(
    tmp_path, clock, caplog
):
    async with SmtpServer(replies={"DATA": "554 no"}) as server:
        settings = Settings(
            data_dir=tmp_path,
            smtp_url=f"smtp://127.0.0.1:{server.port}",
            smtp_from="studio@example.com",
        )
        service = MailService(settings, clock)
        sent = await service.send("ann@example.com", "Hello", LINK)
        service.close()
    assert sent.kind == "failed"
    assert "554" in sent.problem
    assert "554" in caplog.text
    assert LINK not in caplog.text


@pytest.mark.parametrize(
    ("to", "subject"),
    [
        ("ann@example.com\nBcc: all@example.com", "x"),
        ("ann@example.com, bob@example.com", "x"),
        ("ann@example.com", "x\r\nBcc: all@example.com"),
    ],
)
async def test_a13d_neither_address_nor_subject_adds_a_header(service, to, subject):
    assert (await service.send(to, subject, "text")).kind == "failed"
    assert not list(service.folder.glob("*"))


def test_what_is_posted_is_sent_beside_whoever_asked_for_it(service):
    for number in range(3):
        service.post("ann@example.com", f"Number {number}", "text")
    service.flush()
    assert len(list(service.folder.glob("*.eml"))) == 3


def test_a_mail_that_cannot_be_sent_does_not_keep_the_next_from_being_sent(service):
    service.post("nobody", "One", "text")
    service.post("ann@example.com", "Two", "text")
    service.flush()
    assert len(list(service.folder.glob("*.eml"))) == 1


async def test_the_folder_of_mails_stays_bounded(service, monkeypatch):
    monkeypatch.setattr(mail_module, "_MOST_FILES", 3)
    for number in range(5):
        await service.send("ann@example.com", f"Number {number}", "text")
    kept = sorted(service.folder.glob("*.eml"))
    assert ["Number 2" in path.read_text() for path in kept] == [True, False, False]
    assert len(kept) == 3
