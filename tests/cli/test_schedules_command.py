import json

from flowstudio.services.schedules import ScheduleWish
from tests.builders import inputs, node
from tests.builders import workflow as document
from tests.cli.test_server_option import Desk, desk  # noqa: F401 - a fixture
from tests.projects import kept

DOUBLE = document(
    node("start", **inputs(n="integer")),
    node("end", outputs={"twice": "{{ inputs.n * 2 }}"}),
    edges="start>end",
    name="Double",
)


def test_the_next_times_of_a_line_are_told_in_words_and_dates(command):
    code, out, _ = command.run("schedules", "next", "30 2 * * *", "--zone", "Europe/Berlin")
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == "At 02:30"
    assert len(lines) == 7
    assert "clocks skip" in lines[-1]
    told = command.json("schedules", "next", "15m", "--kind", "interval")[1]
    assert told["words"] == "Every 15 minutes"
    assert len(told["times"]) == 5


def test_every_problem_of_a_line_is_told(command):
    code, _, err = command.run("schedules", "next", "0 0 31 2 *", "--zone", "Nowhere/City")
    assert code == 2
    assert "never comes" in err
    assert "no time zone" in err


def test_without_schedules_the_list_says_so(command):
    code, out, _ = command.run("schedules", "list")
    assert code == 0
    assert "No schedules yet" in out
    assert command.run("schedules", "show", "x")[0] == 1


async def made(desk):  # noqa: F811
    studio, owner = desk.runtime.studio, desk.owner
    workflow_id = await kept(desk.runtime, owner, DOUBLE)
    await studio.versions.publish(owner, workflow_id)
    wish = ScheduleWish("cron", "0 9 * * 1-5", name="Mornings", inputs={"n": 4})
    return (await studio.schedules.create(owner, workflow_id, wish)).record.id


async def test_a_server_lists_pauses_and_runs_its_schedules(desk):  # noqa: F811
    schedule_id = await made(desk)
    (row,) = (await desk.json("schedules", "list"))[1]
    assert (row["schedule_id"], row["name"], row["is_paused"]) == (schedule_id, "Mornings", False)
    assert (await desk.run("schedules", "pause", schedule_id))[1].endswith("paused.\n")
    assert (await desk.json("schedules", "list", "--paused"))[1][0]["is_paused"]
    assert not (await desk.json("schedules", "resume", schedule_id))[1]["is_paused"]
    code, told = await desk.json("schedules", "run", schedule_id)
    assert (code, told["outputs"]) == (0, {"twice": 8})
    code, out, _ = await desk.run("schedules", "show", schedule_id, "--json")
    assert json.loads(out)["slots"][0]["run_id"] == told["run_id"]


async def test_this_machine_does_the_same_with_its_own(desk):  # noqa: F811
    schedule_id = await made(desk)
    data = desk.runtime.settings.data_dir
    desk.command.settings = {"FLOWSTUDIO_DATA_DIR": str(data)}
    (row,) = (await desk.json("schedules", "list"))[1]
    assert row["schedule_id"] == schedule_id
    assert (await desk.json("schedules", "pause", schedule_id))[1]["is_paused"]
    assert not (await desk.json("schedules", "resume", schedule_id))[1]["is_paused"]
    code, told = await desk.json("schedules", "run", schedule_id)
    assert (code, told["outputs"]) == (0, {"twice": 8})
    text = (await desk.run("schedules", "show", schedule_id))[1]
    assert "Mornings: At 09:00, Monday through Friday (UTC)" in text
    assert told["run_id"] in text
