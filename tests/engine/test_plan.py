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
