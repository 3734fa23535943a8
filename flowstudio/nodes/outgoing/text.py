"""Text from the other side, made fit for messages and outputs."""

import re

_CHARSET = re.compile(
    r"utf-?(8|16|32)([-_]?[lb]e)?|us-ascii|ascii|latin-?1|iso-?8859-\d{1,2}|(windows-|cp)\d{3,4}"
    r"|shift[-_]jis|euc-(jp|kr)|gb(k|2312|18030)|big5|koi8-[ru]"
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def has_control(text: str) -> bool:
    """Whether text holds a line break or another control character."""
    return _CONTROL.search(text) is not None


def brief(text: str, limit: int = 200) -> str:
    """One line of at most `limit` characters that cannot pass for several log lines or move a cursor."""
    printable = "".join(
        character if character.isprintable() else " " for character in text[: limit * 4]
    )
    line = " ".join(printable.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def decode(content: bytes, charset: str) -> str:
    """Bytes as text; what the named charset cannot read becomes U+FFFD.

    Only charsets that real pages use are honoured: Python knows codecs, such as punycode, that take
    quadratic time.
    """
    if not _CHARSET.fullmatch(charset.lower()):
        charset = "utf-8"
    try:
        return content.decode(charset, errors="replace").removeprefix("\ufeff")
    except LookupError:
        return content.decode(errors="replace").removeprefix("\ufeff")
