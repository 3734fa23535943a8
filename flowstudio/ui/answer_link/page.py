"""What such a page says, as HTML made on the server; everything from outside is escaped."""

from collections.abc import Sequence
from html import escape

from flowstudio.services.answer_links import Ask
from flowstudio.ui.widgets.fields import Field, fields_of

_HEAD = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    '<meta name="robots" content="noindex">'
    '<link rel="icon" href="/favicon.svg" type="image/svg+xml">'
    '<link rel="stylesheet" href="/tokens.css"><link rel="stylesheet" href="/answer.css">'
)


def ask_page(
    ask: Ask,
    *,
    fields: Sequence[Field] | None = None,
    comment: str = "",
    problems: Sequence[str] = (),
) -> str:
    """A question with the ways to answer it, or the word that there is nothing to answer.

    Args:
        ask: what is asked.
        fields: of its form, as they were typed; None for a form nobody has filled in yet.
        comment: that was typed.
        problems: of an answer that was not taken.
    """
    title = f"{ask.workflow} asks {ask.person}"
    if ask.waiting is None:
        return message_page("Answered" if "answered" in ask.over else "Too late", ask.over, ask)
    faults = "".join(f"<li>{escape(problem)}</li>" for problem in problems)
    body = (
        f'<p class="over">{escape(ask.workflow)} · {escape(ask.node)}</p>'
        f"<h1>{_HEADINGS[ask.waiting.kind]}</h1>"
        f'<div class="message"{_reach(ask.waiting.message)}>{escape(ask.waiting.message)}</div>'
        + (f'<ul class="problems" role="alert">{faults}</ul>' if faults else "")
        + '<form method="post" accept-charset="utf-8">'
        + (_verdict(comment) if ask.waiting.kind == "approval" else _form(ask, fields))
        + "</form>"
        f'<p class="foot">You answer as {escape(ask.person)}, once. This link is for you alone and '
        f"works until {ask.expires_at:%Y-%m-%d %H:%M} UTC. "
        f'<a href="/runs/{escape(ask.run_id)}">Sign in to see the run</a>.</p>'
    )
    return _whole(title, body)


def _reach(text: str) -> str:
    """A long text scrolls in its place, and so must be reached by keys as well."""
    is_long = len(text) > _LONG or text.count("\n") > _LONG_LINES
    return ' tabindex="0" role="region" aria-label="What is asked"' if is_long else ""


_LONG, _LONG_LINES = 600, 8
_HEADINGS = {"approval": "Your approval is asked for", "form": "Please fill this in"}


def message_page(title: str, text: str, ask: Ask | None = None) -> str:
    """A page that only says something."""
    where = f'<p class="over">{escape(ask.workflow)} · {escape(ask.node)}</p>' if ask else ""
    link = f"/runs/{escape(ask.run_id)}" if ask else "/"
    words = "Sign in to see the run" if ask else "Go to FlowStudio"
    body = (
        f'{where}<h1>{escape(title)}</h1><p class="message">{escape(text)}</p>'
        f'<p class="foot"><a href="{link}">{words}</a></p>'
    )
    return _whole(title, body)


def _verdict(comment: str) -> str:
    return (
        '<div class="field"><label for="comment">Comment</label>'
        f'<textarea id="comment" name="comment" rows="3" maxlength="10000">{escape(comment)}</textarea>'
        '</div><div class="buttons">'
        '<button class="primary" name="verdict" value="approve">Approve</button>'
        '<button name="verdict" value="reject">Reject</button></div>'
    )


def _form(ask: Ask, typed: Sequence[Field] | None) -> str:
    schema = ask.waiting.fields if ask.waiting is not None else None
    fields = typed if typed is not None else fields_of(schema or {})
    drawn = "".join(_field(field) for field in fields)
    return f'{drawn}<div class="buttons"><button class="primary">Send answer</button></div>'


def _field(field: Field) -> str:
    key = escape(f"field-{field.name}")
    mark = ' <span class="mark">required</span>' if field.required else ""
    lines = "One on each line. " if field.kind == "lines" else ""
    help_text = f'<p class="help" id="help-{key}">{escape(lines + field.help)}</p>'
    error = f'<p class="error" id="error-{key}">{escape(field.error)}</p>' if field.error else ""
    return (
        f'<div class="field"><label for="{key}">{escape(field.label)}{mark}</label>'
        f"{_input(field, key)}{help_text if lines + field.help else ''}{error}</div>"
    )


def _input(field: Field, key: str) -> str:
    says = [f"help-{key}"] if field.help or field.kind == "lines" else []
    says += [f"error-{key}"] if field.error else []
    said = f'id="{key}" name="{key}"'
    said += f' aria-describedby="{" ".join(says)}"' if says else ""
    said += ' aria-invalid="true"' if field.error else ""
    if field.kind == "boolean":
        checked = " checked" if field.value == "on" else ""
        return f'<input type="checkbox" {said}{checked}>'
    if field.kind == "choice":
        options = ([] if field.required else [""]) + field.options
        drawn = "".join(
            f'<option value="{escape(option)}"{" selected" if option == field.value else ""}>'
            f"{escape(option)}</option>"
            for option in options
        )
        return f"<select {said}>{drawn}</select>"
    if field.kind in ("long", "lines", "json"):
        return f'<textarea {said} rows="5">{escape(field.value)}</textarea>'
    mode = {"integer": "numeric", "number": "decimal"}.get(field.kind, "text")
    return f'<input type="text" inputmode="{mode}" {said} value="{escape(field.value)}">'


def _whole(title: str, body: str) -> str:
    return (
        f"{_HEAD}<title>{escape(title)} · FlowStudio</title></head><body>"
        '<header><img src="/favicon.svg" alt="" width="26" height="26">FlowStudio</header>'
        f'<main class="card">{body}</main></body></html>'
    )
