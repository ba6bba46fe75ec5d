"""`lpr read`: what cannot be read gives a line, and the rest is read."""

from __future__ import annotations

import csv
import io
import json
import os
import resource
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from lpr.cli.app import app
from lpr.cli.exit_codes import ExitCode
from lpr.cli.named_pictures import list_named
from lpr.sources import open_source, read_image


def read(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["read", *(str(argument) for argument in arguments)])


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "grey.png"
    cv2.imwrite(str(path), np.full((60, 80, 3), 90, np.uint8))
    return path


def test_the_empty_path_is_no_folder(picture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(picture.parent)
    result = read("", "--jsonl", "-")
    assert result.exit_code == ExitCode.SOURCE
    assert result.stderr == "lpr: the empty path: no such file or folder\n"
    assert json.loads(result.stdout)["source"] == ""
    assert read(".").exit_code == ExitCode.OK


def test_an_unreadable_picture_gives_a_line_and_the_others_still_run(
    picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = picture.with_name("closed.png")
    closed.touch()
    allowed = os.access

    def access(path: Any, mode: int, **more: Any) -> bool:
        return allowed(path, mode, **more) and Path(os.fsdecode(path)) != closed

    monkeypatch.setattr(os, "access", access)
    result = read(closed, picture, "--jsonl", "-")
    assert result.exit_code == ExitCode.DAMAGED_INPUT
    errors = [json.loads(line)["error"] for line in result.stdout.splitlines()]
    assert [error is None for error in errors] == [False, True]


def test_a_configuration_that_cannot_be_read_is_one_line(
    picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "lpr.toml"
    config.write_text("threads = 1\n")
    monkeypatch.setattr(os, "access", lambda *_, **__: False)
    monkeypatch.setattr(Path, "read_text", _refuse)
    result = read(picture, "--config", config)
    assert result.exit_code == ExitCode.CONFIG
    assert result.stderr == f"lpr: {config}: cannot be read: Permission denied\n"


def test_a_name_that_is_too_long_is_one_line() -> None:
    name = "a" * 300
    result = read(name)
    assert result.exit_code == ExitCode.SOURCE
    assert result.stderr == f"lpr: {name}: cannot be read: File name too long\n"


def test_a_picture_in_a_folder_that_is_closed_is_left_to_its_reader(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Path, "is_dir", _refuse)
    [picture] = list_named(["closed/a.png"]).pictures
    assert (picture.path, picture.trouble) == ("closed/a.png", None)


def _refuse(path: Path, **_: object) -> str:
    raise PermissionError(13, "Permission denied", str(path))


def test_what_the_file_holds_stays_where_a_model_is_missing(picture: Path, tmp_path: Path) -> None:
    results, config = tmp_path / "keep.jsonl", tmp_path / "wrong.toml"
    assert read(picture, "--jsonl", results).exit_code == ExitCode.OK
    before = results.read_bytes()
    config.write_text('[detector]\nmodel = "nope"\n')
    assert read(picture, "--jsonl", results, "--config", config).exit_code == ExitCode.MODEL
    assert before
    assert results.read_bytes() == before


@pytest.fixture(scope="module")
def car(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture with a plate: a late frame of a sample."""
    path = tmp_path_factory.mktemp("car") / "car.png"
    with open_source(samples / "day-approach.mp4") as source:
        [image] = [frame.image for frame in source if frame.index == 45]
    cv2.imwrite(str(path), image)
    return path


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_the_table_has_a_row_per_plate_and_one_for_each_other_picture(
    car: Path, picture: Path, tmp_path: Path
) -> None:
    lines, rows = tmp_path / "r.jsonl", tmp_path / "r.csv"
    result = read(car, picture, "missing.png", "--csv", rows, "--jsonl", lines)
    assert result.exit_code == ExitCode.DAMAGED_INPUT
    assert len(result.stdout.splitlines()) == 2
    found, none, failed = table(rows.read_text())
    plate = json.loads(lines.read_text().splitlines()[0])["plates"][0]
    assert found["source"] == str(car)
    assert (found["plate"], found["text"]) == ("1", plate["text"])
    assert plate["text"]
    assert float(found["confidence"]) == plate["confidence"]
    assert [float(found["x1"]), float(found["y1"])] == plate["quad"][0]
    assert (none["source"], none["plate"], none["text"], none["error"]) == (
        str(picture),
        "",
        "",
        "",
    )
    assert float(none["ms"]) > 0
    assert (failed["source"], failed["ms"]) == ("missing.png", "")
    assert failed["error"] == "missing.png: no such file"


def test_standard_output_carries_the_table_alone(picture: Path) -> None:
    result = read(picture, "--csv", "-")
    assert result.exit_code == ExitCode.OK
    assert [row["source"] for row in table(result.stdout)] == [str(picture)]
    both = read(picture, "--csv", "-", "--jsonl", "-")
    assert both.exit_code == ExitCode.OUTPUT
    assert "two outputs go there" in both.stderr


@pytest.mark.parametrize("option", ["--csv", "--jsonl"])
def test_no_output_replaces_a_picture(picture: Path, option: str) -> None:
    before = picture.read_bytes()
    for source in (picture, picture.parent):
        result = read(source, option, picture)
        assert result.exit_code == ExitCode.OUTPUT
        assert "is a source" in result.stderr
    assert picture.read_bytes() == before


def test_a_disk_that_is_full_for_one_output_costs_the_others_nothing(
    picture: Path, tmp_path: Path
) -> None:
    rows, lines = tmp_path / "r.csv", tmp_path / "r.jsonl"
    assert read(*[picture] * 40, "--csv", rows).exit_code == ExitCode.OK
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        # The lines are longer than the rows, and so the first to find no room.
        resource.setrlimit(resource.RLIMIT_FSIZE, (rows.stat().st_size // 2, hard))
        result = read(*[picture] * 40, "--csv", rows, "--jsonl", lines)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert result.exit_code == ExitCode.OUTPUT
    assert f"{lines}: cannot be written" in result.stderr
    assert all(json.loads(line)["error"] is None for line in lines.read_text().splitlines())
    told = table(rows.read_text())
    assert len(told) == len(lines.read_text().splitlines()) + 1 > 1
    assert all(row["ms"] for row in told)


@pytest.mark.parametrize(
    ("source", "advice"),
    [
        ("rtsp://host/live", "a camera, not a picture; `lpr run rtsp://host/live` reads cameras"),
        ("http://host/a.jpg", "download it first, or `lpr run http://host/a.jpg` where"),
        ("0", "`lpr run 0` reads a webcam"),
        ("-", "a picture is a file, not standard input"),
        ("foo://a", "foo:// is not supported"),
    ],
)
def test_what_is_no_file_brings_advice(source: str, advice: str) -> None:
    result = read(source)
    assert result.exit_code == ExitCode.SOURCE
    assert advice in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_an_address_is_told_without_its_password() -> None:
    result = read("rtsp://user:s3cret@host/live", "--jsonl", "-", "--csv", "/dev/null")
    assert result.exit_code == ExitCode.SOURCE
    assert "s3cret" not in result.stderr + result.stdout
    assert json.loads(result.stdout)["source"] == "rtsp://host/live"
    assert "`lpr run` with this address" in result.stderr


def test_a_video_is_sent_to_the_command_for_videos(samples: Path, tmp_path: Path) -> None:
    clip = tmp_path / "my clip.data"  # Not its name: what it holds tells.
    clip.symlink_to(samples / "two-line.mp4")
    result = read(clip)
    assert result.exit_code == ExitCode.SOURCE
    assert (
        result.stderr == f"lpr: {clip}: a video, not a picture; `lpr run '{clip}'` reads videos\n"
    )


def test_a_files_name_is_no_password(samples: Path, tmp_path: Path) -> None:
    clip = tmp_path / "key=1.mp4"
    clip.symlink_to(samples / "two-line.mp4")
    assert read(clip).stderr.startswith(f"lpr: {clip}: a video, not a picture; `lpr run {clip}`")


def test_lines_may_go_into_the_folder_that_is_made(picture: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    result = read(picture, "--annotate", new, "--jsonl", new / "r.jsonl", "--csv", new / "r.csv")
    assert result.exit_code == ExitCode.OK, result.stderr
    assert sorted(path.name for path in new.iterdir()) == ["grey.png", "r.csv", "r.jsonl"]


def test_a_file_address_is_a_path(picture: Path) -> None:
    result = read(picture.as_uri())
    assert result.exit_code == ExitCode.OK, result.stderr
    assert result.stdout.startswith(f"{picture}: no plate")


def test_subfolders_that_are_left_out_are_told_once(picture: Path) -> None:
    for name in ("a", "b"):
        (picture.parent / name).mkdir()
        picture.with_name(name).joinpath("p.png").write_bytes(picture.read_bytes())
    folder = picture.parent
    result = read(folder)
    assert result.exit_code == ExitCode.OK
    assert result.stderr == f"lpr: {folder}: subfolders left out; `--recursive` reads them\n"
    assert len(result.stdout.splitlines()) == 1
    assert read(folder, "--quiet").stderr == ""
    whole = read(folder, "-r")
    assert whole.stderr == ""
    assert [line.partition(": ")[0] for line in whole.stdout.splitlines()] == [
        str(folder / name) for name in ("grey.png", "a/p.png", "b/p.png")
    ]


def test_copies_that_were_written_beside_the_pictures_are_no_surprise(picture: Path) -> None:
    folder = picture.parent
    for _ in range(2):
        result = read(folder, "--annotate", folder / "seen")
        assert (result.exit_code, result.stderr) == (ExitCode.OK, "")
    assert (folder / "seen" / picture.name).is_file()


def test_a_copy_differs_from_its_picture_at_the_plate_only(car: Path, tmp_path: Path) -> None:
    before = car.read_bytes()
    result = read(car, "--annotate", tmp_path / "new" / "seen", "--jsonl", "-")
    assert result.exit_code == ExitCode.OK, result.stderr
    [quad] = [np.array(one["quad"]) for one in json.loads(result.stdout)["plates"]]
    drawn, plain = read_image(tmp_path / "new" / "seen" / "car.png"), read_image(car)
    changed = np.argwhere((drawn != plain).any(axis=2))[:, ::-1]
    assert len(changed)
    # What is drawn lies at the plate: its rim and, within a few lines, the caption.
    assert (np.abs(changed - quad.mean(axis=0)).max(axis=0) < np.ptp(quad, axis=0) + 120).all()
    assert car.read_bytes() == before


def test_a_region_that_became_a_picture_is_said_to_be(picture: Path) -> None:
    result = read(picture, "--region", "DE", "FR")
    assert result.exit_code == ExitCode.USAGE
    assert "for several regions write --region DE,FR" in result.stderr


def test_some_pictures_that_fail_are_a_damaged_part_and_all_of_them_no_source(
    picture: Path,
) -> None:
    nope = picture.with_name("nope.png")
    some, every = read(picture, nope), read(nope, nope)
    assert (some.exit_code, every.exit_code) == (ExitCode.DAMAGED_INPUT, ExitCode.SOURCE)
    page = Path(__file__).resolve().parents[2] / "docs" / "cli.md"
    [row] = [line for line in page.read_text("utf-8").splitlines() if line.startswith("| 7 |")]
    assert row.endswith("`lpr read`: some pictures (all: 3) |")


def test_a_crop_has_the_quad_of_the_plate_that_is_seen_in_it(
    samples: Path, picture: Path, tmp_path: Path
) -> None:
    with open_source(samples / "day-approach.mp4") as source:
        [frame] = [frame for frame in source if frame.index == 45]
    cv2.imwrite(str(tmp_path / "plate.png"), frame.image[410:470, 500:690])
    result = read("--crops", tmp_path / "plate.png", picture, "--jsonl", "-")
    [seen], [none] = (json.loads(line)["plates"] for line in result.stdout.splitlines())
    assert seen["score"] < 1
    assert all(0 < x < 190 and 0 < y < 60 for x, y in seen["quad"])
    assert (none["score"], none["quad"]) == (1, [[0, 0], [80, 0], [80, 60], [0, 60]])
