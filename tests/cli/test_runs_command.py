import json

from tests.cli.flowstudio_command import start, task, workflow

ASK = workflow(start(), task("ask", "approval", message="Go on?"), wires="start>ask")
ASK_TWICE = workflow(
    task("first", "approval", message="One?"),
    task("second", "form", message="Two?", fields={"type": "object"}),
)


def waiting(command, document=ASK):
    return command.json("run", command.write("ask.json", document))[1]["run_id"]


def test_a_waiting_run_is_cancelled_for_good(command):
    run_id = waiting(command)
    code, result = command.json("runs", "cancel", run_id)
    assert code == 0
    assert result["status"] == "cancelled"
    assert command.json("runs", "list", "--status", "unfinished")[1] == []
    code, _, err = command.run("runs", "cancel", run_id)
    assert code == 1
    assert "ended already: cancelled" in err


def test_cancelling_tells_a_person_how_the_run_stands(command):
    run_id = waiting(command)
    assert command.run("runs", "cancel", run_id)[:2] == (0, f"Run {run_id} is cancelled.\n")
    assert command.json("runs", "resume", run_id)[0] == 130


def test_an_answer_is_told_as_json_too(command):
    run_id = waiting(command)
    code, told = command.json("runs", "answer", run_id, "--reject", "--comment", "no")
    assert code == 0
    assert told == {
        "run_id": run_id,
        "step": "ask",
        "answer": {"approved": False, "comment": "no"},
    }
    code, result = command.json("runs", "resume", run_id)
    assert code == 0
    assert result["outputs"]["ask"]["approved"] is False


def test_with_several_waiting_steps_one_must_be_named(command):
    run_id = waiting(command, ASK_TWICE)
    code, _, err = command.run("runs", "answer", run_id, "--approve")
    assert code == 1
    assert "first, second" in err
    assert command.run("runs", "answer", run_id, "--step", "second", "--data", "{}")[0] == 0
    assert command.run("runs", "answer", run_id, "--step", "first", "--approve")[0] == 0
    assert command.json("runs", "resume", run_id)[0] == 0


def test_what_was_answered_once_cannot_be_answered_again(command):
    run_id = waiting(command)
    command.run("runs", "answer", run_id, "--approve")
    command.run("runs", "resume", run_id)
    code, _, err = command.run("runs", "answer", run_id, "--approve")
    assert code == 1
    assert "waits for no answer" in err


def test_resume_without_a_run_carries_every_unfinished_one_on(command):
    ids = {waiting(command) for _ in range(2)}
    for run_id in ids:
        command.run("runs", "answer", run_id, "--approve")
    code, out, _ = command.run("runs", "resume", "--json")
    assert code == 0
    results = [json.loads(line) for line in out.splitlines()]
    assert {result["run_id"] for result in results} == ids
    assert all(result["status"] == "succeeded" for result in results)


def test_the_list_tells_programs_what_they_need(command):
    run_id = waiting(command)
    (row,) = command.json("runs", "list")[1]
    assert set(row) >= {"run_id", "workflow", "status", "started_at"}
    assert (row["run_id"], row["workflow"], row["status"]) == (run_id, "Test", "waiting")


def test_a_waiting_run_resumed_without_an_answer_still_waits(command):
    assert command.json("runs", "resume", waiting(command))[0] == 3


def test_ended_runs_are_deleted_and_others_are_named(command):
    waits = waiting(command)
    file = command.write("one.json", workflow(start()))
    done = command.json("run", file)[1]["run_id"]
    code, told = command.json("runs", "delete", done, waits)
    assert code == 1
    assert told["deleted"] == [done]
    assert [each["run_id"] for each in told["refused"]] == [waits]
    code, _, err = command.run("runs", "delete", done)
    assert code == 1
    assert done in err


def test_pruning_says_first_what_would_go(command):
    file = command.write("one.json", workflow(start()))
    made = [command.json("run", file)[1]["run_id"] for _ in range(3)]
    _, told = command.json("runs", "prune", "--keep", "1", "--dry-run")
    assert [run["run_id"] for run in told["runs"]] == made[:2]
    code, out, _ = command.run("runs", "prune", "--keep", "1", "--older-than", "9d")
    assert code == 0
    assert out.startswith("Removed 2 runs. The database went from ")
    assert [run["run_id"] for run in command.json("runs", "list")[1]] == [made[2]]


def test_an_age_that_is_none_is_refused(command):
    code, _, err = command.run("runs", "prune", "--older-than", "soon")
    assert code == 2
    assert "30d" in err
