"""The built-in model's process: `python -m flowstudio.llm.server`.

The parent writes one line of JSON that says what to serve, and reads one back: `{"port": …}` or
`{"error": …}`. Requests come over HTTP on the loopback address, with the key of that first line. The
end of stdin ends the process, so it never outlives its parent.
"""

import json
import os
import sys
from typing import Any, TextIO

import xllamacpp  # type: ignore[import-untyped]

#: Prompts remembered in memory, so that a repeated beginning is not read again.
_CACHE_MIB = 256


def main() -> None:
    """Serve until stdin ends."""
    replies = _take_stdout()
    setup = json.loads(sys.stdin.readline())
    try:
        server = xllamacpp.Server(_params(setup))
    except (RuntimeError, ValueError, TypeError) as error:
        _reply(replies, {"error": str(error) or "the file could not be loaded"})
        return
    port = int(server.listening_address.rpartition(":")[2])
    _reply(replies, {"port": port})
    sys.stdin.read()
    # Leaving without the server's own shutdown: it would wait for answers nobody reads any more.
    os._exit(0)


def _take_stdout() -> TextIO:
    # llama.cpp writes to the process's stdout; what the parent reads must stay clean.
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return replies


def _reply(replies: TextIO, message: dict[str, Any]) -> None:
    replies.write(json.dumps(message) + "\n")
    replies.flush()


def _params(setup: dict[str, Any]) -> Any:
    params = xllamacpp.CommonParams()
    params.model.path = setup["model"]
    params.api_keys = [setup["key"]]
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_parallel = setup["slots"]
    params.n_ctx = setup["slots"] * setup["context"]
    params.cpuparams.n_threads = setup["threads"]
    params.cpuparams_batch.n_threads = setup["threads"]
    params.sleep_idle_seconds = setup["idle_s"]
    params.cache_ram_mib = _CACHE_MIB
    params.embedding = True
    # A text to embed must fit in one batch.
    params.n_ubatch = setup["context"]
    params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    params.ui = False
    params.endpoint_slots = False
    params.cors_origins = ""
    params.n_gpu_layers = 0
    return params


if __name__ == "__main__":
    main()
