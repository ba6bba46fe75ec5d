"""`lpr explain`: what is wrong with the file or the question is one line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import TypeAdapter
from typer.testing import CliRunner, Result

from lpr.cli.app import app
from lpr.cli.exit_codes import ExitCode
from lpr.cli.explanations import ExplanationFile, explanation_path
from lpr.types import TextCandidate
from lpr.vote.explain import ExplainedReading, Explanation
from lpr.vote.voter import SPLIT_ID


def explanation(track: int, *tracks: int, probability: float = 0.9) -> Explanation:
    return Explanation(
        track_id=track,
        tracks=tracks or (track,),
        text="A1",
        probability=probability,
        region=None,
        verdict="A1",
        rule="end",
        decided=1.0,
        reason=None,
        repeats=None,
        burnt_in=False,
        total_readings=1,
        readings=(ExplainedReading(1, 0.1, "A1", 0.9, 80.0, 0.5, 0.5, agrees=True),),
        positions=((TextCandidate("A", 0.9),), (TextCandidate("1", 0.9),)),
        alternatives=(TextCandidate("A1", 0.9),),
    )


@pytest.fixture
def events(tmp_path: Path) -> Path:
    """Two vehicles of one camera and one of a camera with a name that steers terminals."""
    path = tmp_path / "ev.jsonl"
    file = ExplanationFile(path)
    for camera, track in (("north", 1), ("north", 2), ("a\x1b[2J\u202eb", 3)):
        file.write(camera, explanation(track))
    file.close()
    return path


def explain(events: str | Path, track: int, *more: str) -> Result:
    return CliRunner().invoke(app, ["explain", str(events), str(track), *more])


def failure(result: Result) -> str:
    assert result.exit_code == ExitCode.SOURCE, result.stderr
    assert result.stderr.count("\n") == 1, result.stderr
    return result.stderr


def test_a_name_steers_no_terminal(events: Path) -> None:
    result = explain(events, 3)
    assert result.exit_code == ExitCode.OK
    assert r"a\x1b[2J\u202eb: track 3" in result.stdout


def test_an_unknown_camera_gets_the_tracks_that_there_are(events: Path) -> None:
    told = failure(explain(events, 1, "--camera", "nope"))
    assert "no track 1 of camera 'nope'; known: north#1, north#2, " in told
    assert explain(events, 1, "--camera", "north").exit_code == ExitCode.OK


@pytest.mark.parametrize("name", ["", ".", "/"])
def test_a_folder_is_no_events_file(name: str) -> None:
    assert "is a folder" in failure(explain(name, 1))


@pytest.mark.parametrize("name", ["", ".", "/"])
def test_no_events_go_to_a_folder(samples: Path, name: str) -> None:
    clip = str(samples / "two-line.mp4")
    result = CliRunner().invoke(app, ["run", clip, "--jsonl", name])
    assert result.exit_code == ExitCode.OUTPUT
    assert "it is a folder" in result.stderr


@pytest.mark.parametrize("torn", [b'{"camera": "no', b"\xe6\xb4", b"[1]"])
def test_a_torn_last_line_leaves_the_others(events: Path, torn: bytes) -> None:
    path = explanation_path(events)
    path.write_bytes(path.read_bytes() + torn)
    assert explain(events, 2).exit_code == ExitCode.OK
    path.write_bytes(path.read_bytes() + b"\n")
    assert f"{path}:4: no explanation: " in failure(explain(events, 2))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"text": "A12"}, "positions: not one for each character"),
        ({"rule": "luck"}, "rule: there is no 'luck'"),
        ({"probability": "x", "readings": 5, "tracks": None}, "tracks: Input should be"),
        ({"camera": 5}, "must be an object with a camera"),
    ],
)
def test_a_wrong_record_is_one_line(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    record = {"camera": "north", **TypeAdapter(Explanation).dump_python(explanation(1)), **change}
    path = tmp_path / "ev.explain.jsonl"
    path.write_bytes(TypeAdapter(dict[str, object]).dump_json(record) + b"\n")
    assert f"{path}:1: no explanation: {message}" in failure(explain(tmp_path / "ev.jsonl", 1))


def test_the_last_word_of_an_id_is_the_one_that_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "ev.jsonl"
    file = ExplanationFile(path)
    for one in (explanation(SPLIT_ID, 1, probability=0.3), explanation(1)):
        file.write("north", one)
    file.write("north", explanation(SPLIT_ID, 1, 4, probability=0.8))
    file.close()
    assert explain(path, SPLIT_ID).stdout.count(f"track {SPLIT_ID}") == 1
    assert "now A1 at 0.800" in explain(path, SPLIT_ID).stdout
    told = explain(path, 1).stdout
    assert "track 1: A1" in told
    assert str(SPLIT_ID) not in told
    assert f"track {SPLIT_ID}: A1" in explain(path, 4).stdout


def test_no_command_is_advised_that_would_overwrite_a_video(tmp_path: Path) -> None:
    told = failure(explain(tmp_path / "out.mp4", 1))
    assert "name the events that `lpr run --jsonl EVENTS` wrote" in told
    assert "--jsonl out.mp4" not in told


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_texts_are_shown_whole_on_narrow_terminals(tmp_path: Path, columns: int) -> None:
    texts = ("HP66UBW", "HP66UBWNNZ12", "京A1234567890")
    looks = tuple(
        ExplainedReading(123456, 1234.567, text, 0.9, 1280.0, 0.5, 0.5, agrees=True, looks=12)
        for text in texts
    )
    path = tmp_path / "ev.jsonl"
    file = ExplanationFile(path)
    file.write("north", replace(explanation(1), readings=looks))
    file.close()
    command = ["explain", str(path), "1"]
    shown = CliRunner().invoke(app, command, env={"COLUMNS": str(columns)}).stdout
    assert all(text in shown for text in texts), shown
    assert "…" not in shown
    assert max(len(line) for line in shown.splitlines()) <= columns
