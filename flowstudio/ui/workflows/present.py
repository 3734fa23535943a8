"""Folders, tags and the way to them, as the list of workflows shows them."""

from collections.abc import Mapping
from dataclasses import dataclass

from flowstudio.ui.widgets.workflow_card import list_href


@dataclass(frozen=True, slots=True)
class FolderCard:
    """A folder, and how many workflows are in it and below."""

    name: str
    href: str
    count: str


@dataclass(frozen=True, slots=True)
class Crumb:
    """A folder on the way to the one shown."""

    name: str
    href: str
    is_last: bool


@dataclass(frozen=True, slots=True)
class TagChoice:
    """A tag to limit the list to, or to limit it no longer."""

    name: str
    href: str
    count: str
    is_on: bool


def folders_in(counts: Mapping[str, int], folder: str) -> list[FolderCard]:
    """The folders right inside one, by name; "" stands for the outermost place."""
    head = f"{folder}/" if folder else ""
    found: dict[str, int] = {}
    for path, count in counts.items():
        if path and path.startswith(head) and path != folder:
            name = path[len(head) :].split("/")[0]
            found[name] = found.get(name, 0) + count
    return [
        FolderCard(name, list_href(folder=f"{head}{name}"), f"{found[name]:,}")
        for name in sorted(found, key=str.lower)
    ]


def crumbs_of(folder: str) -> list[Crumb]:
    """The way to a folder, from the outermost on."""
    parts = folder.split("/") if folder else []
    return [
        Crumb(part, list_href(folder="/".join(parts[: at + 1])), at == len(parts) - 1)
        for at, part in enumerate(parts)
    ]


def paths_of(counts: Mapping[str, int]) -> list[str]:
    """Every folder, those that only hold others included."""
    found = {
        "/".join(parts[: at + 1])
        for parts in (path.split("/") for path in counts if path)
        for at in range(len(parts))
    }
    return sorted(found, key=str.lower)


def tags_of(counts: Mapping[str, int], chosen: str, folder: str) -> list[TagChoice]:
    """The tags there are, the most used first; pressing the chosen one lets go of it."""
    together: dict[str, tuple[str, int]] = {}
    for tag, count in counts.items():
        name, before = together.get(tag.lower(), (tag, 0))
        together[tag.lower()] = (name, before + count)
    most = sorted(together.items(), key=lambda item: (-item[1][1], item[0]))
    return [
        TagChoice(
            name,
            list_href(folder=folder, tag="" if key == chosen.lower() else name),
            f"{count:,}",
            key == chosen.lower(),
        )
        for key, (name, count) in most
    ]
