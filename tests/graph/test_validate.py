"""Validation: every problem at once, each with its place, a sentence and a mend."""

import random

import pytest

from flowstudio.graph.document import Document, Edge, Node
from flowstudio.graph.problems import Mend
from flowstudio.graph.validate import check_nodes, validate
from tests.graph.documents import (
    CATALOGUE,
    codes_in,
    document,
    loop,
    node,
    problems_in,
    reading,
    start,
    wires,
)

TEXT = {"type": "string"}
FOREVER = {"mode": "while", "condition": "index < 3"}


def only(given, code):
    """The one problem of a document."""
    (problem,) = problems_in(given)
    assert problem.code == code
    return problem


def test_a_good_document_has_no_problems():
    good = document(
        start(topic=TEXT),
        reading("search", "inputs.topic + start.topic + run.id"),
        loop(
            "each", config={"mode": "for_each", "items": "{{ search.x }}", "result": "{{ inner }}"}
        ),
        reading("inner", "[item, index, previous, search.x, inputs.topic]", parent="each"),
        node("both", type="parallel"),
        reading("left", "each.items[0]", parent="both"),
        reading("right", "len(each.items) + math.pi", parent="both"),
        node("end", type="end", config={"outputs": {"all": "{{ both.left }}"}}),
        paths=("start search each both end",),
    )
    assert problems_in(good) == []


def test_a_document_without_a_start_or_any_node_is_fine():
    assert codes_in(document()) == []
    assert codes_in(document(node("a"), node("b"))) == []


def test_problems_come_in_document_order_and_all_at_once():
    bad = document(
        node("class"),
        node("b", type="nonsense"),
        reading("c", "nobody.x"),
        loop("d"),
        paths=("class gone", "c c", "b class b"),
    )
    assert [(p.code, p.node or p.path) for p in problems_in(bad)] == [
        ("bad_name", "class"),
        ("unknown_type", "b"),
        ("unknown_name", "c"),
        ("empty_container", "d"),
        ("unknown_node", "edges[0].target"),
        ("self_loop", "edges[1]"),
        ("cycle", "edges[2]"),
    ]


# Ids and names


def test_ids_that_stand_twice_are_named():
    nodes = [node("a"), {**node("b"), "id": "a"}]
    edges = [*wires("a a2"), *wires("a a2")]
    bad = document(*nodes, node("a2"), edges=edges)
    assert [(p.code, p.node, p.path) for p in problems_in(bad, "duplicate_id")] == [
        ("duplicate_id", "b", "id"),
        ("duplicate_id", "", "edges[1].id"),
    ]


@pytest.mark.parametrize(
    ("name", "code", "better"),
    [
        ("", "missing_name", "task"),
        ("two words", "bad_name", "two_words"),
        ("2nd", "bad_name", "node_2nd"),
        ("class", "bad_name", "class_node"),
        ("item", "bad_name", "item_node"),
        ("__proto__", "bad_name", "proto"),
        ("ﬁle", "bad_name", "file"),
        ("💥", "bad_name", "task"),
        ("'; DROP TABLE run; --", "bad_name", "DROP_TABLE_run"),
    ],
)
def test_a_bad_name_can_be_mended(name, code, better):
    problem = only(document({**node("n"), "name": name}), code)
    assert problem.mend == Mend("rename_node", node="n", name=better)


def test_each_of_many_equal_names_is_offered_a_free_one():
    nodes = [{**node(f"n{i}"), "name": "same"} for i in range(4)]
    bad = document(*nodes, {**node("m"), "name": "same_2"})
    found = problems_in(bad, "duplicate_name")
    assert [p.mend.name for p in found] == ["same_3", "same_4", "same_5"]


def test_a_node_without_a_name_is_found_by_its_place():
    (problem,) = problems_in(document(node("a"), {**node("b"), "name": ""}))
    assert problem.node == "nodes[1]"


# Types and configs


def test_a_misspelt_type_gets_a_suggestion():
    problem = only(document(node("a", type="taks", config={})), "unknown_type")
    assert "Did you mean 'task'?" in problem.message
    assert problem.mend == Mend("set_config", node="a", path="type", value="task")


def test_a_foreign_type_lists_the_known_ones():
    problem = only(document(node("a", type="mcp_stdio", config={})), "unknown_type")
    assert "'start', 'end', 'task'" in problem.message


def test_every_fault_of_a_config_has_its_place():
    bad = document(
        node("a", config={"mode": "set", "fields": {"x": "{{", "y": {"z": ["{{ a b }}"]}}}),
        node("b", config={"mode": "sort", "items": 5, "by": "item._x", "colour": "red"}),
        node("c", config={"mode": "sort", "items": 5, "by": "item._x"}),
        node("d", config={}),
        node("e", config={"mode": "nonsense"}),
        start(),
    )
    assert [(p.code, p.node, p.path) for p in problems_in(bad, "bad_config")] == [
        ("bad_config", "a", "config.fields.x"),
        ("bad_config", "a", "config.fields.y.z[0]"),
        ("bad_config", "b", "config.colour"),
        ("bad_config", "c", "config.by"),
        ("bad_config", "c", "config.items"),
        ("bad_config", "d", "config"),
        ("bad_config", "e", "config"),
    ]


def test_a_default_needs_on_error_continue():
    problem = only(document(node("a", default=0)), "unused_default")
    assert problem.mend == Mend("set_config", node="a", path="on_error", value="continue")
    assert codes_in(document(node("a", default=0, on_error="continue"))) == []


def test_an_error_branch_and_a_port_called_error_exclude_each_other():
    config = {"mode": "switch", "cases": [{"port": "error", "when": "True"}]}
    bad = node("a", type="decision", config=config, on_error="branch")
    assert "port_taken" in codes_in(document(bad))


# Containers


def test_a_parent_must_exist_and_be_a_container():
    bad = document(node("a", parent="gone"), node("b", parent="a"))
    assert codes_in(bad) == ["unknown_parent", "parent_not_container"]


def test_parents_in_a_circle_are_named_once_for_each_of_them():
    bad = document(
        loop("a", parent="c"), loop("b", parent="a"), loop("c", parent="b"), node("d", parent="a")
    )
    found = problems_in(bad, "parent_circle")
    assert [p.node for p in found] == ["a", "b", "c"]
    assert "a → c → b → a" in found[0].message


def test_a_node_is_at_most_ten_containers_deep():
    boxes = [loop(f"l{i}", parent=f"l{i - 1}" if i else None) for i in range(11)]
    assert codes_in(document(*boxes[:10], node("a", parent="l9"))) == []
    bad = document(*boxes, node("a", parent="l10"))
    assert [(p.code, p.node) for p in problems_in(bad)] == [("too_deep", "a")]


def test_a_container_needs_something_inside():
    assert only(document(loop("l")), "empty_container").node == "l"


@pytest.mark.parametrize("kind", ["start", "end"])
def test_start_and_end_stand_outside_containers(kind):
    bad = document(loop("l"), node("x", type=kind, config={}, parent="l"))
    assert only(bad, "root_only").node == "x"


def test_branches_of_a_parallel_must_not_meet():
    inside = [node(name, parent="p") for name in "abcd"]
    bad = document(node("p", type="parallel"), *inside, paths=("a c d", "b c"))
    problem = only(bad, "branches_meet")
    assert problem.node == "c"
    assert "'a', 'b'" in problem.message


def test_within_a_branch_and_in_a_loop_ways_may_meet():
    inside = [node(name, parent="p") for name in "abcd"]
    assert codes_in(document(node("p", type="parallel"), *inside, paths=("a b d", "a c d"))) == []
    assert codes_in(document(loop("p"), *inside, paths=("a c d", "b c"))) == []


# Edges


@pytest.mark.parametrize(
    ("path", "code", "end"),
    [
        ("a gone", "unknown_node", ".target"),
        ("gone a", "unknown_node", ".source"),
        ("a a", "self_loop", ""),
        ("a inside", "edge_across_wall", ""),
        ("inside a", "edge_across_wall", ""),
        ("l inside", "edge_across_wall", ""),
        ("a.yes b", "unknown_port", ".source_port"),
        ("a.error b", "unknown_port", ".source_port"),
        ("a s", "unknown_port", ".target_port"),
        ("e a", "unknown_port", ".source_port"),
    ],
)
def test_a_bad_wire_is_named_and_can_be_removed(path, code, end):
    nodes = [node("a"), node("b"), loop("l"), node("inside", parent="l")]
    ends = [node("s", type="start", config={}), node("e", type="end", config={})]
    bad = document(*nodes, *ends, paths=(path,))
    (problem,) = problems_in(bad, code)
    assert problem.path == f"edges[0]{end}"
    assert problem.mend is not None


def test_a_wire_drawn_twice_is_a_problem_unless_its_ports_differ():
    bad = document(node("a"), node("b"), paths=("a b", "a b"))
    assert only(bad, "duplicate_edge").mend == Mend("remove_edge", edge="e1")
    check = node("check", type="decision", config={"mode": "if", "condition": "True"})
    assert codes_in(document(check, node("b"), paths=("check.true b", "check.false b"))) == []


def test_a_misspelt_port_gets_a_suggestion():
    check = node("check", type="decision", config={"mode": "if", "condition": "True"})
    problem = only(document(check, node("b"), paths=("check.ture b",)), "unknown_port")
    assert "it has 'true', 'false'. Did you mean 'true'?" in problem.message


def test_the_error_port_is_there_only_with_on_error_branch():
    bad = document(node("a"), node("b"), paths=("a.error b",))
    mend = Mend("set_config", node="a", path="on_error", value="branch")
    assert only(bad, "unknown_port").mend == mend
    good = document(node("a", on_error="branch"), node("b"), paths=("a.error b",))
    assert codes_in(good) == []


def test_ports_of_a_node_with_a_bad_config_are_not_judged():
    bad = document(node("a", config={}), node("b"), paths=("a.yes b",))
    assert codes_in(bad) == ["bad_config"]


# Flow


def test_a_cycle_is_named_and_its_closing_wire_can_be_removed():
    problem = only(document(*map(node, "abc"), paths=("a b c a",)), "cycle")
    assert "a → b → c → a" in problem.message
    assert problem.mend == Mend("remove_edge", edge="e2")


def test_every_closing_wire_is_named_in_every_scope():
    inside = [node(name, parent="l") for name in "xy"]
    bad = document(*map(node, "abcd"), loop("l"), *inside, paths=("a b a", "c d c", "x y x"))
    assert [p.mend.edge for p in problems_in(bad, "cycle")] == ["e1", "e3", "e5"]


def test_a_long_cycle_is_named_in_short():
    names = [f"n{i}" for i in range(3_000)]
    bad = document(*map(node, names), paths=(" ".join([*names, "n0"]),))
    assert "n0 → n1 → n2 → n3 → n4 → n5 → … 2988 more … → n2994" in only(bad, "cycle").message


def test_a_second_start_is_too_many():
    bad = document(start(), start("again"))
    assert only(bad, "second_start").node == "again"


def test_what_the_start_never_reaches_is_named_and_its_head_can_be_wired():
    bad = document(start(), *map(node, "abc"), paths=("start a", "b c"))
    found = problems_in(bad)
    assert [(p.code, p.node) for p in found] == [("unreachable", "b"), ("unreachable", "c")]
    assert [p.mend for p in found] == [Mend("add_edge", source="start", target="b"), None]


def test_what_is_inside_a_container_is_reached_with_it():
    good = document(start(), loop("l"), node("a", parent="l"), paths=("start l",))
    assert codes_in(good) == []


# References

ABC = [reading("a", "1"), reading("b", "2"), reading("c", "3")]


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("serach.x", "unknown_name"),
        ("item.x", "outside_loop"),
        ("index", "outside_loop"),
        ("previous", "outside_loop"),
        ("me.x", "reads_itself"),
        ("after.x", "not_an_ancestor"),
        ("beside.x", "not_an_ancestor"),
        ("inside.x", "inside_container"),
    ],
)
def test_only_what_is_in_scope_can_be_read(expression, code):
    bad = document(
        node("search"),
        node("beside"),
        reading("me", expression),
        node("after"),
        loop("l"),
        node("inside", parent="l"),
        paths=("search me after l",),
    )
    problem = only(bad, code)
    assert (problem.node, problem.path) == ("me", "config.fields.x")


def test_an_unknown_name_gets_a_suggestion():
    bad = document(node("search"), reading("b", "serach.x"), paths=("search b",))
    assert "Did you mean 'search'?" in only(bad, "unknown_name").message


def test_a_missing_wire_can_be_added():
    bad = document(node("a"), reading("b", "a.x"))
    assert only(bad, "not_an_ancestor").mend == Mend("add_edge", source="a", target="b")


def test_a_wire_that_would_close_a_cycle_is_not_offered():
    bad = document(reading("a", "b.x"), node("b"), paths=("a b",))
    problem = only(bad, "not_an_ancestor")
    assert problem.mend is None
    assert "comes after" in problem.message


def test_the_missing_wire_joins_the_container_that_stands_at_that_level():
    bad = document(
        node("a"), loop("outer"), loop("inner", parent="outer"), reading("b", "a.x", parent="inner")
    )
    assert only(bad, "not_an_ancestor").mend == Mend("add_edge", source="a", target="outer")


def test_a_wire_from_a_node_without_the_usual_port_is_not_offered():
    check = node("check", type="decision", config={"mode": "if", "condition": "True"})
    assert only(document(check, reading("b", "check.value")), "not_an_ancestor").mend is None


def test_from_outside_only_the_containers_own_output_is_read():
    bad = document(loop("l"), node("a", parent="l"), reading("b", "a.x"), paths=("l b",))
    assert "use 'l'" in only(bad, "inside_container").message


def test_a_container_reads_its_inside_only_in_its_result():
    config = {"mode": "times", "times": "{{ a.x }}"}
    bad = document(loop("l", config=config), node("a", parent="l"))
    assert "only its result" in only(bad, "inside_container").message
    config = {"mode": "times", "times": 2, "result": "{{ [a.x, item, index, previous] }}"}
    assert codes_in(document(loop("l", config=config), node("a", parent="l"))) == []


def test_the_inside_cannot_read_the_container_around_it():
    bad = document(loop("l"), reading("a", "l.items", parent="l"))
    assert only(bad, "reads_own_container").node == "a"


def test_loop_names_reach_into_containers_inside_a_loop():
    good = document(
        loop("l"),
        node("p", type="parallel", parent="l"),
        reading("a", "[item, index, previous]", parent="p"),
    )
    assert codes_in(good) == []


def test_a_parallel_has_no_items():
    bad = document(node("p", type="parallel"), reading("a", "item", parent="p"))
    assert only(bad, "outside_loop").node == "a"


def test_a_condition_of_a_loop_sees_its_own_names_and_no_item():
    good = document(loop("l", config=FOREVER), node("a", parent="l"))
    assert codes_in(good) == []
    bad = document(loop("l", config={**FOREVER, "condition": "item"}), node("a", parent="l"))
    assert codes_in(bad) == ["outside_loop"]


def test_keys_of_list_tasks_see_item_and_index():
    config = {"mode": "filter", "items": [1], "where": "item > index"}
    assert codes_in(document(node("a", config=config))) == []


def test_a_node_hides_a_builtin_of_its_name_only_where_it_is_in_scope():
    assert codes_in(document(node("len"), reading("b", "len('ab')"))) == []
    assert codes_in(document(node("len"), reading("b", "len.x"), paths=("len b",))) == []


def test_names_bound_in_an_expression_are_its_own():
    assert codes_in(document(reading("a", "[n for n in [1]] + (lambda y: [y])(1)"))) == []


def test_an_input_the_start_does_not_declare_is_unknown():
    bad = document(
        start(topic=TEXT), reading("a", "inputs.topik + start.topik"), paths=("start a",)
    )
    found = problems_in(bad)
    assert [p.code for p in found] == ["unknown_input", "unknown_input"]
    assert "Did you mean 'topic'?" in found[0].message


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "object"},
        {"properties": {}},
        {"properties": {"a": TEXT}, "additionalProperties": True},
        {"properties": {"a": TEXT}, "additionalProperties": {"type": "number"}},
        {"properties": {"a": TEXT}, "allOf": [{"properties": {"b": TEXT}}]},
    ],
)
def test_open_inputs_are_not_judged(schema):
    begin = node("start", type="start", config={"inputs": schema})
    assert codes_in(document(begin, reading("a", "inputs.b"), paths=("start a",))) == []


def test_each_unknown_name_is_said_once_for_each_place():
    fields = {"x": "{{ no.a }} {{ no.b }}", "y": "{{ no.c }}"}
    bad = document(node("a", config={"mode": "set", "fields": fields}))
    assert [p.path for p in problems_in(bad)] == ["config.fields.x", "config.fields.y"]


def test_references_are_checked_in_a_scope_with_a_cycle_too():
    bad = document(*map(node, "ab"), reading("c", "d.x + a.x"), node("d"), paths=("a b a", "b c"))
    assert codes_in(bad) == ["not_an_ancestor", "cycle"]


# Size, speed, and anything at all


def test_a_document_too_large_to_keep_is_a_problem():
    rows = [
        {"id": str(i), "type": "task", "name": f"n{i}", "notes": "x" * 20_000} for i in range(260)
    ]
    config = {"mode": "set", "fields": {}}
    bad = document(*({**row, "config": config} for row in rows))
    assert [p.code for p in problems_in(bad)] == ["too_large"]


def chain(count, expression):
    nodes = [reading(f"n{i}", expression.format(max(i - 1, 0)), parent=None) for i in range(count)]
    return nodes[0] | {"config": {"mode": "set", "fields": {}}}, *nodes[1:]


@pytest.mark.parametrize(
    ("expression", "wired", "count"),
    [("n{}.x + n0.x", True, 0), ("n{}.x + n0.x", False, 9_997), ("m{}.x + n0.q", False, 9_998)],
)
def test_five_thousand_nodes_are_no_burden(expression, wired, count):
    path = " ".join(f"n{i}" for i in range(5_000))
    given = document(*chain(5_000, expression), paths=(path,) if wired else ())
    assert len(problems_in(given)) == count


def test_a_dense_tangle_is_no_burden():
    names = [f"n{i}" for i in range(5_000)]
    rng = random.Random(7)
    edges = [
        {"id": f"e{i}", "source": rng.choice(names), "target": rng.choice(names)}
        for i in range(20_000)
    ]
    given = document(*map(node, names), edges=edges)
    assert "cycle" in codes_in(given)


def test_branches_without_number_that_all_meet_are_no_burden():
    heads, tail = [f"h{i}" for i in range(2_500)], [f"t{i}" for i in range(2_400)]
    inside = [node(name, parent="p") for name in (*heads, *tail)]
    paths = (*(f"{head} t0" for head in heads), " ".join(tail))
    given = document(node("p", type="parallel"), *inside, paths=paths)
    assert codes_in(given) == ["branches_meet"]


def anything(rng, count):
    """A document without rhyme or reason."""
    ids = [f"n{rng.randrange(count)}" for _ in range(count)]
    some = lambda: rng.choice([*ids, "gone", ""])  # noqa: E731
    configs = [
        {},
        {"mode": "set", "fields": {"x": "{{ " + some() + ".x }}"}},
        {"mode": "if", "condition": f"{some()} or item"},
        {"mode": "times", "times": 2, "result": "{{ " + some() + " }}"},
        {"inputs": {"properties": 5}},
        {"code": "1 +", "inputs": {"x": "{{"}},
    ]
    types = ["start", "end", "task", "decision", "loop", "parallel", "custom", "nonsense"]
    nodes = [
        Node(
            id=node_id,
            type=rng.choice(types),
            name=rng.choice([node_id, "", "item", "same", "2"]),
            config=rng.choice(configs),
            parent=rng.choice([None, some(), some()]),
            on_error=rng.choice(["fail", "branch"]),
            default=rng.choice([None, 1]),
        )
        for node_id in ids
    ]
    ports = ["out", "in", "error", "true", "else", ""]
    edges = [
        Edge(
            id=f"e{rng.randrange(count)}",
            source=some(),
            source_port=rng.choice(ports),
            target=some(),
            target_port=rng.choice(ports),
        )
        for _ in range(count * 2)
    ]
    return Document(name="Anything", nodes=nodes, edges=edges)


@pytest.mark.parametrize("seed", range(200))
def test_no_document_makes_validation_raise(seed):
    rng = random.Random(seed)
    given = anything(rng, rng.randrange(1, 14))
    for problem in validate(given, CATALOGUE, lambda key: given if key == "self" else None):
        assert problem.message.endswith((".", "?"))
        assert problem.as_json()["code"] == problem.code


def test_configs_are_checked_once_and_can_be_used_again():
    checked = check_nodes(document(node("a"), node("b", type="nonsense"), loop("l")), CATALOGUE)
    assert list(checked) == ["a", "l"]
    assert checked["a"].config.mode == "set"
    assert checked["l"].faults == ()
