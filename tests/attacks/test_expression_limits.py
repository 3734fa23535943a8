"""Expressions and code that try to use more than their share: row A12 of the attack table."""

import asyncio
import os
import resource
import signal
from collections.abc import Iterator

import pytest

from flowstudio.errors import ExpressionError, FlowStudioError
from tests.processes import expression_workers, until
from tests.refusals import evaluate, refused, refused_code

HOST_GROWTH_MB = 60


@pytest.fixture
async def unharmed(sandbox) -> Iterator[None]:
    """After the attack the server has not grown, and the next caller is served."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown_mb < HOST_GROWTH_MB
    assert await evaluate(sandbox, "1 + 1") == 2


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize(
    "code",
    [
        "while True: pass",
        "while True:\n    try:\n        while True: pass\n    except BaseException:\n        pass",
        "def f():\n    try:\n        while True: pass\n    finally:\n        while True: pass\nf()",
        "while True: [n for n in range(1000)]",
        "sum(range(10 ** 12))",
    ],
    ids="A12a-{}".format,
)
async def test_code_that_never_ends_is_stopped_by_the_time_limit(sandbox, code):
    assert "it took longer than 1 s" in await refused_code(sandbox, code)


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize(
    "source",
    [
        "10 ** 10 ** 10",
        "1 << 10 ** 10",
        "'a' * 10 ** 10",
        "[0] * 10 ** 10",
        "bytes(10 ** 11)",
        "f'{1:>10000000000}'",
        "'{:>10000000000}'.format(1)",
        "'a'.ljust(10 ** 10)",
        "('a' * 10 ** 6).replace('a', 'b' * 10 ** 6)",
        "('a' * 10 ** 5).join(['b'] * 10 ** 5)",
    ],
    ids="A12b-{}".format,
)
async def test_one_huge_value_is_stopped_by_the_memory_limit(patient, source):
    assert "it needs more than 64 MB of memory" in await refused(patient, source)


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize(
    "code",
    [
        "a = [1]\nwhile True: a += a",
        "a = []\nwhile True: a.append(len(a))",
        "{n: n for n in range(10 ** 9)}",
        "any(n < 0 for n in range(10 ** 12))",
        "a = 'x' * 1000\n''.join([a] * 10 ** 6)",
        "'x' * 60_000_000",
        "a = 'x' * 1000\nfor _ in range(30): a = [a, a]\na",
        "a = {'k': 'x' * 1000}\nfor _ in range(30): a = {'p': a, 'q': a}\na",
        "a = ['x' * 10 ** 6]\n[a] * 1000",
    ],
    ids="A12c-{}".format,
)
async def test_values_that_grow_are_stopped_by_the_memory_limit(patient, code):
    assert "it needs more than 64 MB of memory" in await refused_code(patient, code)


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize((), [pytest.param(id="A12e-hash-flood")])
async def test_a_flood_of_equal_hashes_is_stopped_by_the_memory_limit(patient):
    code = "a = {}\nn = 0\nwhile True:\n    n += 2 ** 61 - 1\n    a[n] = 1"
    assert "it needs more than 64 MB of memory" in await refused_code(patient, code)


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("def f(): return f()\nf()", "too deep"),
        ("f = lambda n: f(n + 1)\nf(0)", "too deep"),
        ("a = []\nfor _ in range(100_000): a = [a]\na", "too deep"),
        ("a = {}\nfor _ in range(300): a = {'a': a}\na", "too deep"),
        ("a = []\na.append(a)\na", "Circular reference"),
        ("import json\njson.loads('[' * 100_000 + ']' * 100_000)", "too deep"),
        (
            "def f():\n    try:\n        return f()\n    except RecursionError:\n        return f()\nf()",
            "it took longer",
        ),
        ("(" * 49_000 + "1" + ")" * 49_000, "too many nested parentheses"),
        ("-" * 99_000 + "1", "too deep or not valid"),
        ("1+" * 49_000 + "1", "too deep or not valid"),
        ("x" + ".a" * 49_000, "too deep or not valid"),
        ("x" + "()" * 49_000, "too deep or not valid"),
        ("lambda:" * 14_000 + "1", "too deep or not valid"),
        ("\n".join(" " * n + "if 1:" for n in range(300)), "indentation"),
        ("if 1: pass\n" + "elif 1: pass\n" * 7_000, "too deep or not valid"),
    ],
    ids=lambda value: f"A12d-{value[:30]}",
)
async def test_deep_code_and_values_are_refused_in_words(sandbox, code, reason):
    assert reason in await refused_code(sandbox, code)


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize(
    "source",
    [
        "(" * 1_900 + "1" + ")" * 1_900,
        "-" * 3_900 + "1",
        "1+" * 1_900 + "1",
        "a" + ".b" * 1_900,
        "a" + ".b" * 900 + ".c()",
        "[" * 1_900 + "]" * 1_900,
        "f(" * 600 + ")" * 600,
        "lambda:" * 500 + "1",
        "(lambda f: f(f))(lambda f: f(f))",
        "x" * 4_001,
    ],
    ids=lambda value: f"A12d-{value[:12]}-{len(value)}",
)
async def test_deep_expressions_are_refused_in_words(sandbox, source):
    with pytest.raises(FlowStudioError):
        await sandbox.evaluate([source], {"a": 1, "f": 1})


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize((), [pytest.param(id="A12d-data")])
async def test_a_deep_value_read_by_an_expression_is_refused_in_words(sandbox):
    for depth in (300, 900):
        value: list = []
        for _ in range(depth):
            value = [value]
        assert "too deep" in await refused(sandbox, "len(node)", node=value)


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("while True: print('x' * 1000)", "it took longer"),
        ("import time\ntime.sleep(1000)", "it may not sleep"),
        ("import asyncio\nawait asyncio.sleep(1000)", "it may not sleep"),
        ("import os\nwhile True:\n    try: os.getenv('x')\n    except Exception: pass", "limit 50"),
        ("raise ValueError('x' * 10_000_000)", "ValueError: xxx"),
    ],
    ids=lambda value: f"A12e-{value[:30]}",
)
async def test_waste_ends_at_a_limit(sandbox, code, reason, capfd):
    message = await refused_code(sandbox, code)
    assert reason in message
    assert len(message) < 1_000
    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("re.match('(a+)+$', 'a' * 40 + 'b')", None),
        ("re.match('(.*)*x', 'a' * 50)", None),
        ("re.findall('(a*)*b', 'a' * 5000)", []),
        ("re.sub('(x+x+)+y', '', 'x' * 40)", "x" * 40),
    ],
    ids=lambda value: f"A12f-{value}"[:40],
)
async def test_a_regular_expression_cannot_hang(sandbox, source, value):
    assert await evaluate(sandbox, source) == value


@pytest.mark.parametrize((), [pytest.param(id="A12f-backreference")])
async def test_a_regular_expression_that_must_backtrack_gives_up(sandbox):
    assert "backtracking" in await refused(sandbox, r"re.match(r'(a+)+\1$', 'a' * 40 + 'b')")


@pytest.mark.parametrize((), [pytest.param(id="A12h-killed")])
async def test_an_expression_whose_worker_is_killed_is_tried_once_more(sandbox, caplog):
    before = sandbox.exchanges
    hog = asyncio.ensure_future(sandbox.run_code("while True: pass", {}))
    await until(lambda: sandbox.exchanges == before + 1 and bool(expression_workers()))
    for worker in expression_workers():
        os.kill(worker, signal.SIGKILL)
    # The second attempt runs into its own time limit, which shows that it was made.
    with pytest.raises(ExpressionError, match="it took longer"):
        await hog
    assert sandbox.exchanges == before + 2
    assert "The expression engine was restarted" in caplog.text


@pytest.mark.parametrize(
    "leak",
    ["secret", "_names", "_result", "_in", "__name__ + secret"],
    ids="A12h-leak-{}".format,
)
async def test_nothing_of_an_earlier_call_is_left_in_the_worker(sandbox, leak):
    await sandbox.run_code("secret = word + '!'\nsecret", {"word": "sk-CANARY"})
    try:
        value = await sandbox.run_code(leak, {})
    except ExpressionError as error:
        value = str(error)
    assert "sk-CANARY" not in str(value)
