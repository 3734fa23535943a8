import pytest

from flowstudio.engine.contract import Evaluator
from flowstudio.errors import ExpressionError
from flowstudio.expressions.limits import MAX_CODE
from flowstudio.expressions.sandbox import Sandbox


def test_a_sandbox_is_the_engines_evaluator(sandbox):
    evaluator: Evaluator = sandbox
    assert evaluator is sandbox


async def test_evaluate_gives_one_value_for_each_source(sandbox):
    before = sandbox.exchanges
    values = await sandbox.evaluate(["a.b", "a.b + 1", "a.b", "a.b + 1"], {"a": {"b": 1}})
    assert values == [1, 2, 1, 2]
    assert sandbox.exchanges == before + 1


async def test_evaluate_each_sees_item_index_and_names(sandbox):
    before = sandbox.exchanges
    rows = await sandbox.evaluate_each(
        ["item.n * factor", "index", "item.tags[0].upper()"],
        [{"n": 1, "tags": ["a"]}, {"n": 2, "tags": ["b"]}],
        {"factor": 10, "item": "outer", "index": "outer"},
    )
    assert rows == [[10, 0, "A"], [20, 1, "B"]]
    assert sandbox.exchanges == before + 1


async def test_evaluate_each_over_nothing_makes_no_exchange(sandbox):
    before = sandbox.exchanges
    assert await sandbox.evaluate_each(["item + 1"], [], {}) == []
    assert sandbox.exchanges == before


async def test_plain_paths_of_items_make_no_exchange(sandbox):
    before = sandbox.exchanges
    items = [{"n": number} for number in range(5000)]
    assert await sandbox.evaluate_each(["item.n", "index"], items, {}) == [
        [number, number] for number in range(5000)
    ]
    assert sandbox.exchanges == before


async def test_a_hundred_thousand_items_fit_because_they_go_in_batches(sandbox):
    before = sandbox.exchanges
    items = [{"n": number, "text": "x" * 40} for number in range(100_000)]
    rows = await sandbox.evaluate_each(
        ["item.n % 2 == 0", "index - item.n + gap"], items, {"gap": 7}
    )
    assert rows == [[number % 2 == 0, 7] for number in range(100_000)]
    assert sandbox.exchanges == before + 20


async def test_large_items_go_in_smaller_batches(sandbox):
    before = sandbox.exchanges
    rows = await sandbox.evaluate_each(["len(item)"], ["x" * 900_000] * 6, {})
    assert rows == [[900_000]] * 6
    assert sandbox.exchanges == before + 3


async def test_the_results_of_all_items_together_have_a_cap(sandbox):
    with pytest.raises(ExpressionError, match="more than 20,000,000 characters"):
        await sandbox.evaluate_each(["text * 2"], [0] * 20_000, {"text": "x" * 1000})


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("item.n", "`item.n`: 'item' has no 'n'; it has: m."),
        ("item.n + 1", "`item.n + 1`: 'item' has no 'n'; it has: m."),
        ("10 / len(item.get('n', '')) + index", "ZeroDivisionError"),
        ("b'' if 'm' in item else 1", "it gives a bytes, which is not JSON"),
    ],
)
async def test_the_failing_item_is_named_by_its_index(sandbox, source, reason):
    items = [*({"n": "1"} for _ in range(6_001)), {"m": 1}]
    if source == "item.n + 1":
        items = [{"n": 1} if "n" in item else item for item in items]
    with pytest.raises(ExpressionError) as caught:
        await sandbox.evaluate_each([source], items, {})
    assert str(caught.value).startswith("Item 6001: `")
    assert reason in str(caught.value)


async def test_a_name_nobody_knows_fails_even_without_items(sandbox):
    with pytest.raises(ExpressionError, match="'nobody' is not known"):
        await sandbox.evaluate_each(["nobody + item"], [], {})


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("a + 1", 42),
        ("x = a\nx * 2", 82),
        ("x = a", None),
        ("", None),
        ("# nothing", None),
        ("if a:\n    a", None),
        ("(a +\n    1)", 42),
        ("'é'; a  # the end; (", 41),
        ("[\n  a,\n  1,\n]\n\n# done\n", [41, 1]),
        ("a,", [41]),
        ("x = 1\r\nx + a\r\n", 42),
        ("lines = '''one\ntwo'''\nlines.split('\\n')", ["one", "two"]),
        ("def add(x, y):\n    return x + y\n\nadd(a, 1)", 42),
        ("import math, json\njson.loads('[1]') + [math.ceil(1.2)]", [1, 2]),
        (
            "from collections import Counter, deque\n[Counter('aab'), deque([1])]",
            [{"a": 2, "b": 1}, [1]],
        ),
        ("from decimal import Decimal\nDecimal('1.10')", "1.10"),
        ("{'keys': 1}['keys']", 1),
        ("async def one():\n    return 1\n\nawait one()", 1),
        ("_value = 3\n_value", 3),
        ("len = list = str = type = sorted = dict = 5\n{3, 1}", [1, 3]),
    ],
)
async def test_code_gives_the_value_of_its_last_expression(sandbox, code, value):
    assert await sandbox.run_code(code, {"a": 41}) == value


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("x = 1\ny = = 2", "Line 2: invalid syntax."),
        ("x = 1\n\n  y = 2", "Line 3: unexpected indent."),
        ("(" * 300, "Line 1: too many nested parentheses."),
        ("x = 1\x00", "null bytes"),
        ("1\n2\n1 / 0", "Line 3: ZeroDivisionError: division by zero."),
        ("def f(n):\n    return n[0]\n\nf(5)", "Line 2: TypeError"),
        ("nobody", "Line 1: NameError: name 'nobody' is not defined."),
        ("b + 1", "Line 1: NameError: name 'b' is not defined."),
        ("{'a': 1}.a", "Line 1: AttributeError"),
        ("{'a': 1}['b']", "Line 1: there is no key 'b'."),
        ("raise ValueError('not like this')", "Line 1: ValueError: not like this."),
        ("raise SystemExit", "Line 1: SystemExit."),
        ("import statistics", "Line 1: ModuleNotFoundError: No module named 'statistics'."),
        (
            "\nclass Child(Parent): pass",
            "Line 2: the sandbox does not know class inheritance",
        ),
        ("lambda: 1", "The code: it gives a function, which is not JSON"),
        ("class P: pass\nP()", "The code: it gives a P, which is not JSON"),
        ("#" * (MAX_CODE + 1), "Code has at most 100,000 characters; this has 100,001."),
    ],
)
async def test_an_error_in_code_names_the_line(sandbox, code, message):
    with pytest.raises(ExpressionError) as caught:
        await sandbox.run_code(code, {"a": 41})
    assert message in str(caught.value)


@pytest.mark.parametrize("name", ["two words", "class", "_json", "a = 1\nimport os", ""])
async def test_what_is_no_identifier_is_no_name_in_code(sandbox, name):
    with pytest.raises(ExpressionError, match="cannot be a name in code"):
        await sandbox.run_code("1", {name: 1})


async def test_printed_text_is_dropped(sandbox, capfd):
    assert await sandbox.run_code("print('hello' * 100)\n1", {}) == 1
    assert capfd.readouterr() == ("", "")


async def test_a_failed_call_leaves_the_sandbox_usable(sandbox):
    for code in ("1 / 0", "'x' * 10 ** 9", "[0] * 10 ** 9", "def f(): return f()\nf()"):
        with pytest.raises(ExpressionError):
            await sandbox.run_code(code, {})
        assert await sandbox.evaluate(["1 + 1"], {}) == [2]


async def test_open_starts_a_worker_ahead_of_need():
    async with Sandbox("run", processes=1) as fresh:
        assert fresh.exchanges == 0
        await fresh.open()
        assert fresh.exchanges == 1


@pytest.mark.parametrize(
    "code",
    [
        "_write = lambda value: 5",
        "_write = lambda value: [1]",
        "_write = lambda value: 'no json'",
        "_write = lambda value: '[' * 100000",
        "_write = lambda value: '\"' + 'x' * 30_000_000 + '\"'",
    ],
)
async def test_code_that_meddles_with_the_sandboxs_own_names_is_refused(sandbox, code):
    with pytest.raises(ExpressionError, match=r"names of the sandbox's own|more than 20,000,000"):
        await sandbox.run_code(code + "\n1", {})


async def test_code_may_have_inputs_named_like_builtins(sandbox):
    assert await sandbox.run_code("{len + list}", {"len": 1, "list": 2}) == [3]
