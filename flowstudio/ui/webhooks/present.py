"""Webhooks and forms in words, with an example of how each is called."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flowstudio.services.webhooks import WebhookView
from flowstudio.ui.widgets import words

_KINDS = {"webhook": "Webhook", "form": "Form"}
_AUTHS = {"none": "Open", "header": "Secret in a header", "hmac": "Signed"}
_SAMPLES: Mapping[str, Any] = {
    "integer": 1,
    "number": 1.5,
    "boolean": True,
    "array": [],
    "object": {},
}
_GIVEN = frozenset({"body", "headers", "query", "method"})
_MOST_SHOWN = 10


@dataclass(frozen=True, slots=True)
class RequestRow:
    """A request that came in."""

    id: str = ""
    title: str = ""
    text: str = ""
    status: str = ""
    tone: str = "plain"
    run: str = ""
    head: str = ""
    body: str = ""


@dataclass(frozen=True, slots=True)
class LinkCard:
    """One webhook or form, and what its form of settings begins with."""

    id: str = ""
    name: str = ""
    kind: str = ""
    is_form: bool = False
    auth: str = ""
    auth_text: str = ""
    auth_header: str = ""
    methods: str = ""
    respond: str = ""
    timeout: str = ""
    key_from: str = ""
    per_minute: str = ""
    per_day: str = ""
    shows_outputs: str = ""
    is_enabled: bool = True
    has_secret: bool = False
    url: str = ""
    test_url: str = ""
    trouble: str = ""
    example: str = ""
    action: str = ""
    requests: list[RequestRow] = field(default_factory=list)
    tests: list[RequestRow] = field(default_factory=list)


def link_card(view: WebhookView, requests: Sequence[Any], now: datetime) -> LinkCard:
    """A link as its card shows it."""
    record = view.record
    rows = [(one.is_test, _request(one, now)) for one in requests]
    return LinkCard(
        id=record.id,
        name=record.name,
        kind=_KINDS[record.kind],
        is_form=record.kind == "form",
        auth=record.auth,
        auth_text=_AUTHS[record.auth],
        auth_header=record.auth_header,
        methods=" ".join(record.methods),
        respond=record.respond,
        timeout=f"{record.timeout_s:g}",
        key_from=record.key_from,
        per_minute=str(record.per_minute),
        per_day=str(record.per_day or ""),
        shows_outputs="on" if record.shows_outputs else "",
        is_enabled=record.is_enabled,
        has_secret=record.has_secret,
        url=view.url,
        test_url=view.test_url,
        trouble=view.trouble,
        example=example(view) if view.url and record.kind == "webhook" else "",
        action=f"/api/v1/webhooks/{record.id}",
        requests=[row for is_test, row in rows if not is_test][:_MOST_SHOWN],
        tests=[row for is_test, row in rows if is_test][:_MOST_SHOWN],
    )


def example(view: WebhookView) -> str:
    """How a shell calls a webhook."""
    record = view.record
    method = "POST" if "POST" in record.methods else record.methods[0]
    body = json.dumps(_sample(view.schema)).replace("'", "'\\''")
    call = f"curl -X {method} '{view.url}' \\\n  -H 'Content-Type: application/json'"
    if record.auth == "header":
        return f"{call} \\\n  -H \"{record.auth_header}: $SECRET\" \\\n  -d '{body}'"
    if record.auth == "none":
        return f"{call} \\\n  -d '{body}'"
    return (
        f"body='{body}'\n"
        "id=msg_$(openssl rand -hex 8)\n"
        "at=$(date +%s)\n"
        "key=$(printf %s \"${SECRET#whsec_}\" | base64 -d | od -An -v -tx1 | tr -d ' \\n')\n"
        'signature=$(printf \'%s.%s.%s\' "$id" "$at" "$body" |\n'
        '  openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64)\n'
        f'{call} \\\n  -H "webhook-id: $id" -H "webhook-timestamp: $at" \\\n'
        '  -H "webhook-signature: v1,$signature" \\\n  -d "$body"'
    )


def _sample(schema: Mapping[str, Any]) -> dict[str, Any]:
    named = schema.get("properties")
    if not isinstance(named, Mapping):
        return {}
    return {name: _value(part) for name, part in named.items() if name not in _GIVEN}


def _value(part: Any) -> Any:
    if not isinstance(part, Mapping):
        return "text"
    if "default" in part:
        return part["default"]
    if options := part.get("enum"):
        return options[0]
    return _SAMPLES.get(str(part.get("type")), "text")


def _request(record: Any, now: datetime) -> RequestRow:
    pairs = json.loads(record.headers)
    query = "&".join(f"{name}={value}" for name, value in json.loads(record.query))
    return RequestRow(
        id=record.id,
        title=f"{record.method}{f' ?{query}' if query else ''}",
        text=f"{words.ago(record.at, now)} · {record.size:,} bytes",
        status=str(record.status),
        tone="good" if record.status < 400 else "bad",
        run=f"/runs/{record.run_id}" if record.run_id else "",
        head="\n".join(f"{name}: {value}" for name, value in pairs),
        body=record.detail if record.detail and not record.body else _body(record),
    )


def _body(record: Any) -> str:
    shown = record.body or "(no body)"
    return f"{record.detail}\n\n{shown}" if record.detail else str(shown)
