"""Lines of the log: one object each, with what is known, and without what nobody may read."""

import json
import logging
import sys
import warnings
from collections.abc import Callable

import pytest
from granian.log import LogLevels, configure_logging

from flowstudio.engine.runner import Ended
from flowstudio.runtime import Runtime
from flowstudio.services.log_context import note, noted
from flowstudio.services.log_lines import (
    MOST,
    SERVER_LINES,
    JsonLines,
    TextLines,
    known_secrets,
    open_log,
)
from flowstudio.settings import Settings
from tests.builders import node, workflow
from tests.running import create, ended


def record(message: str, *args: object, **fields: object) -> logging.LogRecord:
    made = logging.LogRecord("flowstudio.x", logging.WARNING, "x.py", 1, message, args, None)
    if fields:
        made.fields = fields
    return made


def failed(message: str) -> logging.LogRecord:
    made = record("It failed")
    try:
        raise ValueError(message)  # noqa: TRY301 - a traceback is wanted
    except ValueError:
        made.exc_info = sys.exc_info()
    return made


@pytest.fixture(autouse=True)
def nothing_known():
    note(request_id="", user_id="", run_id="", workflow_id="")
    yield
    note(request_id="", user_id="", run_id="", workflow_id="")


def test_a_line_is_one_object_with_the_fields_and_what_is_known():
    note(request_id="r1", run_id="run1")
    line = json.loads(JsonLines().format(record("Sent %s", "it", status=200)))
    assert line.keys() == {"time", "level", "logger", "message", "request_id", "run_id", "status"}
    assert (line["level"], line["message"]) == ("warning", "Sent it")
    assert (line["request_id"], line["run_id"], line["status"]) == ("r1", "run1", 200)


@pytest.mark.parametrize("kind", [JsonLines, TextLines])
def test_a42_no_text_begins_a_line_or_colours_a_terminal(kind: type[JsonLines]):
    forged = "x\r\n2026-01-01 ERROR admin logged in \x1b[31m\x9b31m\u2028\x7f\x00"
    line = kind().format(record(forged, agent=forged, ids={"a": forged}))
    assert len(line.splitlines()) == 1
    assert not any(ord(sign) < 32 or 126 < ord(sign) < 160 for sign in line)


def test_a42_a_long_text_is_cut():
    line = JsonLines().format(record("y" * 1_000_000, agent="z" * 1_000_000))
    assert len(line) < 2 * MOST + 500


def test_an_error_is_text_in_its_object_and_indented_for_people():
    line = json.loads(JsonLines().format(failed("no\nsuch thing")))
    assert "ValueError: no\nsuch thing" in line["error"]
    first, *rest = TextLines().format(failed("no\n2026 ERROR forged")).splitlines()
    assert "It failed" in first
    assert all(part.startswith("    ") for part in rest)


@pytest.mark.parametrize("kind", [JsonLines, TextLines])
def test_no_secret_is_told(kind: type[JsonLines]):
    ring = "CANARY-first-key-that-is-long-enough-x,CANARY-second-key-that-is-long-enough"
    settings = Settings(
        smtp_url="smtp://me:CANARYmail@host:25",
        openrouter_api_key="CANARY-model",
        secret_key=ring,
    )
    lines = kind(known_secrets(settings))
    told = (
        "CANARY-model CANARY-second-key-that-is-long-enough smtp://me:CANARYmail@host:25 "
        "fsk_CANARY0123456789 Bearer CANARYtokenoflength postgresql://u:CANARYpw@db/x sk-or-v1-CANARY"
    )
    made = failed(told)
    made.msg, made.fields = told, {"header": told, "ids": {"x": told}}
    assert "CANARY" not in lines.format(made)


@pytest.fixture
def opened_log(capsys: pytest.CaptureFixture[str]):
    """Opens the log; gives what was written to standard error since."""
    names = ("", "flowstudio", "_granian", "engineio.server", "socketio.server")
    loggers = [logging.getLogger(name) for name in names]
    before = [(one, one.handlers[:], one.level, one.propagate) for one in loggers]

    def open_it(**settings: str) -> Callable[[], list[str]]:
        open_log(Settings(**settings))

        def written() -> list[str]:
            return capsys.readouterr().err.splitlines()

        return written

    yield open_it
    logging.captureWarnings(capture=False)
    for one, handlers, level, propagates in before:
        one.handlers, one.propagate = handlers, propagates
        one.setLevel(level)


def test_what_goes_wrong_in_a_library_is_an_object_without_secrets(opened_log):
    written = opened_log(log_format="json", openrouter_api_key="CANARY-model")
    try:
        raise ValueError("CANARY-model")  # noqa: TRY301, EM101 - a traceback is wanted
    except ValueError:
        logging.getLogger("asyncio").exception("Task of CANARY-model was never looked at")
    logging.getLogger("procrastinate.worker").warning("A job of CANARY-model has stalled")
    logging.getLogger("apscheduler").info("GET /?token=CANARY-model")
    told = [json.loads(line) for line in written()]
    assert [line["logger"] for line in told] == ["asyncio", "procrastinate.worker"]
    assert "ValueError" in told[0]["error"]
    assert "CANARY" not in str(told)


def test_a_line_of_our_own_is_written_once(opened_log):
    written = opened_log(log_level="info")
    logging.getLogger("flowstudio.x").warning("One")
    logging.getLogger("flowstudio.x").info("Two")
    assert [json.loads(line)["message"] for line in written()] == ["One", "Two"]


def test_of_libraries_no_more_is_told_than_of_our_own(opened_log):
    written = opened_log(log_level="error")
    logging.getLogger("asyncio").warning("Slow")
    assert written() == []


def test_libraries_with_a_way_of_their_own_to_the_terminal_write_once(opened_log):
    logging.getLogger("engineio.server").addHandler(logging.StreamHandler(sys.stderr))
    written = opened_log()
    configure_logging(LogLevels.warning, SERVER_LINES)
    for name in ("engineio.server", "_granian.callbacks"):
        logging.getLogger(name).error("It failed")
    assert [json.loads(line)["logger"] for line in written()] == [
        "engineio.server",
        "_granian.callbacks",
    ]


def test_warnings_of_python_are_lines_of_the_log(opened_log):
    written = opened_log()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=False)
        logging.captureWarnings(capture=True)
        warnings.warn("This will go away", DeprecationWarning, stacklevel=1)
    (line,) = written()
    assert "This will go away" in json.loads(line)["message"]


async def test_what_is_logged_in_a_run_carries_its_id(runtime: Runtime):
    seen: list[dict[str, str]] = []
    begin = runtime.parts.engine._parts.began
    assert begin is not None

    def began(run):
        begin(run)
        seen.append(noted())

    runtime.parts.engine._parts.began = began
    note(request_id="of the request that began it", user_id="u1")
    run_id = await create(runtime, workflow(node("start"), node("count"), edges="start>count"))
    runtime.dispatcher.launch(run_id)
    assert (await ended(runtime, run_id)).outcome == Ended("succeeded")
    assert seen == [{"run_id": run_id}]
    assert noted()["user_id"] == "u1"
