"""The page of the API, as HTML made on the server; everything from the document is escaped."""

import re
from html import escape
from itertools import groupby
from typing import Any

from flowstudio.api.docs_examples import content_of, curl_of
from flowstudio.api.openapi import operations
from flowstudio.api.problems import DOOR_KINDS, KINDS

#: The app's own choice of light or dark, before the first paint.
THEME_SCRIPT = (
    'const t=localStorage.getItem("theme")||"system";document.documentElement.classList.toggle('
    '"dark",t==="dark"||t==="system"&&matchMedia("(prefers-color-scheme: dark)").matches)'
)
_CODE = re.compile(r"`([^`]+)`")
_LINK = "Every list, run and workflow of FlowStudio, for programs."


def page(document: dict[str, Any]) -> str:
    """The whole page."""
    schemas = document["components"]["schemas"]
    groups = _by_tag(document)
    body = "".join(_group(tag, entries, schemas) for tag, entries in groups)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>API · {escape(document['info']['title'])}</title>"
        f'<meta name="description" content="{_LINK}">'
        '<link rel="icon" href="/favicon.svg" type="image/svg+xml">'
        '<link rel="stylesheet" href="/tokens.css"><link rel="stylesheet" href="/api-docs.css">'
        f"<script>{THEME_SCRIPT}</script></head><body>"
        '<a class="skip" href="#content">Skip to the content</a>'
        f'{_bar(document)}<div class="frame">{_contents(groups)}<main id="content" tabindex="-1">'
        f"{_introduction(document)}{body}{_problems()}</main></div></body></html>"
    )


Entry = tuple[str, str, dict[str, Any]]


def _by_tag(document: dict[str, Any]) -> list[tuple[str, list[Entry]]]:
    every = list(operations(document))
    tags = list(dict.fromkeys(entry[2]["tags"][0] for entry in every))
    every.sort(key=lambda entry: tags.index(entry[2]["tags"][0]))
    return [(tag, list(found)) for tag, found in groupby(every, lambda one: one[2]["tags"][0])]


def _bar(document: dict[str, Any]) -> str:
    version = escape(document["info"]["version"])
    return (
        '<header class="bar"><a class="brand" href="/"><img src="/favicon.svg" width="26" '
        'height="26" alt="">FlowStudio</a><span class="crumb">API</span>'
        f'<span class="pill" data-tone="idle">{version}</span>'
        '<a class="button" href="/api/openapi.json">OpenAPI document</a></header>'
    )


def _contents(groups: list[tuple[str, list[Entry]]]) -> str:
    links = "".join(
        f'<li><a href="#{_anchor(tag)}">{_title(tag)}<span>{len(entries)}</span></a></li>'
        for tag, entries in groups
    )
    return (
        '<nav class="contents" aria-label="Contents"><ul><li><a href="#start">Start here</a></li>'
        f'{links}<li><a href="#problems">Problems</a></li></ul></nav>'
    )


def _introduction(document: dict[str, Any]) -> str:
    call = (
        "export FLOWSTUDIO_SERVER=http://127.0.0.1:3000\n"
        "read -rs FLOWSTUDIO_KEY    # an API key of your account, kept out of the history\n"
        'curl "$FLOWSTUDIO_SERVER/api/v1/projects" -H "Authorization: Bearer $FLOWSTUDIO_KEY"'
    )
    return (
        f'<section id="start"><h1>{escape(document["info"]["title"])} API</h1>'
        f'<p class="lead">{_text(document["info"]["description"])}</p>{_code(call)}</section>'
    )


def _group(tag: str, entries: list[Entry], schemas: dict[str, Any]) -> str:
    cards = "".join(_operation(*entry, schemas) for entry in entries)
    return f'<section id="{_anchor(tag)}"><h2>{_title(tag)}</h2>{cards}</section>'


def _operation(path: str, method: str, operation: dict[str, Any], schemas: dict[str, Any]) -> str:
    return (
        f'<details class="card" id="{escape(operation["operationId"])}"><summary>'
        f'<span class="method" data-method="{method}">{method.upper()}</span>'
        f'<code class="path">{_breakable(path)}</code>'
        f'<span class="what">{escape(operation.get("summary", ""))}</span></summary>'
        f'<div class="inside">{_who(operation)}'
        f'<p class="lead">{_text(operation.get("description", ""))}</p>'
        f"{_parameters(operation)}<h3>Request</h3>"
        f"{_code(curl_of(path, method, operation, schemas))}"
        f"<h3>Replies</h3>{_replies(operation, schemas)}</div></details>"
    )


def _who(operation: dict[str, Any]) -> str:
    level, least, scope = operation["x-level"], operation["x-least-role"], operation["x-scope"]
    who = {
        "anyone": "Anyone",
        "own": "Signed in" if least == "guest" else f"Role {least}",
        "project": f"{least.title()} of the project",
        "instance": "Admin",
    }[level]
    pills = [_pill("idle" if level == "anyone" else "run", who)]
    if scope:
        pills.append(_pill("cache", f"Key with {scope}"))
    elif level != "anyone":
        pills.append(_pill("stale", "No API keys"))
    return f'<p class="pills">{"".join(pills)}</p>'


def _pill(tone: str, words: str) -> str:
    return f'<span class="pill" data-tone="{tone}">{escape(words)}</span>'


def _parameters(operation: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(parameter['name'])}</code></td>"
        f"<td>{escape(parameter['in'])}{', needed' if parameter.get('required') else ''}</td>"
        f"<td>{_text(parameter.get('description', '') or _bounds(parameter['schema']))}</td></tr>"
        for parameter in operation.get("parameters", ())
    )
    if not rows:
        return ""
    head = "<tr><th>Name</th><th>Where</th><th>What</th></tr>"
    return f'<h3>Parameters</h3><div class="table"><table>{head}{rows}</table></div>'


def _bounds(schema: dict[str, Any]) -> str:
    kind = schema.get("type", "")
    return f"One of {', '.join(map(str, schema['enum']))}." if "enum" in schema else str(kind)


def _replies(operation: dict[str, Any], schemas: dict[str, Any]) -> str:
    every = operation["responses"].items()
    good = "".join(_reply(status, told, schemas) for status, told in every if status < "400")
    bad = "".join(
        f'<a href="#problems">{_pill("fail", status + " " + told["description"])}</a>'
        for status, told in every
        if status >= "400"
    )
    return f'{good}<p class="pills">{bad}</p>'


def _reply(status: str, told: dict[str, Any], schemas: dict[str, Any]) -> str:
    tone = "ok" if status < "300" else "run"
    example = content_of(told, schemas)
    line = f"{_pill(tone, status)}<span>{_text(told.get('description', ''))}</span>"
    return f'<p class="reply">{line}</p>{_code(example) if example else ""}'


def _problems() -> str:
    kinds = sorted(
        {*KINDS.values(), *DOOR_KINDS.values()}, key=lambda kind: (kind.status, kind.slug)
    )
    seen: dict[str, str] = {}
    for kind in kinds:
        seen.setdefault(
            kind.slug,
            f'<tr id="{kind.slug}"><td>{_pill("fail", str(kind.status))}</td>'
            f"<td><code>{kind.slug}</code></td><td>{escape(kind.title)}</td></tr>",
        )
    return (
        '<section id="problems"><h2>Problems</h2><p class="lead">Every failure is '
        "<code>application/problem+json</code>: <code>type</code> ends in one of these words, "
        "<code>detail</code> says what to do, <code>problems</code> lists everything that is wrong "
        f'with an input.</p><div class="table card"><table>{"".join(seen.values())}</table></div>'
        "</section>"
    )


def _text(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", escape(text)).replace("\n\n", "<br><br>")


def _code(text: str) -> str:
    return f'<pre tabindex="0"><code>{escape(text)}</code></pre>'


def _breakable(path: str) -> str:
    return escape(path).replace("/", "/<wbr>")


def _anchor(tag: str) -> str:
    return f"tag-{escape(re.sub(r'[^a-z0-9]+', '-', tag.lower()))}"


def _title(tag: str) -> str:
    return escape(tag[:1].upper() + tag[1:])
