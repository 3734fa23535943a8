"""What expressions read: only what is in scope where they stand."""

from collections.abc import Iterator

from flowstudio.graph.checks.subject import START, Finding, Findings, Subject
from flowstudio.graph.document import Node
from flowstudio.graph.problems import Mend
from flowstudio.graph.references import (
    BUILTIN_NAMES,
    LOOP_NAMES,
    MODULE_NAMES,
    RUN_NAMES,
    Expression,
)
from flowstudio.graph.slots import Slot, path_text
from flowstudio.graph.topology import ROOT, containers_around


def check_references(subject: Subject) -> Findings:
    """Names that are unknown or out of scope, and inputs that no start declares."""
    inputs = _Inputs(subject)
    for node in subject.nodes.values():
        checked = subject.checked.get(node.id)
        if checked is None or not checked.slots:
            continue
        view = View(subject, node)
        for slot in checked.slots:
            said: set[str] = set()
            for expression in slot.expressions:
                for name in sorted(expression.roots - said):
                    said.add(name)
                    yield from view.check(slot, name)
                yield from inputs.check(node, slot, expression)


class View:
    """What can be seen from one node."""

    def __init__(self, subject: Subject, node: Node) -> None:
        self._subject = subject
        self._node = node
        self._levels = subject.levels(node)
        around = containers_around(node, subject.nodes)
        self._in_loop = any(_loops(subject, container) for container in around)

    def check(self, slot: Slot, name: str) -> Iterator[Finding]:
        """What is wrong with reading this name in this place."""
        if name in slot.names or name in RUN_NAMES:
            return
        if name in LOOP_NAMES:
            if not (self._in_loop or (slot.inner and _loops(self._subject, self._node))):
                message = f"'{name}' has a meaning only inside a loop; this node stands in none."
                yield self._at(slot, "outside_loop", message)
            return
        target = self._subject.by_name.get(name)
        if target is not None and self.sees(slot, target):
            return
        # A name that is out of scope here hides no builtin.
        if name in BUILTIN_NAMES or name in MODULE_NAMES:
            return
        if target is None:
            yield self._unknown(slot, name)
        else:
            yield self._out_of_scope(slot, target)

    def sees(self, slot: Slot, target: Node) -> bool:
        """Whether an expression in this place may read that node's output."""
        scope = target.parent or ROOT
        if slot.inner and scope == self._node.id:
            return True
        standing = self._levels.get(scope)
        return standing is not None and self._subject.ancestry(scope).includes(target.id, standing)

    def _unknown(self, slot: Slot, name: str) -> Finding:
        near = self._subject.spelling.hint(name, filter(None, self._subject.by_name))
        message = (
            f"Nothing is called '{name}' here.{near or ' Use the name of a node before this one.'}"
        )
        return self._at(slot, "unknown_name", message)

    def _out_of_scope(self, slot: Slot, target: Node) -> Finding:
        scope = target.parent or ROOT
        if target.id == self._node.id:
            return self._at(slot, "reads_itself", f"'{target.name}' cannot read its own output.")
        if scope not in self._levels:
            return self._inside_container(slot, target)
        standing = self._levels[scope]
        if standing == target.id:
            message = f"This node lives inside '{target.name}', whose output comes only afterwards."
            return self._at(slot, "reads_own_container", message)
        mend = self._wiring(scope, target.id, standing)
        place = f"'{self._subject.label(standing)}'"
        advice = (
            f"Wire '{target.name}' to {place}."
            if mend
            else f"It comes after {place}, so it cannot be read here."
        )
        message = f"'{target.name}' does not run before {place}. {advice}"
        return self._at(slot, "not_an_ancestor", message, mend)

    def _inside_container(self, slot: Slot, target: Node) -> Finding:
        around = containers_around(target, self._subject.nodes)
        outer = next((box for box in around if (box.parent or ROOT) in self._levels), None)
        if outer is None:
            message = f"'{target.name}' lies inside a container that cannot be seen from here."
        elif outer.id == self._node.id:
            message = f"'{target.name}' runs inside this {outer.type}; only its result can read it."
        else:
            message = (
                f"'{target.name}' lies inside '{outer.name}', and only a container's own output "
                f"can be read from outside: use '{outer.name}'."
            )
        return self._at(slot, "inside_container", message)

    def _wiring(self, scope: str, source: str, target: str) -> Mend | None:
        if self._subject.ancestry(scope).includes(target, source):
            return None
        ports = [self._subject.checked.get(node_id) for node_id in (source, target)]
        if not ports[0] or "out" not in ports[0].ports.outputs:
            return None
        if not ports[1] or "in" not in ports[1].ports.inputs:
            return None
        return Mend("add_edge", source=source, target=target)

    def _at(self, slot: Slot, code: str, message: str, mend: Mend | None = None) -> Finding:
        path = path_text(("config", *slot.path))
        return self._subject.at_node(self._node, code, message, path, mend)


class _Inputs:
    """The inputs that the start declares, if it declares any and forbids others."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        starts = [node for node in subject.nodes.values() if node.type == START]
        self._roots = RUN_NAMES & {"inputs"} | {node.name for node in starts}
        self._known = _declared(starts[0].config.get("inputs")) if len(starts) == 1 else None

    def check(self, node: Node, slot: Slot, expression: Expression) -> Iterator[Finding]:
        if self._known is None:
            return
        for path in expression.reads:
            if len(path) < 2 or path[0] not in self._roots or path[1] in self._known:
                continue
            hint = self._subject.spelling.hint(str(path[1]), self._known)
            message = f"The start declares no input {path[1]!r}.{hint}"
            place = path_text(("config", *slot.path))
            yield self._subject.at_node(node, "unknown_input", message, place)


def _declared(schema: object) -> frozenset[str] | None:
    """Names of the only inputs there can be; None when others are possible."""
    if not isinstance(schema, dict) or not isinstance(schema.get("properties"), dict):
        return None
    opening = ("patternProperties", "$ref", "allOf", "anyOf", "oneOf", "if")
    if schema.get("additionalProperties") or any(key in schema for key in opening):
        return None
    return frozenset(schema["properties"]) or None


def _loops(subject: Subject, node: Node) -> bool:
    spec = subject.catalogue.get(node.type)
    return spec is not None and spec.loops
