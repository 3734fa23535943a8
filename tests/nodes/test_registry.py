"""The table of node types, and what other packages add to it."""

import importlib
import subprocess
import sys
from importlib.metadata import EntryPoint, distributions
from pathlib import Path

import pytest

from flowstudio.engine.contract import NodeType
from flowstudio.graph.document import parse_document
from flowstudio.graph.validate import validate
from flowstudio.nodes.registry import BUILTIN, GROUP, load_registry
from tests.fakes.context import FakeContext

PLUGIN = Path(__file__).parents[1] / "fixtures" / "plugin_package"


def test_every_built_in_type_is_there_under_its_own_word():
    registry = load_registry(found=[])
    assert list(registry) == list(BUILTIN)
    assert len(registry) == 9
    for word, node_type in registry.items():
        assert node_type.type == word
        assert node_type.title
        assert node_type.summary.endswith(".")
        assert node_type.icon
        assert node_type.config_schema
        # Each change of a workflow asks for some; drawing one up takes milliseconds.
        assert node_type.config_schema is node_type.config_schema


def test_a_type_is_made_once():
    registry = load_registry(found=[])
    assert registry["task"] is registry["task"]


def test_an_unknown_word_is_not_in_the_table():
    registry = load_registry(found=[])
    assert "nonsense" not in registry
    assert registry.get("nonsense") is None


def test_checking_an_empty_config_never_raises():
    for node_type in load_registry(found=[]).values():
        node_type.check({})


def test_a_table_imports_only_the_types_it_is_asked_for():
    script = (
        "import sys; from flowstudio.nodes.registry import load_registry; "
        "registry = load_registry(); registry['end']; 'ai' in registry; "
        "print([m for m in sys.modules if m.startswith('flowstudio.nodes.builtin.')])"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "['flowstudio.nodes.builtin.end']"


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The package, built and installed by pip without a network."""
    target = tmp_path_factory.mktemp("site")
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "flowstudio_shout.py"):
        (source / name).write_bytes((PLUGIN / name).read_bytes())
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--target", target]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, source], check=True)
    return target


@pytest.fixture
def plugin(installed, monkeypatch):
    """The registry of a process in which the package is installed."""
    monkeypatch.syspath_prepend(installed)
    importlib.invalidate_caches()
    yield load_registry()
    sys.modules.pop("flowstudio_shout", None)


def test_an_installed_package_adds_its_types(plugin):
    assert list(plugin) == [*BUILTIN, "shout", "whisper"]
    assert isinstance(plugin["shout"], NodeType)
    assert plugin["shout"].config_schema["properties"]["marks"]["maximum"] == 10


def test_broken_and_replacing_entry_points_are_faults_and_nothing_else_suffers(plugin):
    assert [fault.entry_point for fault in plugin.faults] == ["broken", "start"]
    assert "Missing" in plugin.faults[0].message
    assert "'start' is a built-in type and cannot be replaced" in plugin.faults[1].message
    assert type(plugin["start"]).__module__ == "flowstudio.nodes.builtin.start"


async def test_added_types_are_validated_and_run_like_others(plugin):
    document = parse_document(
        {
            "format": "flowstudio/1",
            "name": "Loud",
            "nodes": [
                {"id": "a", "type": "shout", "name": "a", "config": {"text": "hi", "marks": 2}},
                {"id": "b", "type": "shout", "name": "b", "config": {"text": "{{ c }}"}},
                {"id": "d", "type": "shuot", "name": "d"},
            ],
        }
    )
    assert [(p.code, p.node, p.path) for p in validate(document, plugin)] == [
        ("unknown_name", "b", "config.text"),
        ("unknown_type", "d", "type"),
    ]
    node_type, context = plugin["shout"], FakeContext()
    assert await node_type.run(node_type.parse({"text": "hi", "marks": 2}), context) == "HI!!"
    assert context.logged == ["Shouting 2 letters."]


def test_the_package_is_found_by_its_entry_points(installed):
    (found,) = distributions(path=[str(installed)])
    assert {point.name for point in found.entry_points.select(group=GROUP)} == {
        "shout",
        "whisper",
        "broken",
        "start",
    }


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("raise RuntimeError('no luck')\nThing = 1", "no luck"),
        ("import sys\nsys.exit(3)", "SystemExit"),
        ("Thing = 5", "is not a NodeType"),
        ("class Thing:\n    pass", "is not a NodeType"),
        ("import nothing_of_this_name", "nothing_of_this_name"),
        (
            "from flowstudio.engine.contract import NodeType\nclass Thing(NodeType):\n    pass",
            "abstract",
        ),
        (
            "from flowstudio.nodes.builtin.end import EndConfig, End\n"
            "class Thing(End):\n    type = ''",
            "has no name",
        ),
        (
            "from flowstudio.nodes.builtin.end import EndConfig, End\n"
            "class Thing(End):\n    type = 'x'\n    def check(self, config):\n        raise KeyError",
            "KeyError",
        ),
    ],
)
def test_a_package_that_fails_in_any_way_is_a_fault(source, said, tmp_path, monkeypatch):
    (tmp_path / "bad_package.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    registry = load_registry([EntryPoint("thing", "bad_package:Thing", GROUP)])
    sys.modules.pop("bad_package", None)
    (fault,) = registry.faults
    assert said in str(fault)
    assert len(registry) == 9


def test_the_first_of_two_packages_keeps_a_word(tmp_path, monkeypatch):
    source = "from flowstudio.nodes.builtin.end import End\nclass Thing(End):\n    type = 'x'"
    (tmp_path / "twice.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    points = [EntryPoint(name, "twice:Thing", GROUP) for name in ("b", "a")]
    registry = load_registry(points)
    sys.modules.pop("twice", None)
    assert "x" in registry
    assert [fault.entry_point for fault in registry.faults] == ["b"]
