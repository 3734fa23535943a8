import pytest

from flowstudio.errors import ExpressionError
from flowstudio.expressions.rewrite import rewrite


@pytest.mark.parametrize(
    ("source", "rewritten"),
    [
        ("a", "a"),
        ("a.b", "_get(a, 'b', 'a')"),
        ("a.b.c", "_get(_get(a, 'b', 'a'), 'c', 'a.b')"),
        ("a.b()", "a.b()"),
        ("a.b.c(x.y)", "_get(a, 'b', 'a').c(_get(x, 'y', 'x'))"),
        ("a['b'].c", "_get(a['b'], 'c', \"a['b']\")"),
        ("f(a.b)(c.d)", "f(_get(a, 'b', 'a'))(_get(c, 'd', 'c'))"),
        ("[i.n for i in xs.all]", "[_get(i, 'n', 'i') for i in _get(xs, 'all', 'xs')]"),
        ("f'{a.b}'", """f"{_get(a, 'b', 'a')}\""""),
    ],
)
def test_dots_become_look_ups_and_method_calls_stay(source, rewritten):
    assert rewrite(source) == rewritten


@pytest.mark.parametrize("source", ["_get(a, 'b', 'c')", "a._b", "a.b(_c=1)", "lambda _x: 1"])
def test_names_of_the_prelude_cannot_be_written(source):
    with pytest.raises(ExpressionError, match="names starting with _ are refused"):
        rewrite(source)


def test_a_chain_too_long_to_rewrite_is_refused_in_words():
    with pytest.raises(ExpressionError, match="too deep"):
        rewrite("a" + ".b" * 1900)
