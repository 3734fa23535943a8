"""Where a browser may be sent after signing in: to a page of this site, and nowhere else."""

import re
from urllib.parse import unquote, urlsplit

HOME = "/"
#: It travels in a cookie.
_LONGEST = 1_000
#: The characters of a path, a query and a fragment (RFC 3986). Nothing else arrives at a browser
#: as it was read here: tabs and line ends vanish, a backslash becomes a slash.
_LOCAL = re.compile(r"/[A-Za-z0-9\-._~!$&'()*+,;=:@%/?#]*")


def safe_next(text: str | None) -> str:
    """The path to go on with, or "/" for whatever is not plainly a page of this site."""
    if not text or len(text) > _LONGEST or not _LOCAL.fullmatch(text):
        return HOME
    path = _decoded(urlsplit(text).path) if not text.startswith("//") else "//"
    parts = path.split("/")[1:]
    # `//host` is an address elsewhere, for whoever decodes or shortens a path before using it.
    is_odd = any(part in {".", ".."} for part in parts) or "" in parts[:-1]
    is_page = not is_odd and parts[0] != "api" and path.isprintable() and "\\" not in path
    return text if is_page else HOME


def _decoded(path: str) -> str:
    # Proxies decode once, and some twice. What is still encoded after that stays so.
    for _ in range(3):
        path = unquote(path)
    return path
