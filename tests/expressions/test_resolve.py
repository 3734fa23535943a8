from collections.abc import Iterator, Mapping

import pytest

from flowstudio.errors import ExpressionError
from flowstudio.expressions.limits import Limits
from flowstudio.expressions.sandbox import Sandbox
from flowstudio.graph.references import parse_template

NAMES = {
    "search": {"results": [{"title": "bee", "n": 1}, {"title": "wasp", "n": 8}], "items": [4]},
    "inputs": {"topic": "insects", "nothing": None},
}


async def resolve(sandbox: Sandbox, *texts: str, names: Mapping = NAMES) -> list:
    return await sandbox.resolve([parse_template(text) for text in texts], names)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("plain", "plain"),
        ("", ""),
        ("{{ search.results[0].title }}", "bee"),
        ("{{ search.results }}", NAMES["search"]["results"]),
        ("{{ inputs.nothing }}", None),
        ("{{ search.results[0].n + 1 }}", 2),
        ("{{ search.results[0].title.upper() }}", "BEE"),
        ("{{ [r.title for r in search.results if r.n > 4] }}", ["wasp"]),
        ("{{ search.items[0] * 2 }}", 8),
        ("{{ list(search.keys()) }}", ["results", "items"]),
        ("{{ {'a': {'b': 5}}.a.b }}", 5),
        ("{{ len(inputs.topic) > 3 and inputs.topic or 'none' }}", "insects"),
        ("{{ f'{inputs.topic:>9}' }}", "  insects"),
        ("about {{ inputs.topic }}", "about insects"),
        ("{{ inputs.topic }}{{ 1 + 1 }}", "insects2"),
        ("<{{ inputs.nothing }}>", "<>"),
        ("<{{ search.items }} {{ 1 == 1 }}>", "<[4] true>"),
        (" {{ 1 }}", " 1"),
    ],
)
async def test_a_template_gives_its_value(sandbox, text, value):
    assert await resolve(sandbox, text) == [value]


async def test_values_come_in_the_order_of_the_templates(sandbox):
    assert await resolve(sandbox, "{{ 1 + 1 }}", "x", "{{ inputs.topic }}") == [2, "x", "insects"]


async def test_text_and_paths_need_no_exchange(sandbox):
    before = sandbox.exchanges
    await resolve(sandbox, "text", "{{ inputs.topic }}", "{{ search.results[-1].n }} left")
    assert sandbox.exchanges == before


async def test_all_expressions_of_a_call_share_one_exchange(sandbox):
    before = sandbox.exchanges
    texts = [f"{{{{ search.results[0].n + {number} }}}} {{{{ 2 * 3 }}}}" for number in range(20)]
    values = await resolve(sandbox, *texts, "{{ inputs.topic }}")
    assert values == [*(f"{number + 1} 6" for number in range(20)), "insects"]
    assert sandbox.exchanges == before + 1


async def test_nothing_to_evaluate_gives_nothing(sandbox):
    assert await sandbox.resolve([], NAMES) == []
    assert await sandbox.evaluate([], NAMES) == []


async def test_data_is_never_evaluated(sandbox):
    names = {"page": {"text": "{{ 7 * 7 }}"}}
    values = await resolve(
        sandbox, "{{ page.text }}", "got {{ page.text }}", "{{ page.text + '' }}", names=names
    )
    assert values == ["{{ 7 * 7 }}", "got {{ 7 * 7 }}", "{{ 7 * 7 }}"]


class Watched(Mapping):
    """Names whose values are made when they are asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __getitem__(self, name: str) -> int:
        self.asked.append(name)
        return 5

    def __contains__(self, name: object) -> bool:
        return name in ("used", "unused", "walked")

    def __iter__(self) -> Iterator[str]:
        raise AssertionError

    def __len__(self) -> int:
        raise AssertionError


async def test_only_names_that_are_read_are_looked_up(sandbox):
    names = Watched()
    assert await resolve(sandbox, "{{ used + 1 }}", "{{ walked }}", names=names) == [6, 5]
    assert sorted(names.asked) == ["used", "walked"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{ math.floor(2.7) }}", 2),
        ("{{ math.pi > 3 }}", True),
        ("{{ json.loads('[1]') }}", [1]),
        ("{{ re.sub('a', 'b', 'aha') }}", "bhb"),
        ("{{ datetime.date(2024, 2, 29).isoformat() }}", "2024-02-29"),
        ("{{ datetime.datetime(2024, 2, 29, 12).year }}", 2024),
    ],
)
async def test_modules_are_there_by_name(sandbox, text, value):
    assert await resolve(sandbox, text) == [value]


@pytest.mark.parametrize("name", ["json", "len", "sum", "re", "input", "filter"])
async def test_a_name_in_scope_shadows_a_builtin_or_module(sandbox, name):
    names = {name: {"n": 1}}
    values = await resolve(sandbox, f"{{{{ {name}.n + 1 }}}}", f"{{{{ {name} }}}}", names=names)
    assert values == [2, {"n": 1}]


async def test_what_one_expression_binds_the_next_does_not_see(sandbox):
    assert await resolve(sandbox, "{{ (x := 5) + x }}") == [10]
    with pytest.raises(ExpressionError, match="'x' is not known here"):
        await resolve(sandbox, "{{ (x := 5) + x }}", "{{ x + 1 }}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ nobody + 1 }}", "'nobody' is not known here"),
        ("{{ nobody.x }}", "'nobody' is not known here"),
        (
            "{{ search.result.upper() }}",
            "`search.result.upper()`: 'search' has no 'result'; it has: results, items.",
        ),
        ("{{ inputs.nothing.x + 1 }}", "'inputs.nothing' is null, so it has no 'x'."),
        ("{{ search.results.title + 1 }}", "pick an entry, such as [0]."),
        ("{{ search['zork'] + 1 }}", "`search['zork'] + 1`: there is no key 'zork'."),
        ("{{ 1 / 0 }}", "`1 / 0`: ZeroDivisionError: division by zero."),
        ("{{ 'a' + 1 }}", "`'a' + 1`: TypeError: "),
        ("{{ 'a'.shout() }}", "'str' object has no attribute 'shout'."),
        ("{{ len }}", "it gives a builtin_function_or_method, which is not JSON"),
        ("{{ b'x' }}", "`b'x'`: it gives a bytes, which is not JSON"),
        ("{{ [1, b'x', {2}] }}", "it gives a bytes, which is not JSON"),
        ("{{ float('nan') }}", "infinite or not a number"),
        ("{{ [1e999] }}", "infinite or not a number"),
        ("{{ {(1, 2): 3} }}", "keys must be str"),
    ],
)
async def test_an_error_names_the_expression_and_the_reason(sandbox, text, message):
    with pytest.raises(ExpressionError) as caught:
        await resolve(sandbox, text)
    assert message in str(caught.value)


async def test_in_a_batch_the_failing_expression_is_named(sandbox):
    with pytest.raises(ExpressionError, match=r"^`len\(5\)`: TypeError"):
        await resolve(sandbox, "{{ 1 + 1 }}", "{{ '''a\nb''' + 'c' }}", "{{ len(5) }}", "{{ 2 }}")


async def test_a_long_expression_is_shortened_in_messages(sandbox):
    with pytest.raises(ExpressionError) as caught:
        await resolve(sandbox, "{{ 1/0 + " + " + ".join(["1"] * 900) + " }}")
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("(1, 2)", [1, 2]),
        ("{3, 1, 2}", [1, 2, 3]),
        ("[{2, 1}, {'a': (1,)}]", [[1, 2], {"a": [1]}]),
        ("frozenset([1])", [1]),
        ("range(3)", [0, 1, 2]),
        ("map(str, [1, 2])", ["1", "2"]),
        ("{'a': 1}.keys()", ["a"]),
        ("{'a': 1}.items()", [["a", 1]]),
        ("{1: 'a', None: 'b', True: 'c'}", {"true": "c", "null": "b"}),
        ("datetime.date(2024, 2, 29)", "2024-02-29"),
        ("datetime.datetime(2024, 2, 29, 1, 2, 3)", "2024-02-29T01:02:03"),
        ("[datetime.time(1, 2)]", ["01:02:00"]),
        ("2 ** 100", 2**100),
        ("'é\\n\"😀'", 'é\n"😀'),
        ("1.5", 1.5),
        ("None", None),
        ("1 < 2", True),
    ],
)
async def test_results_are_json_values(sandbox, source, value):
    assert await sandbox.evaluate([source], {}) == [value]


async def test_values_go_in_and_come_back_unchanged(sandbox):
    value = {"é": [1, 2.5, None, True, "line\n", {"": {}}], "big": 2**80, "quote": "'\"\\"}
    assert await sandbox.evaluate(["dict(value)"], {"value": value}) == [value]


async def test_text_longer_than_the_cap_is_refused(sandbox):
    names = {"big": {"text": "x" * 5_000_000}}
    with pytest.raises(ExpressionError, match="more than 20,000,000 characters"):
        await resolve(sandbox, "{{ big.text }}" * 1000, names=names)


async def test_a_value_that_needs_more_memory_than_allowed_is_refused():
    async with Sandbox(limits=Limits(time_s=5, memory_mb=8)) as small:
        with pytest.raises(ExpressionError, match="needs more than 8 MB of memory"):
            await resolve(small, "{{ len(big) }}", names={"big": ["x" * 100] * 100_000})
