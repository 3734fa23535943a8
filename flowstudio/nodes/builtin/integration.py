"""The node that reaches outside: HTTP, mail, webhooks, feeds, and other workflows."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import Field

from flowstudio.engine.contract import NodeContext, NodeType, Purity, Subworkflows
from flowstudio.errors import StepError
from flowstudio.graph.document import Model
from flowstudio.graph.fields import Templated, Text, Value, as_text, shown
from flowstudio.graph.references import TEMPLATE_START
from flowstudio.graph.slots import SlotFault
from flowstudio.nodes.credential_kinds import Credential, HttpCredential, SmtpCredential
from flowstudio.nodes.credentials import CredentialId, find_credential
from flowstudio.nodes.outgoing.content import Expect, pack, pack_json, unpack
from flowstudio.nodes.outgoing.feeds import read_feed
from flowstudio.nodes.outgoing.http import OutgoingHttp
from flowstudio.nodes.outgoing.mail import MailServer, OutgoingMail
from flowstudio.nodes.outgoing.masking import mask, mask_text
from flowstudio.nodes.outgoing.message import Letter, compose, read_recipients
from flowstudio.nodes.outgoing.status import check_status
from flowstudio.nodes.outgoing.text import brief
from flowstudio.nodes.outgoing.urls import check_url, host_of, port_of

_READS = frozenset({"GET", "HEAD"})
_HTTP_KINDS = ("bearer", "header", "basic")
#: Larger bodies are taken apart in a thread, so that the event loop is not held up.
_LARGE = 200_000


class HttpConfig(Model, title="HTTP request"):
    """One HTTP request."""

    mode: Literal["http"]
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] = Field(
        "GET", title="Method"
    )
    url: Text = Field(
        min_length=1, title="URL", description="http or https.", json_schema_extra=shown(key=True)
    )
    headers: dict[str, Text] = Field({}, title="Headers", json_schema_extra=shown(order=1))
    query: dict[str, Value] = Field(
        {},
        title="Query",
        description="Added to the URL; a list repeats its name, null is left out.",
        json_schema_extra=shown(order=1),
    )
    body: Value = Field(
        None,
        title="Body",
        description="Text, or anything else to send as JSON.",
        json_schema_extra=shown(order=1, lines=3),
    )
    credential: CredentialId = Field(
        "",
        title="Credential",
        description="Sent as a header, only to the hosts it is bound to.",
        json_schema_extra=shown(kinds=_HTTP_KINDS),
    )
    expect: Expect = Field(
        "auto",
        title="Reply",
        description="How to read it; auto goes by its content type.",
        json_schema_extra=shown(order=2, labels={"json": "JSON"}),
    )
    fail_on_status: bool = Field(
        True,
        title="Fail on error status",
        description="A status of 400 or more fails the node.",
        json_schema_extra=shown(order=2),
    )


class WebhookConfig(Model, title="Webhook"):
    """A JSON message posted to a URL."""

    mode: Literal["webhook"]
    url: Text = Field(
        min_length=1, title="URL", description="http or https.", json_schema_extra=shown(key=True)
    )
    payload: Value = Field(
        None, title="Payload", description="Posted as JSON.", json_schema_extra=shown(lines=3)
    )
    credential: CredentialId = Field(
        "",
        title="Credential",
        description="Sent as a header, only to the hosts it is bound to.",
        json_schema_extra=shown(kinds=_HTTP_KINDS),
    )


class EmailConfig(Model, title="E-mail"):
    """A mail."""

    mode: Literal["email"]
    to: list[Text] | Text = Field(
        title="To", description="One address or a list.", union_mode="left_to_right"
    )
    subject: Text = Field("", title="Subject")
    body: Text = Field("", title="Message", json_schema_extra=shown(key=True, lines=5))
    html: Text = Field(
        "",
        title="HTML",
        description="Shown instead of the message where possible.",
        json_schema_extra=shown(fold=True, lines=5),
    )
    credential: CredentialId = Field(
        "",
        title="Mail account",
        description="Empty uses the server of FLOWSTUDIO_SMTP_URL.",
        json_schema_extra=shown(kinds=["smtp"]),
    )


class RssConfig(Model, title="Feed"):
    """The newest entries of a feed."""

    mode: Literal["rss"]
    url: Text = Field(
        min_length=1,
        title="URL",
        description="Of an RSS or Atom feed.",
        json_schema_extra=shown(key=True),
    )
    limit: int = Field(20, ge=1, le=1000, title="Entries")


class WorkflowConfig(Model, title="Workflow"):
    """Another workflow, run as one step."""

    mode: Literal["workflow"]
    workflow: str = Field(
        min_length=1,
        max_length=1000,
        title="Workflow",
        description="Its id; on the command line, a path beside the file.",
        json_schema_extra={"format": "workflow", **shown("workflow", key=True)},
    )
    inputs: dict[str, Value] | Templated = Field({}, title="Inputs")


IntegrationConfig = Annotated[
    HttpConfig | EmailConfig | WebhookConfig | RssConfig | WorkflowConfig,
    Field(discriminator="mode"),
]


class Integration(NodeType[IntegrationConfig]):
    """Reaches outside, only to addresses that are allowed."""

    type = "integration"
    title = "Integration"
    summary = "Call an API, send mail, post to a webhook, read a feed or run another workflow."
    category = "outside"
    icon = "plug"
    config_type = IntegrationConfig

    def faults(self, config: IntegrationConfig) -> Sequence[SlotFault]:
        """Addresses that cannot work, as far as they stand there in full."""
        try:
            match config:
                case HttpConfig() | WebhookConfig() | RssConfig():
                    if TEMPLATE_START not in config.url:
                        check_url(config.url)
                case EmailConfig():
                    if not any(TEMPLATE_START in text for text in _recipients(config)):
                        read_recipients(_recipients(config))
        except StepError as error:
            return [SlotFault(("to" if isinstance(config, EmailConfig) else "url",), str(error))]
        return ()

    def workflow(self, config: IntegrationConfig) -> str | None:
        """The workflow this config runs inside itself, for the check against recursion."""
        return config.workflow if isinstance(config, WorkflowConfig) else None

    def purity(self, config: IntegrationConfig) -> Purity:
        """Fetching reads; everything else changes something outside."""
        if isinstance(config, HttpConfig):
            return "read" if config.method in _READS else "write"
        return "read" if isinstance(config, RssConfig) else "write"

    def is_repeatable(self, config: IntegrationConfig) -> bool:
        """All but mail: requests carry an idempotency key, a workflow's own steps are journalled."""
        return not isinstance(config, EmailConfig)

    def summarise(self, config: IntegrationConfig) -> str:
        """One line for the node's card, such as `GET api.example.com/tickets`."""
        match config:
            case HttpConfig():
                return f"{config.method} {_place(config.url)}"
            case WebhookConfig():
                return f"POST {_place(config.url)}"
            case RssConfig():
                return _place(config.url)
            case EmailConfig():
                return brief(f"to {', '.join(_recipients(config))}", 80)
            case WorkflowConfig():
                return brief(config.workflow, 80)

    async def run(self, config: IntegrationConfig, context: NodeContext) -> Any:
        """Do what the mode says.

        Raises:
            StepError: what went wrong outside, and whether another attempt may succeed.
        """
        match config:
            case HttpConfig():
                return await _call(config, context)
            case WebhookConfig():
                return await _call(_as_http(config), context)
            case RssConfig():
                return await _read_feed(config, context)
            case EmailConfig():
                return await _send_mail(config, context)
            case WorkflowConfig():
                return await _run_workflow(config, context)


async def _call(config: HttpConfig, context: NodeContext) -> dict[str, Any]:
    credential = await _http_credential(config.credential, context)
    secrets = credential.secrets() if credential else ()
    url = check_url(config.url, _pairs(config.query))
    if credential:
        credential.check_host(host_of(url), port_of(url))
    content, content_type = pack(config.body, config.headers)
    headers = {"Content-Type": content_type} if content_type else {}
    if config.method not in _READS:
        headers["Idempotency-Key"] = quote(context.idempotency_key, safe="/:")
    reply = await context.resource(OutgoingHttp).request(
        config.method,
        str(url),
        headers=_merge(headers, config.headers),
        secret_headers=credential.headers() if credential else None,
        body=content,
    )
    if config.fail_on_status:
        check_status(reply, f"{config.method} {url.host}", context.clock.now(), secrets)
    body = (
        await asyncio.to_thread(unpack, reply, config.expect, secrets)
        if len(reply.content) > _LARGE
        else unpack(reply, config.expect, secrets)
    )
    return {"status": reply.status, "headers": mask(dict(reply.headers), secrets), "body": body}


def _as_http(config: WebhookConfig) -> HttpConfig:
    return HttpConfig.model_validate(
        {
            "mode": "http",
            "method": "POST",
            "url": config.url,
            "headers": {"Content-Type": "application/json"},
            # Packed here, because a string payload is JSON too, quotes and all.
            "body": pack_json(config.payload).decode(),
            "credential": config.credential,
        }
    )


async def _http_credential(credential_id: str, context: NodeContext) -> HttpCredential | None:
    if not credential_id:
        return None
    credential = await find_credential(credential_id, context)
    if not isinstance(credential, HttpCredential):
        raise _wrong_kind(credential, "HTTP")
    return credential


def _wrong_kind(credential: Credential, use: str) -> StepError:
    return StepError(
        f"Credential {credential.shown!r} is not for {use}. Pick another one in the node's settings.",
        retryable=False,
    )


def _merge(ours: Mapping[str, str], theirs: Mapping[str, str]) -> dict[str, str]:
    given = {name.lower() for name in theirs}
    return {name: value for name, value in ours.items() if name.lower() not in given} | dict(theirs)


def _pairs(query: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (name, as_text(value))
        for name, values in query.items()
        for value in (values if isinstance(values, list) else [values])
        if value is not None
    ]


async def _read_feed(config: RssConfig, context: NodeContext) -> list[dict[str, Any]]:
    accept = "application/rss+xml, application/atom+xml, application/xml;q=0.9, */*;q=0.5"
    reply = await context.resource(OutgoingHttp).request(
        "GET", config.url, headers={"Accept": accept}
    )
    check_status(reply, f"GET {_place(reply.url)}", context.clock.now())
    return await asyncio.to_thread(read_feed, reply.content, reply.url, config.limit)


async def _send_mail(config: EmailConfig, context: NodeContext) -> dict[str, Any]:
    mail = context.resource(OutgoingMail)
    credential = await _mail_credential(config.credential, context)
    server = _mail_server(credential) if credential else mail.server
    secrets = credential.secrets() if credential else ()
    letter = Letter(
        server.sender or mail.sender, _recipients(config), config.subject, config.body, config.html
    )
    message = compose(letter, context.clock.now(), context.idempotency_key)
    try:
        delivery = await mail.send(message, server)
    except StepError as error:
        error.args = (mask_text(str(error), secrets),)
        raise
    refused = mask(delivery.refused, secrets)
    for address, reason in refused.items():
        context.log(f"{address} was refused: {reason}")
    return {
        "accepted": list(delivery.accepted),
        "refused": refused,
        "message_id": message["Message-ID"],
    }


async def _mail_credential(credential_id: str, context: NodeContext) -> SmtpCredential | None:
    if not credential_id:
        return None
    credential = await find_credential(credential_id, context)
    if not isinstance(credential, SmtpCredential):
        raise _wrong_kind(credential, "mail")
    return credential


def _mail_server(credential: SmtpCredential) -> MailServer:
    return MailServer(
        host=credential.host,
        port=credential.port,
        username=credential.username,
        password=credential.password.get_secret_value(),
        tls=credential.tls,
        sender=credential.sender or (credential.username if "@" in credential.username else ""),
    )


async def _run_workflow(config: WorkflowConfig, context: NodeContext) -> Any:
    if isinstance(config.inputs, str):
        message = "A workflow's inputs are an object of name to value; this template gave text."
        raise StepError(message, retryable=False)
    return await context.resource(Subworkflows).run(config.workflow, config.inputs, context)


def _recipients(config: EmailConfig) -> list[str]:
    return [config.to] if isinstance(config.to, str) else config.to


def _place(url: str) -> str:
    # Without scheme and query: short, and a key in the query stays out of sight.
    return brief(url.partition("://")[2].partition("?")[0] or url, 80)
