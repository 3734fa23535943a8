import json
import signal
import sqlite3

import pytest

from tests.cli.flowstudio_command import start, task, workflow

GREET = workflow(
    start(who={"type": "string"}, times={"type": "integer"}),
    task("greet", "template", text="Hi {{ inputs.who }} {{ inputs.times + 1 }}"),
    {"type": "end", "name": "done", "config": {"outputs": {"text": "{{ greet }}"}}},
    wires="start>greet>done",
)
ASK = workflow(
    start(),
    task("ask", "approval", message="Go on?"),
    {"type": "end", "name": "done", "config": {"outputs": {"ok": "{{ ask.approved }}"}}},
    wires="start>ask>done",
)
FAIL = workflow(
    start(),
    {"type": "custom", "name": "broken", "config": {"code": "1 / 0"}},
    wires="start>broken",
)


def rows(command, statement):
    if not (command.data / "flowstudio.db").exists():
        return []
    with sqlite3.connect(command.data / "flowstudio.db") as database:
        return database.execute(statement).fetchall()


def test_a_run_prints_one_object_with_all_it_promises(command):
    file = command.write("greet.json", GREET)
    code, result = command.json("run", file, "-i", "who=42", "-i", "times=2")
    assert code == 0
    assert result["status"] == "succeeded"
    assert result["outputs"] == {"text": "Hi 42 3"}
    assert result["cost_usd"] == "0"
    assert result["usage"] == {"prompt_tokens": 0, "completion_tokens": 0}
    assert result["duration_s"] >= 0
    assert [step["path"] for step in result["steps"]] == ["start", "greet", "done"]
    assert set(result["steps"][0]) >= {
        "node",
        "path",
        "type",
        "status",
        "attempts",
        "duration_s",
        "cost_usd",
        "cached",
        "model",
        "error",
    }
    assert command.json("runs", "show", result["run_id"])[1] == result


def test_inputs_come_as_json_or_files_and_single_ones_win(command):
    file = command.write("greet.json", GREET)
    command.write("inputs.json", json.dumps({"who": "Ada", "times": 1}))
    command.write("name.txt", "Grace")
    code, result = command.json("run", file, "--inputs", "@inputs.json", "-i", "who=@name.txt")
    assert code == 0
    assert result["outputs"] == {"text": "Hi Grace 2"}


def test_progress_goes_to_standard_error_and_outputs_to_standard_output(command):
    file = command.write("greet.json", GREET)
    code, out, err = command.run("run", file, "-i", "who=Ada", "-i", "times=1")
    assert code == 0
    assert json.loads(out) == {"text": "Hi Ada 2"}
    assert "✓ greet" in err


def test_a_failed_run_names_the_node_and_the_reason(command):
    code, result = command.json("run", command.write("fail.json", FAIL))
    assert code == 1
    assert result["status"] == "failed"
    assert "broken" in result["error"]
    assert "ZeroDivisionError" in result["error"]
    assert result["steps"][-1]["status"] == "failed"


def test_every_problem_of_inputs_is_told_and_nothing_is_written(command):
    file = command.write("greet.json", GREET)
    code, result = command.json("run", file, "-i", "times=many", "-i", "other=1")
    assert code == 2
    assert len(result["problems"]) == 3
    assert rows(command, "SELECT * FROM run") == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "Not valid JSON at line 1"),
        ("[]", "JSON object"),
        ("[" * 100_000, "too deeply"),
        ('{"format": "flowstudio/1", "name": "' + "x" * 5_000_001 + '"}', "bytes"),
        ('{"format": "flowstudio/9", "name": "x"}', "flowstudio/1"),
        ('{"format": "flowstudio/1", "name": "x", "name": "y"}', "twice"),
        ('{"format": "flowstudio/1", "name": "x", "settings": {"timeout_s": NaN}}', "NaN"),
    ],
    ids=["broken", "list", "deep", "huge", "future", "repeated", "nan"],
)
def test_a_file_that_cannot_be_read_is_refused_in_one_sentence(command, text, says):
    code, result = command.json("run", command.write("bad.json", text))
    assert code == 2
    assert [problem for problem in result["problems"] if says in problem["message"]]
    assert rows(command, "SELECT * FROM run") == []


def test_all_problems_of_a_document_are_told_at_once(command):
    document = workflow(
        start(),
        task("a", "template", text="{{ b }}"),
        task("b", "template", text="{{ ().__class__ }}"),
        {"type": "nothing", "name": "c", "config": {}},
        wires="start>a>b>a",
    )
    code, result = command.json("validate", command.write("bad.json", document))
    assert code == 2
    found = {problem["node"]: problem["message"] for problem in result["problems"]}
    assert {"b", "c"} <= set(found)
    assert any("a → b → a" in problem["message"] for problem in result["problems"])


def test_a_missing_file_is_a_problem_not_a_traceback(command):
    code, _, err = command.run("run", "nowhere.json")
    assert code == 2
    assert "nowhere.json cannot be read" in err
    assert "Traceback" not in err


def test_a_run_that_asks_ends_with_three_and_goes_on_after_the_answer(command):
    code, result = command.json("run", command.write("ask.json", ASK))
    assert code == 3
    assert result["status"] == "waiting"
    assert result["steps"][-1]["waiting"]["message"] == "Go on?"
    run_id = result["run_id"]
    assert [row["run_id"] for row in command.json("runs", "list", "--status", "unfinished")[1]] == [
        run_id
    ]
    assert command.run("runs", "answer", run_id, "--approve")[0] == 0
    code, result = command.json("runs", "resume", run_id)
    assert code == 0
    assert result["outputs"] == {"ok": True}


def test_an_answer_that_does_not_fit_is_refused(command):
    _, result = command.json("run", command.write("ask.json", ASK))
    code, _, err = command.run("runs", "answer", result["run_id"], "--data", '{"approved": "yes"}')
    assert code == 2
    assert "approved" in err


def test_control_c_cancels_the_run_and_ends_with_130(command):
    wait = workflow(start(), task("wait", "wait", seconds=25), wires="start>wait")
    process = command.start("run", command.write("wait.json", wait))
    line = ""
    while "start" not in line:
        line = process.stderr.readline()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
    assert command.json("runs", "list")[1][0]["status"] == "cancelled"


def test_a_failed_run_is_resumed_with_its_finished_steps_kept(command):
    _, result = command.json("run", command.write("fail.json", FAIL))
    code, again = command.json("run", "--resume", result["run_id"])
    assert code == 1
    events = command.run("runs", "events", result["run_id"], "--json")[1].splitlines()
    started = [json.loads(line)["path"] for line in events if "step_started" in line]
    assert started == ["start", "broken", "broken"]
    assert again["run_id"] == result["run_id"]


def test_events_come_one_a_line_in_order(command):
    _, result = command.json(
        "run", command.write("greet.json", GREET), "-i", "who=x", "-i", "times=1"
    )
    lines = command.run("runs", "events", result["run_id"], "--json")[1].splitlines()
    events = [json.loads(line) for line in lines]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert events[0]["type"] == "run_started"
    assert events[-1]["type"] == "run_succeeded"
    assert {"seq", "at", "type", "node", "path"} <= set(events[1])
