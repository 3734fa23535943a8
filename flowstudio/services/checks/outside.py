"""What FlowStudio talks to: the mail server and OpenRouter, when they are set."""

import asyncio

import httpx

from flowstudio.errors import FlowStudioError
from flowstudio.nodes.outgoing.mail import OutgoingMail
from flowstudio.services.checks.finding import Finding, problem, warning
from flowstudio.settings import Settings

_WAIT_S = 10.0
_REFUSED = (401, 403)


def check_mail(settings: Settings) -> Finding:
    """Greet the mail server, sign in, and send nothing."""
    if not settings.smtp_url.get_secret_value():
        return Finding(
            "Mail", f"no server is set; mail is written to {settings.data_dir / 'outbox'}"
        )
    try:
        outgoing = OutgoingMail(settings)
        server = outgoing.server
        asyncio.run(_greet(outgoing))
    except (FlowStudioError, TimeoutError) as error:
        return problem(
            "Mail",
            str(error) or "The mail server did not answer.",
            "Invitations, new passwords and e-mail nodes need it.",
            "Correct FLOWSTUDIO_SMTP_URL, or let this machine through to the server.",
        )
    return Finding("Mail", f"{server.host}, port {server.port}, answers")


async def _greet(outgoing: OutgoingMail) -> None:
    async with asyncio.timeout(_WAIT_S):
        await outgoing.greet(outgoing.server)


def check_openrouter(settings: Settings) -> Finding:
    """Whether OpenRouter is in reach and takes the key; nothing is spent."""
    key = settings.openrouter_api_key.get_secret_value()
    host = httpx.URL(settings.openrouter_base_url).host
    if not key:
        return Finding("OpenRouter", "no key; the built-in model answers every task")
    try:
        reply = httpx.get(
            f"{settings.openrouter_base_url.rstrip('/')}/key",
            headers={"authorization": f"Bearer {key}"},
            timeout=_WAIT_S,
        )
    except httpx.HTTPError as error:
        return problem(
            "OpenRouter",
            f"{host} cannot be reached: {type(error).__name__}",
            "Every call of one of its models fails.",
            "Look at the network, a proxy, or FLOWSTUDIO_OPENROUTER_BASE_URL.",
        )
    if reply.status_code in _REFUSED:
        return problem(
            "OpenRouter",
            f"{host} refuses the key",
            "Every call of one of its models fails.",
            "Set FLOWSTUDIO_OPENROUTER_API_KEY to a key of https://openrouter.ai/keys.",
        )
    if reply.status_code >= 500:
        return warning(
            "OpenRouter",
            f"{host} answers with {reply.status_code}",
            "Its models may fail for now.",
            "Try again later.",
        )
    return Finding("OpenRouter", f"{host} is in reach and takes the key")
