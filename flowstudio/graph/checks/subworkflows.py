"""Workflows that run workflows: they must exist, end, and not nest too deeply."""

from collections.abc import Callable, Iterator

from flowstudio.errors import FlowStudioError
from flowstudio.graph.catalogue import Catalogue
from flowstudio.graph.checks.subject import Finding, Findings, Subject, check_nodes
from flowstudio.graph.document import Document

#: How deep workflows may run each other.
MOST_NESTED = 10

FindWorkflow = Callable[[str], Document | None]


def check_subworkflows(subject: Subject, find_workflow: FindWorkflow) -> Findings:
    """Workflows named by nodes that are unknown, lead back to themselves or nest too deeply."""
    library = _Library(subject.catalogue, find_workflow)
    for node in subject.nodes.values():
        checked = subject.checked.get(node.id)
        if checked is None or checked.workflow is None:
            continue
        for code, message in _problems(library, subject.document, checked.workflow):
            yield subject.at_node(node, code, message, "config.workflow")


class _Library:
    """Workflows by key, each read and checked once."""

    def __init__(self, catalogue: Catalogue, find_workflow: FindWorkflow) -> None:
        self._catalogue = catalogue
        self._find = find_workflow
        self._found: dict[str, Document | None] = {}
        self._keys: dict[str, list[str]] = {}

    def get(self, key: str) -> Document | None:
        if key not in self._found:
            try:
                self._found[key] = self._find(key)
            except FlowStudioError:
                self._found[key] = None
        return self._found[key]

    def children(self, key: str) -> list[str]:
        """Keys of the workflows this one runs."""
        if key not in self._keys:
            document = self.get(key)
            checked = check_nodes(document, self._catalogue).values() if document else ()
            self._keys[key] = list(dict.fromkeys(c.workflow for c in checked if c.workflow))
        return self._keys[key]


def _problems(library: _Library, root: Document, key: str) -> Iterator[tuple[str, str]]:
    if library.get(key) is None:
        yield "unknown_workflow", f"There is no workflow {key!r} that can be read; pick another."
        return
    path, closes = _bad_path(library, root, key)
    if not path:
        return
    names = " → ".join([root.name, *(_name(library, step) for step in path)])
    if closes:
        yield "workflow_recursion", f"A workflow cannot run itself: {names}."
    else:
        message = f"Workflows run each other more than {MOST_NESTED} deep: {names}."
        yield "workflow_too_deep", message


def _bad_path(library: _Library, root: Document, first: str) -> tuple[list[str], bool]:
    """A path that returns to where it was (True) or grows too long (False); else an empty one."""
    done: set[tuple[str, int]] = set()
    stack: list[tuple[str, ...]] = [(first,)]
    too_long: list[str] = []
    while stack:
        path = stack.pop()
        if path[-1] in path[:-1] or library.get(path[-1]) == root:
            return list(path), True
        if len(path) > MOST_NESTED:
            too_long = too_long or list(path)
            continue
        # The same workflow at the same depth has the same way before it.
        if (path[-1], len(path)) not in done:
            done.add((path[-1], len(path)))
            stack.extend((*path, child) for child in reversed(library.children(path[-1])))
    return too_long, False


def _name(library: _Library, key: str) -> str:
    document = library.get(key)
    return document.name if document else key


__all__ = ["MOST_NESTED", "FindWorkflow", "Finding", "check_subworkflows"]
