"""Documents made ready to run."""

import pytest

from flowstudio.engine.plan import make_plan
from flowstudio.errors import InvalidDocumentError
from tests.builders import node, workflow
from tests.fakes.nodes import Bench


@pytest.fixture
def registry():
    return Bench().registry()


def test_a_plan_is_wired_by_reference(registry):
    plan = make_plan(
        workflow(node("choose", "a", port="left"), node("count", "b"), edges="a.left>b"), registry
    )
    a, b = plan.root.nodes
    assert a.outgoing == {"left": [b]}
    assert (a.incoming, b.incoming) == (0, 1)
    assert (plan.root.entries, plan.root.exits) == ([a], [b])


def test_nodes_stand_in_topological_order(registry):
    plan = make_plan(
        workflow(node("count", "z"), node("count", "y"), node("count", "x"), edges="x>y>z"),
        registry,
    )
    assert [each.name for each in plan.root.nodes] == ["x", "y", "z"]


def test_a_plan_knows_which_names_each_config_reads(registry):
    plan = make_plan(
        workflow(
            node("count", "a"), node("count", "b", value="{{ a.x }} {{ inputs.y }}"), edges="a>b"
        ),
        registry,
    )
    assert plan.root.nodes[1].needs == ("a", "inputs")


def test_a_config_that_reads_no_names_is_filled_in_once_for_all_runs(registry):
    plan = make_plan(
        workflow(node("count", "a", value=1), node("count", "b", value="{{ a }}"), edges="a>b"),
        registry,
    )
    a, b = plan.root.nodes
    assert a.as_written is not None
    assert (a.as_written.config, a.as_written.raw, a.as_written.names) == (a.config, a.raw, {})
    assert a.as_written.purity == "pure"
    assert b.as_written is None


@pytest.mark.parametrize(
    ("kind", "rules", "settings", "is_kept"),
    [
        ("paid", {}, {}, True),
        ("paid", {"cache": "off"}, {}, False),
        ("paid", {}, {"cache": "off"}, False),
        ("count", {}, {}, False),
        ("count", {"cache": {"ttl_s": 60}}, {}, True),
        ("count", {"cache": {"ttl_s": 60}}, {"cache": "off"}, False),
        ("write", {"cache": {"ttl_s": 60}}, {}, False),
    ],
)
def test_a_plan_knows_whose_outputs_are_kept(registry, kind, rules, settings, is_kept):
    plan = make_plan(workflow(node(kind, "a", rules=rules), **settings), registry)
    (a,) = plan.root.nodes
    assert a.as_written is not None
    assert a.as_written.is_kept is is_kept


def test_a_container_keeps_no_output_as_its_inside_does(registry):
    rules = {"cache": {"ttl_s": 60}}
    plan = make_plan(
        workflow(
            node("loop", "each", mode="times", times=2, rules=rules),
            node("count", "inner", inside="each"),
        ),
        registry,
    )
    (each,) = plan.root.nodes
    assert not each.filled(each.config, each.raw).is_kept


def test_a_loop_has_a_body_and_a_parallel_has_branches_by_their_first_node(registry):
    plan = make_plan(
        workflow(
            node("loop", "each", mode="times", times=2),
            node("count", "inner", inside="each"),
            node("parallel", "ways"),
            node("count", "left", inside="ways"),
            node("count", "more", inside="ways"),
            node("count", "right", inside="ways"),
            edges="left>more",
        ),
        registry,
    )
    each, ways = plan.root.nodes
    assert [inner.name for inner in each.body.nodes] == ["inner"]
    assert {name: [n.name for n in scope.nodes] for name, scope in ways.branches.items()} == {
        "left": ["left", "more"],
        "right": ["right"],
    }


def test_a_bad_document_is_refused_with_every_problem(registry):
    document = workflow(
        node("count", "a"), node("mystery", "b"), node("count", "c", extra=1), edges="a>c>a"
    )
    with pytest.raises(InvalidDocumentError) as refused:
        make_plan(document, registry)
    assert len(refused.value.problems) >= 3
