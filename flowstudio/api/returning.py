"""Browsers that come back from another service."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from fastapi.responses import RedirectResponse, Response

from flowstudio.services.access import Actor
from flowstudio.services.origin import Origin
from flowstudio.services.outside import OutsideRefusedError, Refusal
from flowstudio.services.studio import Studio

SIGN_IN_PAGE = "/sign-in"


async def returned(studio: Studio, actor: Actor, flow: Mapping[str, Any], origin: Origin) -> Actor:
    """The person who left, if nobody else signed in in their browser meanwhile.

    Raises:
        OutsideRefusedError: their session has ended, or it is not the browser's any more.
    """
    who = await studio.identities.traveller(flow["user"], flow["session"], origin)
    if actor.is_signed_in and actor.session_id != who.session_id:
        raise OutsideRefusedError(Refusal.SIGNED_OUT)
    return who


def refuse(page: str, refusal: OutsideRefusedError) -> Response:
    """Send the browser to a page that shows the sentence of a refusal."""
    path, mark, fragment = page.partition("#")
    joint = "&" if "?" in path else "?"
    query = urlencode({"error": refusal.code})
    return RedirectResponse(f"{path}{joint}{query}{mark}{fragment}", 302)
