"""The forms of all node types: every field of every config has a kind that a form can draw."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel, Field

from flowstudio.graph.fields import Cron, FieldKind, ItemExpression, ModelName, shown
from flowstudio.nodes.registry import load_registry

NODE = str(Path(sys.executable).parent / "node")
HERE = Path(__file__).parent
RULES = HERE.parents[1] / "assets" / "components" / "editor" / "kinds.js"
REGISTRY = load_registry()
#: By type and mode: the field a card shows, and the kinds of some others.
EXPECTED = {
    ("start", None): {"key": "inputs", "inputs": "schema"},
    ("end", None): {"key": "outputs", "outputs": "map", "outputs.*": "value"},
    ("task", "set"): {"key": "fields", "fields.*": "value"},
    ("task", "template"): {"key": "text", "text": "template"},
    ("task", "filter"): {"key": "where", "items": "value", "where": "expression"},
    ("task", "join"): {"key": "left", "how": "choice", "left_key": "expression"},
    ("task", "wait"): {"key": "seconds", "seconds": "number", "until": "moment"},
    ("task", "approval"): {"key": "message", "assignees": "list", "assignees.*": "template"},
    ("task", "form"): {"key": "message", "fields": "schema", "on_expiry": "choice"},
    ("decision", "if"): {"key": "condition", "condition": "expression"},
    ("decision", "switch"): {"key": "cases", "cases.*.when": "expression", "cases.*.port": "text"},
    ("decision", "classify"): {"key": "input", "model": "model", "classes.*.description": "prompt"},
    ("ai", None): {
        "key": "prompt",
        "model": "model",
        "fallbacks.*": "model",
        "schema": "schema",
        "reasoning": "json",
        "steps.*.prompt": "prompt",
        "temperature": "number",
    },
    ("loop", "for_each"): {"key": "items", "concurrency": "number", "result": "template"},
    ("loop", "while"): {"key": "condition", "condition": "expression"},
    ("loop", "times"): {"key": "times", "times": "number"},
    ("parallel", None): {"key": "join", "quorum": "number"},
    ("integration", "http"): {
        "key": "url",
        "headers.*": "template",
        "body": "value",
        "credential": "credential",
        "fail_on_status": "switch",
    },
    ("integration", "email"): {"key": "body", "to": "list", "credential": "credential"},
    ("integration", "workflow"): {"key": "workflow", "workflow": "workflow", "inputs": "map"},
    ("custom", None): {"key": "code", "code": "code", "inputs.*": "value", "schema": "schema"},
}


def kinds_of(schemas: dict[str, Any]) -> dict[str, Any]:
    done = subprocess.run(
        [NODE, str(HERE / "schema_kinds.mjs"), str(RULES)],
        input=json.dumps(schemas),
        capture_output=True,
        text=True,
        check=True,
    )
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    return kinds_of({name: each.config_schema for name, each in REGISTRY.items()})


def test_forms_know_the_kinds_that_fields_may_name(told):
    assert set(told["kinds"]) == set(get_args(FieldKind))


@pytest.mark.parametrize("name", REGISTRY)
def test_every_field_of_a_type_is_of_a_known_kind(told, name):
    modes = told["types"][name]
    assert modes
    for mode in modes:
        assert set(mode["fields"].values()) <= set(told["kinds"])
        assert mode["key"] in mode["fields"]
        # Nothing falls back to raw JSON but what is meant to be.
        raw = {field for field, kind in mode["fields"].items() if kind == "json"}
        assert raw <= {"provider", "reasoning"}


def test_no_field_of_a_config_is_left_out(told):
    for name, node_type in REGISTRY.items():
        schema = node_type.config_schema
        parts = [schema, *schema.get("$defs", {}).values()]
        known = {field for part in parts for field in part.get("properties", {})} - {"mode"}
        drawn = {
            key
            for mode in told["types"][name]
            for place in mode["fields"]
            for key in place.split(".")
        }
        assert known <= drawn, name


def test_fields_have_the_kinds_that_suit_them(told):
    for (name, mode), expected in EXPECTED.items():
        modes = told["types"][name]
        found = next(each for each in modes if mode in (None, each["config"].get("mode")))
        kinds = found["fields"] | {"key": found["key"]}
        assert {field: kinds.get(field) for field in expected} == expected, (name, mode)


def test_every_field_has_a_title_that_people_can_read():
    for node_type in REGISTRY.values():
        for part in [node_type.config_schema, *node_type.config_schema.get("$defs", {}).values()]:
            for name, field in part.get("properties", {}).items():
                assert field.get("title") or "$ref" in field, (node_type.type, name)


def test_types_from_elsewhere_say_the_same_by_the_same_means():
    class Config(BaseModel):
        when: Cron = Field("0 9 * * *", title="When")
        model: ModelName = Field("", title="Model")
        rows: list[dict[str, int]] = Field([], title="Rows")
        score: ItemExpression = Field(title="Score", json_schema_extra=shown(each="rows"))
        pause_s: float = Field(1, title="Pause", json_schema_extra=shown(unit="s", fold=True))
        token: str = Field("", title="Note", json_schema_extra=shown("prompt", key=True, lines=4))

    schema = Config.model_json_schema()
    found = kinds_of({"toy": schema})["types"]["toy"][0]
    assert found["key"] == "token"
    assert found["fields"] == {
        "when": "cron",
        "model": "model",
        "rows": "list",
        "rows.*": "map",
        "score": "expression",
        "pause_s": "number",
        "token": "prompt",
    }
    fields = schema["properties"]
    assert (fields["score"]["x-names"], fields["score"]["x-each"]) == (["item", "index"], "rows")
    assert (fields["pause_s"]["x-unit"], fields["pause_s"]["x-fold"]) == ("s", True)


def test_what_forms_are_made_of_does_what_it_says():
    tests = sorted(map(str, (HERE / "js").glob("*.test.mjs")))
    done = subprocess.run([NODE, "--test", *tests], capture_output=True, text=True, check=False)
    assert tests
    assert done.returncode == 0, done.stdout[-4_000:]
