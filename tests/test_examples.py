import json
from pathlib import Path

import pytest

from flowstudio.graph.document import read_document
from flowstudio.graph.validate import validate
from flowstudio.nodes.registry import BUILTIN, load_registry

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.json"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_has_no_problem_and_runs_without_any_input(path):
    document = read_document(path.read_bytes())
    assert validate(document, load_registry()) == []
    start = next(node for node in document.nodes if node.type == "start")
    assert "required" not in start.config["inputs"]


def test_the_examples_show_every_node_type():
    used = {node["type"] for path in EXAMPLES for node in json.loads(path.read_text())["nodes"]}
    assert used == set(BUILTIN)
