from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from lpr.errors import ModelError, ModelIntegrityError, ModelNotFoundError
from lpr.manifest import ModelManifest, load_manifest
from lpr.registry import available_models, find_model
from lpr.session import OnnxSession

MANIFEST = """
name = "double"
version = "1"
task = "detector"
file = "model.onnx"
sha256 = "{digest}"
licence = "Apache-2.0"
outputs = ["maps"]
[input]
name = "image"
shape = [1, 3, 4, 8]
colour = "bgr"
mean = 0.0
scale = 1.0
"""


def write_model(folder: Path, *, shape: tuple[int, ...] = (1, 3, 4, 8)) -> Path:
    """A network that doubles its input, with its manifest."""
    node = helper.make_node("Add", ["image", "image"], ["maps"])
    graph = helper.make_graph(
        [node],
        "double",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("maps", TensorProto.FLOAT, shape)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(model, str(folder / "model.onnx"))
    digest = hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest()
    (folder / "manifest.toml").write_text(MANIFEST.format(digest=digest))
    return folder


def session_of(folder: Path) -> OnnxSession:
    return OnnxSession(folder / "model.onnx", load_manifest(folder))


def test_a_checked_model_runs(tmp_path: Path) -> None:
    session = session_of(write_model(tmp_path / "double"))
    batch = np.ones((1, 3, 4, 8), np.float32)
    assert np.array_equal(session.run(batch)[0], batch * 2)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("scale = 1.0", "scale = nan", "must be finite"),
        ("scale = 1.0", "scale = 0.0", "scale not 0"),
        ('colour = "bgr"', 'colour = "rgb"', "a detector is fed bgr, not rgb"),
        ("[input]", "calibration = [[1.0, 0.0], [0.0, 1.0]]\n[input]", "its knots must rise"),
        ("[input]", "calibration = [[0.0, 0.2], [1.0, 1.5]]\n[input]", "between 0 and 1"),
    ],
)
def test_numbers_that_make_results_wrong_are_refused(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    path = write_model(tmp_path / "double") / "manifest.toml"
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(ModelIntegrityError, match=message):
        load_manifest(path.parent)


def test_only_detectors_take_pictures_as_they_lie_in_memory(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "double")
    path = folder / "manifest.toml"
    text = path.read_text().replace("[input]", '[input]\nlayout = "nhwc"')
    path.write_text(text)
    assert load_manifest(folder).input.layout == "nhwc"
    path.write_text(text.replace('task = "detector"', 'task = "corners"'))
    with pytest.raises(ModelIntegrityError, match="only detectors take nhwc"):
        load_manifest(folder)


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "double")
    with (folder / "model.onnx").open("ab") as file:
        file.write(b"\0")
    with pytest.raises(ModelIntegrityError, match="SHA-256"):
        session_of(folder)


def test_another_shape_is_refused(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "double", shape=(1, 3, 8, 8))
    with pytest.raises(ModelIntegrityError, match=r"input shape is \[1, 3, 8, 8\]"):
        session_of(folder)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('outputs = ["maps"]', 'outputs = ["other"]', "outputs are"),
        ('name = "image"', 'name = "picture"', "inputs are"),
    ],
)
def test_other_names_are_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    folder = write_model(tmp_path / "double")
    manifest = folder / "manifest.toml"
    manifest.write_text(manifest.read_text().replace(old, new))
    with pytest.raises(ModelIntegrityError, match=message):
        session_of(folder)


def test_a_wrong_batch_is_a_model_error(tmp_path: Path) -> None:
    session = session_of(write_model(tmp_path / "double"))
    with pytest.raises(ModelError, match="'double' failed"):
        session.run(np.ones((1, 3, 5, 8), np.float32))


def test_a_file_that_is_no_network_is_refused(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "double")
    (folder / "model.onnx").write_bytes(b"hello")
    text = (folder / "manifest.toml").read_text()
    start = text.index('sha256 = "') + len('sha256 = "')
    digest = hashlib.sha256(b"hello").hexdigest()
    (folder / "manifest.toml").write_text(text[:start] + digest + text[start + 64 :])
    with pytest.raises(ModelError, match="cannot load"):
        session_of(folder)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('task = "detector"', 'task = "painter"', "task"),
        ('version = "1"', 'version = "1"\nauthor = "me"', "author"),
        ("sha256", "sha", "sha"),
        ("[input]", "[input", "cannot be read"),
    ],
)
def test_a_wrong_manifest_names_the_key(tmp_path: Path, old: str, new: str, message: str) -> None:
    folder = write_model(tmp_path / "double")
    manifest = folder / "manifest.toml"
    manifest.write_text(manifest.read_text().replace(old, new, 1))
    with pytest.raises(ModelIntegrityError, match=message):
        load_manifest(folder)


def test_models_are_found_by_name_and_by_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_model(tmp_path / "double")
    monkeypatch.setenv("LPR_MODELS", str(tmp_path))
    assert "double" in available_models()
    by_name, by_path = find_model("double"), find_model(str(folder))
    assert by_name == by_path
    assert isinstance(by_name.manifest, ModelManifest)


def test_an_unknown_model_gets_a_suggestion(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_model(tmp_path / "double")
    monkeypatch.setenv("LPR_MODELS", str(tmp_path))
    with pytest.raises(ModelNotFoundError, match=r"no model 'doubel'; did you mean 'double'\?"):
        find_model("doubel")


def test_a_models_path_is_that_of_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_model(tmp_path / "double")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert find_model("~/double").path.parent == folder
    with pytest.raises(ModelNotFoundError, match="it is a file; name the model's folder"):
        find_model(str(folder / "model.onnx"))


def test_nothing_is_left_in_the_home_folder_or_told_of_anybody(tmp_path: Path) -> None:
    """onnxruntime's wheels keep an id of the machine there, and report to their maker."""
    script = "import numpy, lpr; lpr.build_still_reader().read(numpy.zeros((9, 9, 3), 'u1'))"
    environment = {**os.environ, "HOME": str(tmp_path)}
    environment.pop("ORT_DISABLE_TELEMETRY", None)
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, check=True
    )
    assert (done.stdout, done.stderr) == (b"", b"")
    assert list(tmp_path.rglob("*")) == []


def test_a_folder_that_lies_here_does_not_replace_a_model_known_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models, here = tmp_path / "models", tmp_path / "here"
    write_model(models / "double")
    write_model(here / "double")
    write_model(here / "own")
    monkeypatch.setenv("LPR_MODELS", str(models))
    monkeypatch.chdir(here)
    assert find_model("double").path.resolve().is_relative_to(models)
    assert find_model("./double").path.resolve().is_relative_to(here)
    assert find_model("own").path.resolve().is_relative_to(here)
