"""What has to run for some nodes, and the part of the document that does it."""

from flowstudio.graph.checks.subject import check_nodes
from flowstudio.graph.cone import Given, cone_of, part_of, without_cycles
from flowstudio.graph.reads import reads_of
from flowstudio.graph.staleness import FRESH, MAYBE, NEVER, PINNED
from flowstudio.graph.validate import validate
from flowstudio.nodes.registry import load_registry
from tests.builders import inputs, node, workflow

REGISTRY = load_registry()


def text(name, template="", **more):
    return node("task", name, mode="template", text=template, **more)


CHAIN = workflow(
    node("start", **inputs(n="integer")),
    text("a", "{{ inputs.n }}"),
    text("b", "{{ a }}"),
    text("c", "{{ a }} {{ b }}"),
    edges="start>a>b>c",
)


def reads(document):
    return reads_of(document, check_nodes(document, REGISTRY))


def cone(document, wanted, **marks):
    everything = dict.fromkeys((one.id for one in document.nodes), FRESH) | marks
    return cone_of(document, wanted, everything, reads(document))


def part(document, found, **ports):
    given = {node_id: Given(port) for node_id, port in ports.items()}
    return part_of(document, found, given, reads(document))


def test_reads_are_the_outputs_that_expressions_name():
    found = reads(CHAIN)
    assert found["c"].nodes == {"a", "b"}
    assert found["a"].inputs
    assert not found["b"].inputs
    assert found["start"].inputs


def test_a_container_reads_what_is_read_inside_it():
    document = workflow(
        text("a"),
        node("loop", "each", mode="times", times=1),
        text("inner", "{{ a }} {{ item }}", inside="each"),
        text("last", "{{ inner }}", inside="each"),
        edges="a>each; inner>last",
    )
    assert reads(document)["each"].nodes == {"a"}


def test_a_node_hangs_on_what_can_be_left_another_way():
    document = workflow(
        node("decision", "way", mode="if", condition="True"),
        text("a"),
        text("b"),
        edges="way.true>a>b",
    )
    assert reads(document)["a"].ways == {"way"}
    assert reads(document)["b"].ways == frozenset()


def test_what_does_not_hold_above_a_node_runs_first_and_what_holds_is_given():
    found = cone(CHAIN, ["c"], b=MAYBE)
    assert (found.runs, found.kept) == (("b", "c"), {"a"})


def test_nothing_above_a_pinned_node_runs_on_its_account():
    found = cone(CHAIN, ["c"], start=NEVER, a=NEVER, b=PINNED, c=NEVER)
    assert (found.runs, found.kept) == (("start", "a", "c"), {"b"})
    lonely = workflow(text("a"), text("b", "{{ a }}"), text("c", "{{ b }}"), edges="a>b>c")
    found = cone(lonely, ["c"], a=NEVER, b=PINNED, c=NEVER)
    assert (found.runs, found.kept) == (("c",), {"b"})


def test_a_pinned_node_does_not_run():
    assert cone(CHAIN, ["b"], b=PINNED).runs == ()


def test_what_is_given_stands_without_what_led_to_it():
    document = part(CHAIN, cone(CHAIN, ["b"]), a="out")
    assert [one.id for one in document.nodes] == ["a", "b"]
    assert [(edge.source, edge.target) for edge in document.edges] == [("a", "b")]
    assert validate(document, REGISTRY) == []


def test_what_is_read_from_afar_gets_a_wire():
    document = part(CHAIN, cone(CHAIN, ["c"]), a="out", b="out")
    assert {(edge.source, edge.target) for edge in document.edges} == {("b", "c"), ("a", "c")}
    assert validate(document, REGISTRY) == []


def test_what_is_given_keeps_its_ports():
    document = workflow(
        node("decision", "way", mode="switch", cases=[{"port": "x", "when": "True"}]),
        text("a", rules={"on_error": "branch"}),
        text("b", rules={"join": "any"}),
        edges="way.x>b; way.else>b; a>b; a.error>b",
    )
    found = part(document, cone(document, ["b"]), way="x", a="error")
    assert validate(found, REGISTRY) == []
    assert {(edge.source, edge.source_port) for edge in found.edges} == {
        ("way", "x"),
        ("way", "else"),
        ("a", "out"),
        ("a", "error"),
    }


def test_a_start_reaches_all_that_runs_with_it():
    document = workflow(
        node("start"),
        text("a"),
        text("loose"),
        text("b", "{{ pin }}"),
        text("pin"),
        edges="start>a; pin>b",
    )
    found = cone(document, ["start", "a", "loose", "b"], pin=PINNED)
    assert validate(part(document, found, pin="out"), REGISTRY) == []


def test_a_disabled_node_is_passed_through():
    document = workflow(text("a"), text("b", rules={"disabled": True}), text("c"), edges="a>b>c")
    found = cone(document, ["c"], a=NEVER)
    assert (found.runs, found.passed) == (("a", "c"), {"b"})
    assert validate(part(document, found), REGISTRY) == []


def test_wires_that_close_a_cycle_are_left_out():
    document = workflow(text("a"), text("b"), text("c"), edges="a>b>c>a; c>c")
    assert len(without_cycles(document).edges) == 2
    assert without_cycles(CHAIN) is CHAIN
