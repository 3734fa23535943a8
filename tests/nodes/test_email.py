"""The mail mode against a real SMTP server."""

import json
import ssl

import pytest
import trustme

from flowstudio.errors import AddressRefusedError, InvalidInputError, StepError
from flowstudio.nodes.builtin.integration import Integration
from flowstudio.nodes.credentials import Credentials
from flowstudio.nodes.outgoing.mail import OutgoingMail
from flowstudio.settings import Settings
from tests.fakes.context import FakeContext
from tests.fakes.smtp_server import SmtpServer

NODE = Integration()
PASSWORD = "CANARY p@ss:/word"  # noqa: S105 - planted to be looked for


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def certificate(authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("mail.test").configure_cert(context)
    return context


@pytest.fixture
def trusting(authority):
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


async def resolve(host: str, port: int) -> list[str]:  # noqa: ARG001
    return ["127.0.0.1"]


def context_for(*, url="", sender="studio@flow.test", allow=(), credential=None, tls=None):
    settings = Settings(
        smtp_url=url,
        smtp_from=sender,
        http_allow_private=allow,
        credentials=json.dumps({"post": credential} if credential else {}),
    )
    mail = OutgoingMail(settings, resolve=resolve, tls=tls)
    return FakeContext({OutgoingMail: mail, Credentials: Credentials(settings)})


async def send(context, **config):
    given = {"mode": "email", "to": "ada@mail.test", "subject": "Hi", "body": "Hello", **config}
    return await NODE.run(NODE.parse(given), context)


async def test_a_mail_arrives_as_it_was_written():
    async with SmtpServer() as server:
        context = context_for(url=f"smtp://127.0.0.1:{server.port}", sender="Studio <s@flow.test>")
        output = await send(
            context,
            to=["ada@mail.test", "Bob Ünal <bob@mail.test>"],
            subject="Grüße 🫖",
            body=".\nfirst ü\n.\n..last\n",
            html="<p>Hallo</p>",
        )

    [mail] = server.mails
    text, html = mail.message.iter_parts()
    assert (mail.sender, mail.recipients) == ("s@flow.test", ["ada@mail.test", "bob@mail.test"])
    assert mail.message["From"] == "Studio <s@flow.test>"
    assert mail.message["To"] == "ada@mail.test, Bob Ünal <bob@mail.test>"
    assert mail.message["Subject"] == "Grüße 🫖"
    assert mail.message["Date"] == "Fri, 02 Jan 2026 12:00:00 +0000"
    assert text.get_content().replace("\r\n", "\n") == ".\nfirst ü\n.\n..last\n"
    assert html.get_content_type() == "text/html"
    assert output == {
        "accepted": ["ada@mail.test", "bob@mail.test"],
        "refused": {},
        "message_id": mail.message["Message-ID"],
    }


async def test_every_attempt_of_a_step_has_the_same_message_id():
    async with SmtpServer() as server:
        context = context_for(url=f"smtp://127.0.0.1:{server.port}")
        first, second = await send(context), await send(context)
        context.idempotency_key = "run-2/node"
        third = await send(context)
    assert first["message_id"] == second["message_id"] != third["message_id"]
    assert first["message_id"].endswith("@flow.test>")


@pytest.mark.parametrize(
    "config",
    [
        {"subject": "Hi\r\nBcc: eve@mail.test"},
        {"subject": "Hi\nBcc: eve@mail.test"},
        {"subject": "Hi\u2028Bcc: eve@mail.test"},
        {"to": "ada@mail.test\r\nRCPT TO:<eve@mail.test>"},
        {"to": "ada@mail.test\nBcc: eve@mail.test"},
        {"to": "ada@mail.test, eve@mail.test"},
        {"to": "Ada, Eve <eve@mail.test>, ada@mail.test"},
        {"to": "ada@mail.test eve@mail.test"},
        {"to": "ada@mail.test; eve@mail.test"},
        {"to": "group: ada@mail.test, eve@mail.test;"},
        {"to": ["ada@mail.test", "eve"]},
        {"to": ["ada@mail.test", "@mail.test"]},
        {"to": ["<>"]},
        {"to": "ada@mail.test>"},
        {"to": "<ada@mail.test"},
        {"to": "Ada <ada@mail.test> <eve@mail.test>"},
        {"to": []},
        {"to": ""},
    ],
    ids=str,
)
async def test_no_text_can_add_a_header_or_a_recipient(config):
    async with SmtpServer() as server:
        with pytest.raises(StepError) as caught:
            await send(context_for(url=f"smtp://127.0.0.1:{server.port}"), **config)
    assert not caught.value.retryable
    assert str(caught.value).isprintable()
    assert server.mails == []


async def test_a_quoted_name_may_hold_a_comma():
    async with SmtpServer() as server:
        context = context_for(url=f"smtp://127.0.0.1:{server.port}")
        await send(context, to='"Lovelace, Ada" <ada@mail.test>')
    assert server.mails[0].recipients == ["ada@mail.test"]


# Which server


async def test_without_a_server_the_error_names_the_setting():
    with pytest.raises(StepError, match="FLOWSTUDIO_SMTP_URL") as caught:
        await send(context_for())
    assert not caught.value.retryable


async def test_without_a_sender_the_error_names_the_setting():
    async with SmtpServer() as server:
        with pytest.raises(StepError, match="FLOWSTUDIO_SMTP_FROM"):
            await send(context_for(url=f"smtp://127.0.0.1:{server.port}", sender=""))


@pytest.mark.parametrize("url", ["mail.test", "http://mail.test", "smtp://", "smtp://u:CANARY@h:x"])
def test_a_server_setting_that_does_not_read_is_named_without_its_password(url):
    with pytest.raises(InvalidInputError, match="FLOWSTUDIO_SMTP_URL") as caught:
        context_for(url=url)
    assert "CANARY" not in str(caught.value)


async def test_the_server_of_a_credential_passes_the_address_check():
    async with SmtpServer() as server:
        credential = {"kind": "smtp", "host": "127.0.0.1", "port": server.port, "tls": "none"}
        credential |= {"sender": "post@flow.test"}
        with pytest.raises(AddressRefusedError, match="FLOWSTUDIO_HTTP_ALLOW_PRIVATE"):
            await send(context_for(credential=credential), credential="post")
        assert server.commands == []

        context = context_for(credential=credential, allow=(f"127.0.0.1:{server.port}",))
        await send(context, credential="post")
        assert server.mails[0].sender == "post@flow.test"


async def test_a_credential_for_http_is_not_one_for_mail():
    credential = {"kind": "bearer", "token": "x", "hosts": ["a.test"]}
    with pytest.raises(StepError, match="'post' is not for mail"):
        await send(context_for(credential=credential), credential="post")


# Encryption and passwords


@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_mail_goes_encrypted_to_the_named_host_with_the_account(certificate, trusting, tls):
    how = {"starttls": certificate} if tls == "starttls" else {"tls": certificate}
    async with SmtpServer(password=PASSWORD, **how) as server:
        credential = {"kind": "smtp", "host": "mail.test", "port": server.port, "tls": tls}
        credential |= {"username": "ada", "password": PASSWORD, "sender": "ada@mail.test"}
        context = context_for(credential=credential, allow=("mail.test",), tls=trusting)
        await send(context, credential="post")
    assert server.encrypted
    assert len(server.mails) == 1


async def test_a_certificate_of_another_host_is_refused(certificate, trusting):
    for how, scheme in (({"starttls": certificate}, "starttls"), ({"tls": certificate}, "tls")):
        async with SmtpServer(**how) as server:
            credential = {"kind": "smtp", "host": "other.test", "port": server.port, "tls": scheme}
            context = context_for(credential=credential, allow=("other.test",), tls=trusting)
            with pytest.raises(StepError, match=r"certificate.*other\.test is not trusted"):
                await send(context, credential="post")
        assert server.mails == []


async def test_a_server_that_hides_its_encryption_gets_no_password():
    async with SmtpServer(password=PASSWORD) as server:
        credential = {"kind": "smtp", "host": "mail.test", "port": server.port}
        credential |= {"username": "ada", "password": PASSWORD}
        with pytest.raises(StepError, match="offers no encryption"):
            await send(context_for(credential=credential, allow=("mail.test",)), credential="post")
    assert not [command for command in server.commands if command.startswith(("AUTH", "MAIL"))]


async def test_the_settings_account_logs_in_on_this_machine_without_encryption():
    async with SmtpServer(password=PASSWORD) as server:
        url = f"smtp://ada:CANARY%20p%40ss%3A%2Fword@127.0.0.1:{server.port}"
        await send(context_for(url=url))
    assert len(server.mails) == 1


async def test_a_refused_password_is_an_error_that_does_not_show_it():
    async with SmtpServer(password="another") as server:  # noqa: S106
        url = f"smtp://ada:CANARY@127.0.0.1:{server.port}"
        with pytest.raises(StepError, match="refused the user name and password") as caught:
            await send(context_for(url=url))
    assert "CANARY" not in str(caught.value)
    assert caught.value.__suppress_context__
    assert not caught.value.retryable


# What the server says


async def test_a_refused_recipient_among_others_is_told():
    async with SmtpServer(replies={"eve@mail.test": "550 no such\x1b[31m user"}) as server:
        context = context_for(url=f"smtp://127.0.0.1:{server.port}")
        output = await send(context, to=["ada@mail.test", "eve@mail.test"])
    assert output["accepted"] == ["ada@mail.test"]
    assert list(output["refused"]) == ["eve@mail.test"]
    assert "no such" in context.logged[0]
    assert context.logged[0].isprintable()


@pytest.mark.parametrize(
    ("replies", "message", "retryable"),
    [
        ({"ada@mail.test": "550 unknown"}, "refused every recipient: 550 unknown", False),
        ({"ada@mail.test": "450 greylisted"}, "refused every recipient: 450 greylisted", True),
        ({"MAIL": "552 too large"}, "refused the message: 552 too large", False),
        ({"MAIL": "451 later"}, "refused the message: 451 later", True),
        ({"DATA": "554 spam"}, "refused the message: 554 spam", False),
        ({"EHLO": "421 closing"}, "421 closing", True),
    ],
)
async def test_a_refusal_is_an_error_with_the_servers_words(replies, message, retryable):
    async with SmtpServer(replies=replies) as server:
        with pytest.raises(StepError, match=message) as caught:
            await send(context_for(url=f"smtp://127.0.0.1:{server.port}"))
    assert caught.value.retryable == retryable
    assert server.mails == []


async def test_only_a_mail_that_cannot_have_been_sent_may_be_tried_again():
    async with SmtpServer(hang_up_on="EHLO") as server:
        with pytest.raises(StepError, match="broke") as caught:
            await send(context_for(url=f"smtp://127.0.0.1:{server.port}"))
        assert caught.value.retryable
    async with SmtpServer(hang_up_on="DATA") as server:
        with pytest.raises(StepError, match="whether the message was sent is not known") as caught:
            await send(context_for(url=f"smtp://127.0.0.1:{server.port}"))
        assert not caught.value.retryable
    with pytest.raises(StepError, match="could not be reached") as caught:
        await send(context_for(url=f"smtp://127.0.0.1:{server.port}"))
    assert caught.value.retryable
