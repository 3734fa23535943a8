"""Reading RSS and Atom feeds from untrusted XML."""

import html
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from flowstudio.errors import StepError

_ROOTS = frozenset({"rss", "feed", "RDF"})
_ENTRIES = frozenset({"item", "entry"})
#: Markup beyond this is left out of a summary.
_MAX_MARKUP = 20_000
#: No feed has more; a tree of millions of empty elements would fill the memory.
_MAX_ELEMENTS = 200_000
_TAG = re.compile(r"(<[^<>]*>)")
_HIDDEN = re.compile(r"<(script|style)\b", re.IGNORECASE)


def read_feed(content: bytes, url: str, limit: int) -> list[dict[str, Any]]:
    """The first entries of a feed, in its own order.

    Each has `title`, `link`, `published` (ISO 8601 in UTC, or null), `summary` (plain text) and
    `id`. Links are absolute http or https URLs, or empty.

    Args:
        content: RSS 0.9 to 2.0 or Atom.
        url: relative links start from.
        limit: reading stops after so many entries.

    Raises:
        StepError: not a feed, or XML that declares entities.
    """
    entries: list[dict[str, Any]] = []
    # Messages leave the query out: it may hold a key.
    shown = url.partition("?")[0]
    try:
        for element in _entries(content):
            entries.append(_entry(element, url))
            if len(entries) >= limit:
                break
    except DefusedXmlException as error:
        raise StepError(
            f"The feed at {shown} declares XML entities, which could blow up or read files; "
            "it was not read.",
            retryable=False,
        ) from error
    except (ParseError, ValueError, LookupError) as error:
        raise StepError(
            f"What stands at {shown} is not a feed: {error}.", retryable=False
        ) from error
    return entries


def _entries(content: bytes) -> Iterator[Element]:
    elements = 0
    for event, element in iterparse(io.BytesIO(content), events=("start", "end")):
        if event == "start":
            elements += 1
            if elements == 1 and _name(element) not in _ROOTS:
                message = f"its root is <{_name(element)[:40]}>, not rss, feed or RDF"
                raise ValueError(message)
            if elements > _MAX_ELEMENTS:
                message = f"it has more than {_MAX_ELEMENTS:,} elements"
                raise ValueError(message)
        elif _name(element) in _ENTRIES:
            yield element
            # What was read is let go, so a long feed needs no more memory than a short one.
            element.clear()


def _entry(element: Element, url: str) -> dict[str, Any]:
    parts: dict[str, Element] = {}
    for child in element:
        if not (_name(child) == "link" and child.get("rel", "alternate") != "alternate"):
            parts.setdefault(_name(child), child)
    link = _link(parts.get("link"), url)
    return {
        "title": _plain(_first(parts, "title")),
        "link": link,
        "published": _when(_first(parts, "pubDate", "published", "date", "updated")),
        "summary": _plain(_first(parts, "description", "summary", "encoded", "content")),
        "id": _first(parts, "guid", "id").strip() or link,
    }


def _name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _first(parts: dict[str, Element], *names: str) -> str:
    for name in names:
        if name in parts and (text := "".join(parts[name].itertext())).strip():
            return text
    return ""


def _link(element: Element | None, url: str) -> str:
    if element is None:
        return ""
    try:
        link = urljoin(url, (element.get("href") or element.text or "").strip())
    except ValueError:
        return ""
    return link if link.lower().startswith(("http://", "https://")) else ""


def _when(text: str) -> str | None:
    text = text.strip()
    if not text:
        return None
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = read(text)
        except (ValueError, TypeError, OverflowError):
            continue
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        try:
            return moment.astimezone(UTC).isoformat()
        except OverflowError:
            return None
    return None


def _plain(markup: str) -> str:
    pieces: list[str] = []
    hidden = False
    # Split at tags rather than parsed: time stays linear in whatever somebody sends.
    for index, part in enumerate(_TAG.split(markup[:_MAX_MARKUP])):
        if index % 2:
            hidden = bool(_HIDDEN.match(part))
            pieces.append(" ")
        elif not hidden:
            pieces.append(part)
    return " ".join(html.unescape("".join(pieces)).split())
