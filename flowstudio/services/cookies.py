"""The cookies a signed-in browser carries: names every door knows, and how they are read.

On HTTPS the names carry the prefixes that make browsers insist on how such a cookie was set.
"""

from dataclasses import dataclass

from flowstudio.settings import Settings

#: The one path a browser sends the refresh cookie to.
REFRESH_PATH = "/api/v1/auth/refresh"


@dataclass(frozen=True, slots=True)
class CookieNames:
    """What the cookies of this installation are called.

    Attributes:
        access: the access token; HttpOnly.
        refresh: the refresh token; HttpOnly, sent to `REFRESH_PATH` alone.
        until: when access ends, in seconds since 1970; scripts may read it.
    """

    access: str
    refresh: str
    until: str = "fs_until"


def cookie_names(settings: Settings) -> CookieNames:
    """The names for an installation reached by HTTP or HTTPS."""
    if settings.is_secure:
        return CookieNames("__Host-fs_at", "__Secure-fs_rt")
    return CookieNames("fs_at", "fs_rt")


def read_cookie(header: str, name: str) -> str:
    """The value of a cookie in a `Cookie` header, or ""; of several, the first."""
    for part in header.split(";"):
        found, _, value = part.strip().partition("=")
        if found == name:
            return value.strip('"')
    return ""
