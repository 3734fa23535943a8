"""Renaming a node, and whatever reads it."""

import pytest

from flowstudio.errors import ConflictError, InvalidInputError, NotFoundError
from flowstudio.graph.rename import rename_in_expression, rename_node
from tests.graph.documents import CATALOGUE, document, loop, node, problems_in, reading


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a", "new"),
        ("a.a['a'].b", "new.a['a'].b"),
        ("f(a, b.a, a=a)", "f(new, b.a, a=new)"),
        ("[a for a in a.rows]", "[a for a in new.rows]"),
        ("lambda a: a", "lambda a: a"),
        ("(lambda a: a)(a)", "(lambda a: a)(new)"),
        ("'a' + a", "'a' + new"),
        ("(a\n + a)", "(new\n + new)"),
        ("(a\r\n + a)", "(new\n + new)"),
        ("(a\r + a)", "(new\n + new)"),
        ("'é💥' + a + 'é' + a", "'é💥' + new + 'é' + new"),
        ("f'{a} {a.b!r:>{a}} a'", "f'{new} {new.b!r:>{new}} a'"),
        ("{'a': a}", "{'a': new}"),
        ("  a  ", "new"),
        ("b.c", "b.c"),
        ("a[a[a[0]]]", "new[new[new[0]]]"),
    ],
)
def test_only_what_reads_the_name_is_rewritten(source, expected):
    assert rename_in_expression(source, "a", "new") == expected


def test_letters_that_python_reads_as_others_are_found():
    assert rename_in_expression("ﬁle.x + file.y", "file", "doc") == "doc.x + doc.y"


def test_an_f_string_whose_places_python_gets_wrong_is_written_anew():
    source = "f'''\n{a}\n{ a }''' + f'{a}{a}'"
    renamed = rename_in_expression(source, "a", "new")
    assert "new" in renamed
    assert rename_in_expression(renamed, "a", "x") == renamed


@pytest.mark.parametrize(
    "source", ["[new for new in b if a]", "(lambda new: new + a)(1)", "(new := 1) + a"]
)
def test_a_name_that_already_means_something_there_is_refused(source):
    with pytest.raises(ConflictError, match="'new' already has a meaning"):
        rename_in_expression(source, "a", "new")


def test_a_template_keeps_its_text():
    fields = {"x": "a {{ a.x }} is {{a}}; {{ b }}", "y": "a {{b}}"}
    given = document(node("a"), node("c", config={"mode": "set", "fields": fields}))
    assert rename_node(given, "a", "new", CATALOGUE).nodes[1].config["fields"] == {
        "x": "a {{ new.x }} is {{ new }}; {{ b }}",
        "y": "a {{b}}",
    }


FILTER = {"mode": "filter", "items": "{{ a.rows }}", "where": "item.x > a.least"}
CODE = {"code": "a = x\na", "inputs": {"x": "{{ a }}", "a": "{{ [a for a in a] }}"}}


def test_every_reference_follows_bare_or_in_braces():
    given = document(
        node("a"),
        node("b", config=FILTER),
        loop("l", config={"mode": "times", "times": 1, "result": "{{ inner + a.x }}"}),
        reading("inner", "a.x", parent="l"),
        node("c", type="custom", config=CODE),
        node("end", type="end", config={"outputs": {"a": {"deep": ["{{ a }}", "a"]}}}),
        paths=("a b l c end",),
    )
    assert problems_in(given) == []
    renamed = rename_node(given, "a", "search", CATALOGUE)
    assert problems_in(renamed) == []
    assert [n.name for n in renamed.nodes] == ["search", "b", "l", "inner", "c", "end"]
    assert [n.config for n in renamed.nodes[1:]] == [
        {"mode": "filter", "items": "{{ search.rows }}", "where": "item.x > search.least"},
        {"mode": "times", "times": 1, "result": "{{ inner + search.x }}"},
        {"mode": "set", "fields": {"x": "{{ search.x }}"}},
        {"code": "a = x\na", "inputs": {"x": "{{ search }}", "a": "{{ [a for a in search] }}"}},
        {"outputs": {"a": {"deep": ["{{ search }}", "a"]}}},
    ]


def test_the_given_document_is_not_changed():
    given = document(node("a"), reading("b", "a.x"), paths=("a b",))
    before = given.dump()
    rename_node(given, "a", "new", CATALOGUE)
    assert given.dump() == before


def test_templates_follow_even_where_a_config_is_not_finished():
    broken = node("b", config={"mode": "sort", "items": "{{ a.rows }}", "by": ""})
    foreign = node("c", type="elsewhere", config={"text": ["{{ a }}", "{{ a b }}"]})
    renamed = rename_node(document(node("a"), broken, foreign), "a", "new", CATALOGUE)
    assert renamed.nodes[1].config["items"] == "{{ new.rows }}"
    assert renamed.nodes[2].config["text"] == ["{{ new }}", "{{ a b }}"]


def test_of_two_nodes_with_one_name_the_references_stay_with_the_other():
    second = {**node("n"), "name": "a"}
    renamed = rename_node(document(node("a"), second, reading("b", "a.x")), "n", "new", CATALOGUE)
    assert [n.name for n in renamed.nodes] == ["a", "new", "b"]
    assert renamed.nodes[2].config["fields"]["x"] == "{{ a.x }}"


def test_a_reserved_name_that_is_mended_takes_nobody_elses_references():
    wrong = {**node("n"), "name": "item"}
    given = document(wrong, loop("l"), reading("b", "item.x", parent="l"), paths=("n l",))
    renamed = rename_node(given, "n", "item_node", CATALOGUE)
    assert renamed.nodes[2].config["fields"]["x"] == "{{ item.x }}"


def test_where_the_node_is_out_of_scope_a_builtins_name_means_the_builtin():
    given = document(
        node("len"), reading("b", "len.x"), reading("c", "len('ab')"), paths=("len b",)
    )
    renamed = rename_node(given, "len", "length", CATALOGUE)
    assert [n.config["fields"]["x"] for n in renamed.nodes[1:]] == [
        "{{ length.x }}",
        "{{ len('ab') }}",
    ]


def test_a_rename_to_the_same_name_changes_nothing():
    given = document(node("a"), reading("b", "a.x"), paths=("a b",))
    assert rename_node(given, "a", "a", CATALOGUE) == given


@pytest.mark.parametrize(
    ("node_id", "name", "error"),
    [
        ("gone", "x", NotFoundError),
        ("a", "two words", InvalidInputError),
        ("a", "inputs", InvalidInputError),
        ("a", "", InvalidInputError),
        ("a", "b", ConflictError),
        ("a", "n", ConflictError),
        ("a", "len", ConflictError),
    ],
)
def test_a_name_that_cannot_be_taken_is_refused_with_a_reason(node_id, name, error):
    given = document(node("a"), reading("b", "len([n for n in a.rows if a.x])"), paths=("a b",))
    with pytest.raises(error):
        rename_node(given, node_id, name, CATALOGUE)
