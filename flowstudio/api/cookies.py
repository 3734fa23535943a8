"""Setting the cookies of a signed-in browser, and taking them away.

None but `fs_until`, which says nothing but a time, can be read by scripts.
"""

from datetime import timedelta

from starlette.responses import Response

from flowstudio.services.cookies import REFRESH_PATH, cookie_names
from flowstudio.services.sessions import SignIn
from flowstudio.settings import Settings

#: As long as a refresh token waits to be used. The access token in its cookie ends much earlier.
_KEPT_S = int(timedelta(days=14).total_seconds())


def set_cookies(response: Response, settings: Settings, sign_in: SignIn) -> None:
    """Give a browser what it shows from now on."""
    names, secure = cookie_names(settings), settings.is_secure
    response.set_cookie(
        names.access,
        sign_in.access_token,
        max_age=_KEPT_S,
        path="/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )
    response.set_cookie(
        names.refresh,
        sign_in.refresh_token,
        max_age=_KEPT_S,
        path=REFRESH_PATH,
        secure=secure,
        httponly=True,
        samesite="strict",
    )
    response.set_cookie(
        names.until,
        str(int(sign_in.expires_at.timestamp())),
        max_age=_KEPT_S,
        path="/",
        secure=secure,
        samesite="lax",
    )


def clear_cookies(response: Response, settings: Settings) -> None:
    """Take everything away that `set_cookies` gave."""
    names, secure = cookie_names(settings), settings.is_secure
    response.delete_cookie(names.access, "/", secure=secure, httponly=True, samesite="lax")
    response.delete_cookie(
        names.refresh, REFRESH_PATH, secure=secure, httponly=True, samesite="strict"
    )
    response.delete_cookie(names.until, "/", secure=secure, samesite="lax")
