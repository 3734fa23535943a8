"""Nothing secret is written down."""

import json

import pytest

from tests.builders import node, workflow
from tests.fakes.http_server import Answer, HttpServer
from tests.running import opened, run

SECRET = "tok-51e7c0ffee-not-for-anyone"  # noqa: S105 - the point of the test


@pytest.mark.parametrize("status", [200, 401, 500])
async def test_a_credential_never_reaches_the_database_or_the_log(
    tmp_path, bench, monkeypatch, caplog, status
):
    async with HttpServer() as server:
        server.answers["/"] = Answer.of_json({"ok": True}, status)
        port = server.port
        credential = {"kind": "bearer", "token": SECRET, "hosts": [f"127.0.0.1:{port}"]}
        monkeypatch.setenv("FLOWSTUDIO_CREDENTIALS", json.dumps({"crm": credential}))
        monkeypatch.setenv("FLOWSTUDIO_HTTP_ALLOW_PRIVATE", f"127.0.0.1:{port}")
        call = node(
            "integration", "call", mode="http", url=f"http://127.0.0.1:{port}/", credential="crm"
        )
        async with opened(tmp_path, bench) as runtime:
            told = await run(runtime, workflow(call))
        (request,) = server.requests
    assert request.headers["authorization"] == f"Bearer {SECRET}"
    assert told.status == ("succeeded" if status == 200 else "failed")
    for file in tmp_path.rglob("*"):
        assert not file.is_file() or SECRET.encode() not in file.read_bytes()
    assert SECRET not in caplog.text
    assert SECRET not in repr(told)
