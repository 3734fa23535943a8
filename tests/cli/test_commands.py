import json
import subprocess
import sys


def test_help_loads_nothing_but_the_command_line_itself():
    program = (
        "import sys; from flowstudio.cli import group; group(['--help'], standalone_mode=False);"
        "heavy = {'reflex', 'sqlalchemy', 'httpx', 'pydantic', 'networkx'} & set(sys.modules);"
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert "Run a workflow file" in done.stdout


def test_no_command_imports_the_page():
    program = (
        "import sys, importlib; from flowstudio.cli import _COMMANDS;"
        "[importlib.import_module(entry[0].split(':')[0]) for entry in _COMMANDS.values()];"
        "sys.exit('reflex' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_nodes_are_listed_with_their_schemas(command):
    _, rows = command.json("nodes")
    assert {row["type"] for row in rows} >= {"start", "end", "task", "ai", "loop", "custom"}
    assert all(isinstance(row["config_schema"], dict) for row in rows)


def test_the_built_in_model_is_listed_without_a_key(command, monkeypatch):
    monkeypatch.delenv("FLOWSTUDIO_OPENROUTER_API_KEY", raising=False)
    _, models = command.json("models", "list")
    assert [model["id"] for model in models] == ["local/smollm2-135m-instruct"]


def test_doctor_says_that_the_model_is_missing_and_what_to_do(command):
    code, findings = command.json("doctor")
    assert code == 1
    says = {finding["what"]: finding for finding in findings}
    assert "flowstudio models install" in says["Built-in model"]["says"]
    assert says["Database"]["is_well"]
    assert says["Sandbox"]["is_well"]


def test_an_unknown_run_is_one_clear_sentence(command):
    code, _, err = command.run("runs", "show", "nothing")
    assert code == 1
    assert err == "Error: There is no run 'nothing'.\n"


def test_a_data_directory_that_cannot_be_written_is_told(command):
    command.data.write_text("a file, not a folder")
    code, _, err = command.run("runs", "list")
    assert code == 1
    assert "Traceback" not in err
    assert str(command.data) in err


def test_no_runs_is_an_empty_list(command):
    code, out, _ = command.run("runs", "list", "--json")
    assert (code, json.loads(out)) == (0, [])
