"""The pages of public forms: plain HTML that works without a script.

Every text of a person passes `escape`; the one style sheet is allowed by its hash, and nothing else
may be loaded but the font.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from flowstudio.services.webhook_inputs import SPECIAL

#: What the names of a form's own fields begin with, so that none is taken for another.
FIELD = "input."
RECEIPT = "receipt"
_MOST_SHOWN = 20_000
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]")

_STYLE = """
@font-face { font-family: "Inter"; font-weight: 100 900; font-display: swap;
  src: url("/fonts/inter-latin-wght-normal.woff2") format("woff2"); }
:root { color-scheme: light dark; --bg: #f7f6f3; --panel: #fffefc; --line: #d6d2c8; --ink: #1d1c1a;
  --ink2: #5d5a53; --accent: #2b49d8; --on: #fff; --fail: #bf2c24; --fail-bg: #fdecea;
  --code: #f6f4ef; --shadow: 0 1px 2px #1d1c1a0d, 0 4px 12px #1d1c1a0f; }
@media (prefers-color-scheme: dark) { :root { --bg: #141413; --panel: #1b1b19; --line: #3d3c38;
  --ink: #f0eee8; --ink2: #b5b1a7; --accent: #8ea2ff; --on: #141413; --fail: #ff8d85;
  --fail-bg: #421a17; --code: #191918; --shadow: 0 1px 2px #0006, 0 6px 16px #0005; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--ink); font: 15px/1.5 "Inter", system-ui, sans-serif; }
main { width: min(600px, 100% - 32px); margin: clamp(20px, 7vh, 72px) auto 32px; padding: clamp(20px, 5vw, 36px);
  background: var(--panel); border: 1px solid var(--line); border-radius: 14px; box-shadow: var(--shadow); }
h1 { margin: 0; font-size: 23px; line-height: 1.25; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h2 { margin: 24px 0 6px; font-size: 14px; font-weight: 600; overflow-wrap: anywhere; }
p { margin: 8px 0 0; color: var(--ink2); overflow-wrap: anywhere; }
form { margin-top: 24px; display: grid; gap: 20px; }
.field { display: grid; gap: 5px; }
label, legend { font-weight: 550; overflow-wrap: anywhere; }
.hint { margin: 0; font-size: 13px; }
.need { color: var(--ink2); font-weight: 400; }
input, select, textarea { width: 100%; min-height: 42px; padding: 9px 12px; font: inherit; color: inherit;
  background: var(--bg); border: 1px solid var(--line); border-radius: 8px; }
textarea { min-height: 120px; resize: vertical; }
.check { display: flex; gap: 10px; align-items: center; }
.check input { width: 20px; height: 20px; min-height: 0; flex: none; accent-color: var(--accent); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
[aria-invalid] { border-color: var(--fail); }
.bad { margin: 0; color: var(--fail); font-size: 13px; }
.alert { margin-top: 20px; padding: 12px 14px; border-radius: 8px; background: var(--fail-bg); color: var(--fail); }
.alert ul { margin: 4px 0 0; padding-left: 20px; }
button, .button { min-height: 44px; padding: 10px 20px; font: inherit; font-weight: 600; color: var(--on);
  background: var(--accent); border: 0; border-radius: 8px; cursor: pointer; justify-self: start; }
a { color: var(--accent); }
pre { margin: 0; padding: 12px 14px; max-height: 60vh; overflow: auto; font: 13px/1.55 ui-monospace, monospace;
  white-space: pre-wrap; overflow-wrap: anywhere; background: var(--code); border: 1px solid var(--line);
  border-radius: 8px; }
footer { margin: 0 auto 32px; width: min(600px, 100% - 32px); color: var(--ink2); font-size: 13px; text-align: center; }
@media (max-width: 480px) { button { width: 100%; } }
"""
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
#: Of every page here.
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; font-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class Filled:
    """What a form is drawn with.

    Attributes:
        texts: of the fields, by name.
        problems: sentences, by name; "" holds those of no field.
    """

    receipt: str
    texts: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, Sequence[str]] = field(default_factory=dict)


def fields_of(schema: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The fields of a form by name: inputs that are not given by the request itself."""
    named = schema.get("properties")
    if not isinstance(named, Mapping):
        return {}
    return {
        name: part if isinstance(part, Mapping) else {}
        for name, part in named.items()
        if name not in SPECIAL
    }


def title_of(name: str, part: Mapping[str, Any]) -> str:
    """What a field is called."""
    title = part.get("title")
    return title if isinstance(title, str) and title else name.replace("_", " ").capitalize()


def form_page(title: str, schema: Mapping[str, Any], path: str, filled: Filled) -> str:
    """The form itself."""
    required = schema.get("required", ())
    fields = "".join(
        _field(name, part, filled, is_needed=name in required)
        for name, part in fields_of(schema).items()
    )
    about = schema.get("description")
    body = (
        f"<h1>{escape(title)}</h1>"
        f"{f'<p>{escape(about)}</p>' if isinstance(about, str) and about else ''}"
        f"{_alert(filled.problems)}"
        f'<form method="post" action="{escape(path)}" novalidate>'
        f'<input type="hidden" name="{RECEIPT}" value="{escape(filled.receipt)}">'
        f'{fields}<button type="submit" data-testid="form-submit">Send</button></form>'
    )
    return _page(f"Problem: {title}" if filled.problems else title, body)


def result_page(title: str, status: str, path: str, outputs: Mapping[str, Any] | None) -> str:
    """What came of it; looks again by itself while that is not known."""
    heading, says, again_s = _STATUS.get(status, _STATUS["running"])
    shown = "".join(
        f"<h2>{escape(str(name))}</h2><pre tabindex=0>{escape(_text(value))}</pre>"
        for name, value in (outputs or {}).items()
    )
    body = (
        f'<h1 data-testid="form-status">{heading}</h1><p>{escape(title)}</p><p role="status">{says}</p>'
        f'{shown}<p><a href="{escape(path)}">Fill in another one</a></p>'
    )
    refresh = f'<meta http-equiv="refresh" content="{again_s}">' if again_s else ""
    return _page(f"{heading}: {title}", body, refresh)


def message_page(heading: str, says: str) -> str:
    """A page that only says something."""
    return _page(heading, f"<h1>{escape(heading)}</h1><p>{escape(says)}</p>")


_STATUS = {
    "running": ("Thank you", "It is being worked on. This page looks again by itself.", 3),
    "waiting": ("Thank you", "A person has to look at it. This page looks again by itself.", 15),
    "succeeded": ("Done", "Your answers were taken and worked on.", 0),
    "failed": ("That did not work", "Something went wrong on our side. You may try again.", 0),
    "cancelled": ("It was stopped", "Somebody stopped it. You may try again.", 0),
}


def _alert(problems: Mapping[str, Sequence[str]]) -> str:
    if not problems:
        return ""
    rest = "".join(f"<li>{escape(text)}</li>" for text in problems.get("", ()))
    listed = f"<ul>{rest}</ul>" if rest else ""
    says = "Please look at the fields that are marked." if any(problems) else "Please try again."
    return f'<div class="alert" role="alert" data-testid="form-problems">{says}{listed}</div>'


def _field(name: str, part: Mapping[str, Any], filled: Filled, *, is_needed: bool) -> str:
    where = f"field-{_UNSAFE.sub('-', name)}"
    wrong = filled.problems.get(name, ())
    hint = part.get("description")
    hint = hint if isinstance(hint, str) else ""
    described = [
        *([f"{where}-hint"] if hint else []),
        *([f"{where}-bad"] if wrong else []),
    ]
    marks = f' id="{where}" name="{FIELD}{escape(name)}"'
    marks += f' aria-describedby="{" ".join(described)}"' if described else ""
    marks += ' aria-invalid="true"' if wrong else ""
    text = filled.texts.get(name, _default(part))
    title = escape(title_of(name, part))
    is_boolean = part.get("type") == "boolean"
    if is_needed and not is_boolean:
        marks += " required"
    optional = "" if is_needed or is_boolean else ' <span class="need">(optional)</span>'
    label = f'<label for="{where}">{title}{optional}</label>'
    control = _control(part, marks, text)
    shown = f'<div class="check">{control}{label}</div>' if is_boolean else label + control
    about = f'<p class="hint" id="{where}-hint">{escape(hint)}</p>' if hint else ""
    bad = f'<p class="bad" id="{where}-bad">{escape(" ".join(wrong))}</p>' if wrong else ""
    return f'<div class="field">{shown}{about}{bad}</div>'


def _control(part: Mapping[str, Any], marks: str, text: str) -> str:
    kind, form = part.get("type"), part.get("format")
    if isinstance(part.get("enum"), list) and kind != "boolean":
        return f"<select{marks}>{_options(part['enum'], text)}</select>"
    if kind == "boolean":
        return f'<input type="checkbox" value="true"{marks}{" checked" if text == "true" else ""}>'
    if form == "textarea" or kind in ("object", "array"):
        return f"<textarea{marks} rows=5>\n{escape(text)}</textarea>"
    more = _LIMITS.get(str(kind), "")
    types = {"date": "date", "email": "email", "uri": "url", "time": "time"}
    shown = types.get(str(form), "number" if kind in ("integer", "number") else "text")
    return f'<input type="{shown}"{more}{marks} value="{escape(text)}">'


_LIMITS = {"integer": ' step="1" inputmode="numeric"', "number": ' step="any" inputmode="decimal"'}


def _options(options: Iterable[Any], text: str) -> str:
    listed = ['<option value="">Choose…</option>']
    for option in options:
        written = written_of(option)
        chosen = " selected" if written == text and text else ""
        listed.append(f'<option value="{escape(written)}"{chosen}>{escape(written)}</option>')
    return "".join(listed)


def _default(part: Mapping[str, Any]) -> str:
    return written_of(part["default"]) if "default" in part else ""


def written_of(value: Any) -> str:
    """A value as the text of its field."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"


def _page(title: str, body: str, head: str = "") -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="robots" content="noindex">'
        f"<title>{escape(title)}</title>{head}<style>{_STYLE}</style></head>"
        f"<body><main>{body}</main><footer>Made with FlowStudio</footer></body></html>"
    )
