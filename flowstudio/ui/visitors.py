"""Who is behind a request or an open websocket, by the signed cookie it was opened with."""

from collections.abc import Mapping
from dataclasses import replace

from flowstudio.errors import AccessDeniedError, NotSignedInError
from flowstudio.graph.ids import new_id
from flowstudio.services.access import NOBODY, RULES, Actor, authorize
from flowstudio.services.cookies import cookie_names, read_cookie
from flowstudio.services.origin import Origin
from flowstudio.ui.backend import backend

#: Headers in which the socket's door notes what it found; a client's own are dropped there.
ADDRESS_HEADER = "x-flowstudio-address"


async def find_actor(headers: Mapping[str, str], verb: str) -> Actor:
    """The person behind a socket with these handshake headers, if they may try the verb at all.

    What the verb is done to is for the service to check.

    Raises:
        NotSignedInError: nobody is there, or nobody any more, and the verb is not for anyone.
        AccessDeniedError: the person has the verb nowhere.
    """
    names = cookie_names(backend().settings)
    token = read_cookie(headers.get("cookie", ""), names.access)
    origin = Origin(
        address=headers.get(ADDRESS_HEADER, ""),
        user_agent=headers.get("user-agent", "")[:300],
        request_id=new_id(),
    )
    is_public = RULES[verb].level == "anyone"
    if not token and is_public:
        return replace(NOBODY, address=origin.address, request_id=origin.request_id)
    try:
        actor = await backend().studio.sessions.actor(token, origin, is_open=True)
    except NotSignedInError:
        if is_public:
            return replace(NOBODY, address=origin.address, request_id=origin.request_id)
        raise
    _admit(actor, verb)
    return actor


def _admit(actor: Actor, verb: str) -> None:
    rule = RULES[verb]
    if rule.level != "project":
        authorize(actor, verb)
    elif actor.role != "admin" and actor.memberships and not actor.projects_with(verb):
        message = f"This needs the role {rule.least} in a project, and you have it in none."
        raise AccessDeniedError(message)
