"""Which labels of a run's sets are used, and what people are told of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lpr.errors import TrainingError
from lpr.manifest import load_manifest
from lpr.recognize.alphabet import PLATE_CHARACTERS, Alphabet
from lpr.train.recognizer_labels import read_labels
from lpr.train.recognizer_loop import train_recognizer
from lpr.train.recognizer_sets import named_folders, require_usable, told, usable, used
from tests.train.written_crops import small, write_crops

ALPHABET = Alphabet(PLATE_CHARACTERS)


def test_texts_that_cannot_be_spelled_are_left_out_and_named(tmp_path: Path) -> None:
    texts = [("ab 12", "train"), ("K9", "val"), ("Ж#", "train"), ("", "train")]
    labels = {"mine": read_labels(write_crops(tmp_path / "mine", texts))}
    spelled = usable(labels, ALPHABET)
    assert used(spelled) == {"mine": (1, 1)}
    assert told(labels, spelled, ALPHABET) == ["mine: 1 train, 1 val, 2 left out (Ж#)"]


def test_the_manifest_counts_what_is_used(tmp_path: Path) -> None:
    texts = [("ab 12", "train"), ("K9", "val"), ("Ж#", "train"), ("Ж", "val")]
    lines: list[str] = []
    options = small(write_crops(tmp_path / "mine", texts), tmp_path / "model", steps=1)
    manifest = load_manifest(train_recognizer(options, tell=lines.append))
    assert manifest.training[0].pictures == 1
    assert manifest.metrics["mine_n"] == 1
    assert lines == ["mine: 1 train, 1 val, 2 left out (Ж#, Ж)"]


def test_data_of_which_nothing_can_be_used_is_refused(tmp_path: Path) -> None:
    texts = [("Ж1", "train"), ("#", "val")]
    options = small(write_crops(tmp_path / "mine", texts), tmp_path / "model")
    with pytest.raises(TrainingError, match=r"mine: nothing to train on: .*docs/training\.md"):
        train_recognizer(options)
    require_usable({}, {})


def test_the_same_vehicles_in_both_splits_are_told(tmp_path: Path) -> None:
    texts = [("A1", "train"), ("B2", "train"), ("A1", "val"), ("A1", "val"), ("C3", "val")]
    labels = {"mine": read_labels(write_crops(tmp_path / "mine", texts))}
    [_, warning] = told(labels, labels, ALPHABET)
    assert "2 of 3 val crops" in warning
    assert "split by vehicle" in warning
    apart = {"mine": labels["mine"][1:]}
    assert len(told(apart, apart, ALPHABET)) == 1


def test_two_sets_of_one_name_are_refused(tmp_path: Path) -> None:
    folders = (tmp_path / "a" / "plates", tmp_path / "b" / "plates")
    with pytest.raises(TrainingError, match=r"a/plates and .*b/plates"):
        named_folders(folders)


@pytest.mark.parametrize("name", ["elsewhere", "ro-night", "cn-easypr"])
def test_names_of_this_programs_own_sets_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    with pytest.raises(TrainingError, match=f"{name}: '{name}' is the name of a set"):
        named_folders((tmp_path / name,))
    shared = tmp_path / "data" / "plates" / "ro-night"
    shared.mkdir(parents=True)
    monkeypatch.setenv("LPR_DATA", str(tmp_path / "data"))
    assert named_folders((shared,)) == {"ro-night": shared}


def test_the_folder_of_the_shell_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert list(named_folders((Path(),))) == [tmp_path.name]
