"""Each node by itself: its type, its config, and what it does on failure."""

from flowstudio.graph.checks.subject import Findings, Subject
from flowstudio.graph.document import Node
from flowstudio.graph.problems import Mend
from flowstudio.graph.slots import path_text
from flowstudio.graph.wording import listed

ERROR_PORT = "error"


def check_types(subject: Subject) -> Findings:
    """Types nobody registered."""
    for node in subject.nodes.values():
        if node.type in subject.catalogue:
            continue
        near = subject.spelling.nearest(node.type, subject.catalogue)
        advice = (
            f"Did you mean '{near}'?" if near else f"Known are {listed(subject.catalogue, 20)}."
        )
        mend = Mend("set_config", node=node.id, path="type", value=near) if near else None
        message = f"There is no node type {node.type!r}. {advice}"
        yield subject.at_node(node, "unknown_type", message, "type", mend)


def check_configs(subject: Subject) -> Findings:
    """Every fault of every config, each at its place."""
    for node in subject.nodes.values():
        checked = subject.checked.get(node.id)
        for fault in checked.faults if checked else ():
            path = path_text(("config", *fault.path))
            yield subject.at_node(node, "bad_config", fault.message, path)


def check_error_habits(subject: Subject) -> Findings:
    """Settings for failures that contradict each other."""
    for node in subject.nodes.values():
        if node.default is not None and node.on_error != "continue":
            message = (
                "The default is used only when on_error is 'continue'; "
                f"here it is {node.on_error!r}. Change on_error or remove the default."
            )
            mend = Mend("set_config", node=node.id, path="on_error", value="continue")
            yield subject.at_node(node, "unused_default", message, "default", mend)
        if node.on_error == "branch" and ERROR_PORT in _own_ports(subject, node):
            message = (
                "This node has a port of its own called 'error'; "
                "rename that port, or do not set on_error to 'branch'."
            )
            yield subject.at_node(node, "port_taken", message, "on_error")


def _own_ports(subject: Subject, node: Node) -> tuple[str, ...]:
    checked = subject.checked.get(node.id)
    return checked.ports.outputs if checked else ()
