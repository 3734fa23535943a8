"""Who is measured, and the environment each one runs in."""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
_INSTALL_CAP_S = 900


class InstallError(Exception):
    """A peer could not be installed."""


@dataclass(frozen=True, slots=True)
class Engine:
    """One competitor.

    Attributes:
        module: script that measures it.
        variant: passed to the script.
        environment: name of its virtual environment; "" is the one FlowStudio runs in.
        requirements: pinned, so that a repetition measures the same thing.
        variables: environment variables of its process.
    """

    name: str
    module: str
    variant: str = ""
    environment: str = ""
    requirements: tuple[str, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def python(self) -> Path:
        """Its interpreter."""
        if not self.environment:
            return Path(sys.executable)
        return HERE / ".venvs" / self.environment / "bin" / "python"


_LANGGRAPH = ("langgraph==1.2.22", "langgraph-checkpoint-sqlite==3.1.2")
RAW = Engine("raw", "benchmarks.raw_case")
FLOWSTUDIO = Engine("flowstudio", "benchmarks.flowstudio_case")
PEERS = (
    Engine("langgraph-sync", "benchmarks.langgraph_case", "sync", "langgraph", _LANGGRAPH),
    Engine("langgraph", "benchmarks.langgraph_case", "default", "langgraph", _LANGGRAPH),
    Engine("dbos", "benchmarks.dbos_case", environment="dbos", requirements=("dbos==3.4.0",)),
    Engine(
        "prefect",
        "benchmarks.prefect_case",
        environment="prefect",
        # 3.8.8 accepts a FastAPI that it cannot be imported with.
        requirements=("prefect==3.8.8", "fastapi<0.151"),
        variables={
            "DO_NOT_TRACK": "1",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_LOGGING_LEVEL": "ERROR",
            "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "90",
        },
    ),
)


async def prepare(engine: Engine) -> None:
    """Make the engine's virtual environment, unless it stands with the same requirements.

    Raises:
        InstallError: with the installer's last words.
    """
    if not engine.environment:
        return
    directory = HERE / ".venvs" / engine.environment
    stamp = directory / "requirements.txt"
    wanted = "\n".join(engine.requirements) + "\n"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    await _call(sys.executable, "-m", "venv", "--clear", str(directory))
    await _call(str(engine.python), "-m", "pip", "install", "--quiet", *engine.requirements)
    stamp.write_text(wanted)


async def _call(*command: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *command, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT
    )
    try:
        async with asyncio.timeout(_INSTALL_CAP_S):
            output, _ = await process.communicate()
    except TimeoutError as error:
        process.kill()
        await process.wait()
        message = f"not installed within {_INSTALL_CAP_S} s"
        raise InstallError(message) from error
    if process.returncode:
        lines = output.decode(errors="replace").strip().splitlines()
        faults = [line for line in lines if "error" in line.lower()]
        message = f"not installed: {(faults or lines or ['no output'])[-1][:300]}"
        raise InstallError(message)
