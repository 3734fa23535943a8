"""The end node: outputs by name."""

from flowstudio.nodes.builtin.end import End
from tests.fakes.context import FakeContext

END = End()


async def test_the_output_is_the_given_outputs():
    config = END.parse({"outputs": {"a": [1, {"b": None}], "c": "text"}})
    assert await END.run(config, FakeContext()) == {"a": [1, {"b": None}], "c": "text"}


def test_templates_are_found_at_any_depth():
    checked = END.check({"outputs": {"a": {"b": ["{{ x }}"]}, "c": "{{ y }}"}})
    assert [slot.path for slot in checked.slots] == [("outputs", "a", "b", 0), ("outputs", "c")]


def test_nothing_follows_an_end_and_it_stands_outside_containers():
    assert END.check({}).ports.outputs == ()
    assert END.root_only


def test_the_card_names_the_outputs():
    assert END.summarise(END.parse({"outputs": {"brief": 1, "cost": 2}})) == "brief, cost"
