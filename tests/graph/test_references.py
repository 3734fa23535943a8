"""Templates and expressions as text."""

import pytest

from flowstudio.errors import ExpressionError
from flowstudio.graph.references import name_problem, parse_expression, parse_template


@pytest.mark.parametrize(
    ("source", "roots", "path", "reads"),
    [
        ("search", {"search"}, ("search",), [("search",)]),
        ("a.b[0]['c d'][-1].e", {"a"}, ("a", "b", 0, "c d", -1, "e"), None),
        ("a[b.c].d", {"a", "b"}, None, [("a",), ("b", "c")]),
        ("a.title.upper()", {"a"}, None, [("a", "title")]),
        ("a.items[0].get('x')", {"a"}, None, [("a", "items", 0)]),
        ("len(a.rows) + 1", {"a", "len"}, None, [("a", "rows")]),
        ("[x.id for x in a.rows if x.ok]", {"a"}, None, [("a", "rows")]),
        ("[a for a in a.rows]", {"a"}, None, [("a", "rows")]),
        ("[y for x in a for y in x.b]", {"a"}, None, [("a",)]),
        ("{k: v for k, v in a.items()}", {"a"}, None, [("a",)]),
        ("(lambda x, y=b: x + y)(a)", {"a", "b"}, None, [("a",), ("b",)]),
        ("(n := a.total) + n", {"a"}, None, [("a", "total")]),
        ("f'{a.b} {c!r:>{d}}'", {"a", "c", "d"}, None, [("a", "b"), ("c",), ("d",)]),
        ("a if b else 'c'", {"a", "b"}, None, [("a",), ("b",)]),
        ("a[1:2]", {"a"}, None, [("a",)]),
        ("a[True]", {"a"}, None, [("a",)]),
        ("1 + 1", set(), None, []),
        ("a.b + a.b + a.c", {"a"}, None, [("a", "b"), ("a", "c")]),
    ],
)
def test_an_expression_names_what_it_reads(source, roots, path, reads):
    parsed = parse_expression(source)
    assert (parsed.roots, parsed.path) == (roots, path)
    assert list(parsed.reads) == ([path] if reads is None else reads)


@pytest.mark.parametrize(
    "source",
    [
        "",
        "   ",
        "a b",
        "a; b",
        "import os",
        "x = 1",
        "(",
        "a.__class__",
        "().__class__.__bases__[0].__subclasses__()",
        "__import__('os')",
        "_private",
        "a._b",
        "a.\uff3fb",
        "[_x for _x in a]",
        "lambda _x: 1",
        "f(_x=1)",
        "await a",
        "(yield)",
        "a\x00b",
        "\ud800",
        "(" * 50_000 + ")" * 50_000,
        "(" * 1_900 + ")" * 1_900,
        "-" * 3_999 + "1",
        "a" + ".b" * 1_999 + "(",
        "a" * 4_001,
        "return 1",
    ],
)
def test_a_bad_or_hostile_expression_is_refused(source):
    with pytest.raises(ExpressionError):
        parse_expression(source)


def test_a_long_path_is_no_danger():
    assert len(parse_expression("a" + ".b" * 900).path) == 901


@pytest.mark.parametrize(
    ("text", "parts", "keeps_type"),
    [
        ("plain", ["plain"], False),
        ("", [], False),
        ("{{ a }}", ["<a>"], True),
        ("{{a}}", ["<a>"], True),
        ("Hi {{ a }}, {{b.c}}!", ["Hi ", "<a>", ", ", "<b.c>", "!"], False),
        (" {{ a }}", [" ", "<a>"], False),
        ("{{ {'k': {'l': a}} }}", ["<{'k': {'l': a}}>"], True),
        ("{{ {'k': {'l': {}}}}} tail", ["<{'k': {'l': {}}}>", " tail"], False),
        ("{{ '}}' }}", ["<'}}'>"], True),
        ("{ a }", ["{ a }"], False),
        ("}} {{ a }}", ["}} ", "<a>"], False),
        ("{{ [\n a,\n b ] }}", ["<[\n a,\n b ]>"], True),
    ],
)
def test_a_template_splits_at_its_braces(text, parts, keeps_type):
    template = parse_template(text)
    shown = [part if isinstance(part, str) else f"<{part.source}>" for part in template.parts]
    assert (shown, template.keeps_type) == (parts, keeps_type)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{", "never closed"),
        ("Hi {{ a", "never closed"),
        ("{{ }}", "empty"),
        ("{{ a b }}", "not a valid expression"),
        ("{{ a.__class__ }}", "starting with _"),
        ("{{ 'a }}", "not a valid expression"),
        ("{{" + "{{" * 1000 + "}}" * 1000, "not a valid expression"),
        ("{{ " + "a" * 5_000 + " }}", "at most 4,000"),
    ],
)
def test_a_broken_template_says_what_is_wrong(text, said):
    with pytest.raises(ExpressionError, match=said):
        parse_template(text)


@pytest.mark.parametrize(
    "name", ["a", "search_2", "Übersicht", "日本", "constructor", "len", "x" * 100]
)
def test_python_identifiers_are_good_names(name):
    assert name_problem(name) is None


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "needs a name"),
        ("two words", "not a Python identifier"),
        ("2nd", "not a Python identifier"),
        ("class", "not a Python identifier"),
        ("None", "not a Python identifier"),
        ("a.b", "not a Python identifier"),
        ("a\n", "not a Python identifier"),
        ("_a", "underscore"),
        ("__proto__", "underscore"),
        ("inputs", "reserved"),
        ("item", "reserved"),
        ("previous", "reserved"),
        ("ﬁle", "reads as others"),
        ("\uff3fa", "not a Python identifier"),
    ],
)
def test_other_names_are_refused_with_a_reason(name, said):
    assert said in name_problem(name)
