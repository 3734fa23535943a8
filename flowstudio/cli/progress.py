"""A run's progress on a terminal: a line a step, and text as it streams."""

from collections.abc import AsyncIterator

import click

from flowstudio.engine.events import Event

_MARKS = {
    "step_succeeded": ("✓", "green"),
    "step_failed": ("✗", "red"),
    "step_skipped": ("-", "bright_black"),
    "step_waiting": ("…", "magenta"),
}


async def show(events: AsyncIterator[Event]) -> None:
    """Print events until they end, on standard error."""
    printer = Printer()
    async for event in events:
        printer.take(event)
    printer.end_line()


class Printer:
    """Lets one step stream at a time; text of others waits until that one has ended."""

    def __init__(self) -> None:
        self._speaker = ""
        self._part = ""
        self._kept: dict[str, list[str]] = {}

    def take(self, event: Event) -> None:
        """Print what is to be seen of an event."""
        if event.type == "step_streamed":
            self._stream(event)
        elif event.type in _MARKS:
            self._finish(event)

    def _stream(self, event: Event) -> None:
        text = event.data.get("text", "")
        if not text:
            return
        if not self._speaker:
            self._speaker, self._part = event.path, ""
            click.secho(f"▸ {event.path}", fg="blue", err=True)
        if event.path != self._speaker:
            self._kept.setdefault(event.path, []).append(text)
            return
        part = event.data.get("part", "")
        if part != self._part:
            self._part = part
            click.secho(f"\n  [{part}]", fg="bright_black", err=True)
        click.echo(text, nl=False, err=True)

    def _finish(self, event: Event) -> None:
        if event.path == self._speaker:
            self.end_line()
            self._speaker = ""
        elif kept := self._kept.pop(event.path, None):
            self.end_line()
            click.secho(f"▸ {event.path}", fg="blue", err=True)
            click.echo("".join(kept), err=True)
        mark, colour = _MARKS[event.type]
        self.end_line()
        click.secho(f"{mark} {event.path}{_details(event)}", fg=colour, err=True)

    def end_line(self) -> None:
        """Close a line left open by streamed text."""
        if self._speaker:
            click.echo("", err=True)


def _details(event: Event) -> str:
    data = event.data
    parts = []
    if "duration_s" in data:
        parts.append(f"{data['duration_s']:.2f} s")
    if data.get("cached"):
        parts.append(f"cached, saved ${data.get('saved_usd', '0')}")
    elif data.get("cost_usd", "0") != "0":
        parts.append(f"${data['cost_usd']}")
    if "error" in data:
        parts.append(str(data["error"].get("message", "")))
    if "retry_in_s" in data:
        parts.append(f"again in {data['retry_in_s']:.1f} s")
    if event.type == "step_waiting":
        parts.append(str(data.get("message") or data.get("kind", "")))
    return f"  {' · '.join(parts)}" if parts else ""
