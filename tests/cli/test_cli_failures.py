from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from lpr.cli.app import app
from lpr.cli.crops import CropWriter
from lpr.cli.exit_codes import ExitCode
from lpr.errors import OutputError
from lpr.types import PlateEvent


def lpr(*arguments: str | Path | int) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def one_line(result: Result) -> str:
    lines = [line for line in result.stderr.splitlines() if line]
    assert len(lines) == 1, result.stderr
    return lines[0]


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "grey.png"
    cv2.imwrite(str(path), np.full((60, 80, 3), 90, np.uint8))
    return path


def test_a_missing_source_is_named() -> None:
    result = lpr("run", "missing.mp4")
    assert result.exit_code == ExitCode.SOURCE
    assert "missing.mp4" in one_line(result)


def test_a_folder_without_pictures_is_named(tmp_path: Path) -> None:
    result = lpr("run", tmp_path)
    assert result.exit_code == ExitCode.SOURCE
    assert str(tmp_path) in one_line(result)


@pytest.mark.parametrize("content", [b"", b"this is no video\n" * 50])
def test_a_file_that_is_no_video_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "text.mp4"
    path.write_bytes(content)
    result = lpr("run", path)
    assert result.exit_code == ExitCode.SOURCE
    assert "text.mp4" in one_line(result)


def test_a_video_cut_in_the_middle_is_played_as_far_as_it_goes(
    samples: Path, tmp_path: Path
) -> None:
    remuxed = tmp_path / "day.mkv"
    with av.open(str(samples / "day-approach.mp4")) as source, av.open(str(remuxed), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    data = remuxed.read_bytes()
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(data[: len(data) * 2 // 3])
    result = lpr("run", cut, "--jsonl", tmp_path / "events.jsonl")
    assert result.exit_code in (ExitCode.OK, ExitCode.DAMAGED_INPUT)
    assert "frames" in result.stdout


def test_the_good_sources_run_beside_a_broken_one(samples: Path, tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    result = lpr("run", "missing.mp4", samples / "day-approach.mp4", "--jsonl", events, "--quiet")
    assert result.exit_code == ExitCode.SOURCE
    assert '"kind": "confirmed"' in events.read_text() or '"kind":"confirmed"' in events.read_text()


def test_sources_of_the_same_file_name_are_cameras_of_their_own(
    samples: Path, tmp_path: Path
) -> None:
    clips = [tmp_path / folder / "gate.mp4" for folder in ("north", "south", "west")]
    for clip in clips:
        clip.parent.mkdir()
        clip.write_bytes((samples / "two-line.mp4").read_bytes())
    events, crops = tmp_path / "events.jsonl", tmp_path / "crops"
    result = lpr("run", *clips, "--jsonl", events, "--crops", crops, "--quiet")
    assert result.exit_code == ExitCode.OK, result.stderr
    cameras = [json.loads(line).get("camera") for line in events.read_text().splitlines()]
    wanted = {"gate.mp4", "gate.mp4-2", "gate.mp4-3"}
    assert {name for name in cameras if name is not None} == wanted
    assert cameras.count("gate.mp4") == cameras.count("gate.mp4-2") > 0
    pictures = [path for path in crops.rglob("*") if path.is_file()]
    assert len(pictures) % 3 == 0
    assert len(pictures) >= 3


def test_a_crop_that_cannot_be_written_costs_no_event(
    samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, events = tmp_path / "whole.jsonl", tmp_path / "events.jsonl"
    clip = samples / "day-approach.mp4"
    assert lpr("run", clip, "--jsonl", whole, "--quiet").exit_code == ExitCode.OK

    def full(_writer: CropWriter, event: PlateEvent) -> None:
        raise OutputError(f"crops/{event.text}.jpg: cannot be written: No space left on device")

    monkeypatch.setattr(CropWriter, "write", full)
    result = lpr("run", clip, "--jsonl", events, "--crops", tmp_path / "crops", "--quiet")
    assert result.exit_code == ExitCode.OUTPUT
    assert "No space left" in one_line(result)
    kinds, texts = (
        [json.loads(line).get(key) for line in events.read_text().splitlines()]
        for key in ("kind", "text")
    )
    assert "confirmed" in kinds, "the very event whose crop failed"
    assert set(texts) <= {json.loads(line).get("text") for line in whole.read_text().splitlines()}


def test_a_crop_of_a_source_with_a_very_long_name_is_written(samples: Path, tmp_path: Path) -> None:
    clip, crops = tmp_path / ("ä" * 124 + ".mp4"), tmp_path / "crops"
    clip.write_bytes((samples / "two-line.mp4").read_bytes())
    assert lpr("run", clip, "--crops", crops, "--quiet").exit_code == ExitCode.OK
    names = [path.name for path in crops.iterdir()]
    assert names and all(len(name.encode()) <= 255 and name.endswith(".jpg") for name in names)


def test_crops_of_cameras_of_nearly_the_same_name_stay_apart(samples: Path, tmp_path: Path) -> None:
    clips, crops = [tmp_path / "a b.mp4", tmp_path / "a_b.mp4"], tmp_path / "crops"
    for clip in clips:
        clip.write_bytes((samples / "two-line.mp4").read_bytes())
    assert lpr("run", *clips, "--crops", crops, "--quiet").exit_code == ExitCode.OK
    names = {path.name.partition("_1_")[0] for path in crops.iterdir()}
    assert names == {"a_b.mp4", "a_b.mp4-2"}


def test_crops_never_join_the_pictures_of_a_source(picture: Path) -> None:
    source = picture.with_suffix(".jpg")
    cv2.imwrite(str(source), np.full((60, 80, 3), 90, np.uint8))
    result = lpr("run", source.parent, "--crops", source.parent)
    assert result.exit_code == ExitCode.OUTPUT
    assert "grey.jpg is a source; name another folder" in one_line(result)


def test_standard_output_carries_the_table_alone(samples: Path) -> None:
    result = lpr("run", samples / "two-line.mp4", "--csv", "-")
    assert result.exit_code == ExitCode.OK
    rows = list(csv.reader(result.stdout.splitlines()))
    assert len(rows) > 1 and len({len(row) for row in rows}) == 1
    assert "confirmed" in result.stderr


def test_standard_input_is_no_source() -> None:
    result = lpr("run", "-")
    assert (result.exit_code, "not standard input" in one_line(result)) == (ExitCode.SOURCE, True)


def test_an_empty_region_is_not_taken_for_all(samples: Path) -> None:
    result = lpr("run", samples / "two-line.mp4", "--region", "")
    assert result.exit_code == ExitCode.CONFIG
    assert "--region names no country" in one_line(result)


def test_a_missing_data_folder_is_one_line(tmp_path: Path) -> None:
    result = lpr("eval", "recognition", "--data", tmp_path / "nope")
    assert result.exit_code != ExitCode.OK
    assert len(result.stderr.splitlines()) == 1
    assert result.stdout == ""


def test_explain_names_the_cameras_of_the_tracks_it_knows(samples: Path, tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    result = lpr("run", samples / "two-line.mp4", "--jsonl", events, "--quiet")
    assert result.exit_code == ExitCode.OK, result.stderr
    failure = lpr("explain", events, "99")
    assert failure.exit_code == ExitCode.SOURCE
    assert "no track 99; known: two-line.mp4#" in one_line(failure)


@pytest.mark.parametrize(
    "option",
    [("--jsonl", "no/such/e.jsonl"), ("--csv", "no/such/e.csv"), ("--annotate", "no/x.mp4")],
)
def test_an_unwritable_output_is_found_before_the_work_starts(
    samples: Path, option: tuple[str, str]
) -> None:
    result = lpr("run", samples / "day-approach.mp4", *option)
    assert result.exit_code == ExitCode.OUTPUT
    assert "no/" in one_line(result)
    assert result.stdout == ""


def test_a_benchmark_makes_no_folder(samples: Path, tmp_path: Path) -> None:
    clip, record = samples / "two-line.mp4", tmp_path / "none" / "bench.json"
    result = lpr("bench", "--source", clip, "--json", record, "--frames", 1, "--repeat", 1)
    assert result.exit_code == ExitCode.OUTPUT
    assert f"the folder {record.parent} does not exist" in one_line(result)
    assert not record.parent.exists()


@pytest.mark.parametrize("how", ["itself", "hard link", "symbolic link"])
@pytest.mark.parametrize("option", ["--annotate", "--jsonl", "--csv"])
def test_an_output_never_overwrites_its_source(
    samples: Path, tmp_path: Path, option: str, how: str
) -> None:
    clip, target = tmp_path / "clip.mp4", tmp_path / "clip.mp4"
    clip.write_bytes((samples / "day-approach.mp4").read_bytes())
    before = clip.stat().st_size
    if how != "itself":
        target = tmp_path / "other.mp4"
        (target.hardlink_to if how == "hard link" else target.symlink_to)(clip)
    result = lpr("run", clip, option, target)
    assert result.exit_code == ExitCode.OUTPUT
    assert "is a source" in one_line(result)
    assert clip.stat().st_size == before


def test_no_command_writes_over_what_it_reads(samples: Path, picture: Path, tmp_path: Path) -> None:
    config = tmp_path / "lpr.toml"
    config.write_text("[tracker]\n")
    clip = samples / "day-approach.mp4"
    for command in (
        ("read", picture, "--jsonl", picture),
        ("read", picture.parent, "--jsonl", picture),
        ("read", picture, "--config", config, "--jsonl", config),
        ("run", clip, "--config", config, "--csv", config),
        ("bench", "--config", config, "--json", config),
    ):
        before = picture.read_bytes()
        result = lpr(*command)
        assert result.exit_code == ExitCode.OUTPUT, command
        assert "is a source" in one_line(result)
        assert picture.read_bytes() == before
        assert config.read_text() == "[tracker]\n"


def test_two_outputs_never_share_a_file(samples: Path, tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    explanations = tmp_path / "events.explain.jsonl"
    for options in (
        ("--jsonl", events, "--csv", events),
        ("--jsonl", "-", "--csv", "-"),
        ("--jsonl", events, "--csv", explanations),
    ):
        result = lpr("run", samples / "two-line.mp4", *options)
        assert result.exit_code == ExitCode.OUTPUT, options
        assert "two outputs go there" in one_line(result)
    assert not events.exists()


def test_events_name_the_source_they_come_from(samples: Path, tmp_path: Path) -> None:
    events, table = tmp_path / "events.jsonl", tmp_path / "events.csv"
    clip = samples / "two-line.mp4"
    assert lpr("run", clip, "--jsonl", events, "--csv", table, "--quiet").exit_code == ExitCode.OK
    sources = {json.loads(line).get("source") for line in events.read_text().splitlines()}
    assert str(clip) in sources
    assert str(clip) in table.read_text()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("command", [["formats"], ["run", "{clip}", "--quiet", "--jsonl", "-"]])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_behind_standard_output_is_one_line(
    samples: Path, command: list[str], unbuffered: str
) -> None:
    words = [word.format(clip=samples / "two-line.mp4") for word in command]
    with Path("/dev/full").open("w") as full:
        process = subprocess.run(
            [sys.executable, "-m", "lpr", *words],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        )
    assert process.returncode == ExitCode.OUTPUT
    assert len(process.stderr.splitlines()) == 1, process.stderr
    assert "No space left" in process.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_finding_that_cannot_be_written_is_told() -> None:
    """A command that found something wanting has not said yet that its output is lost."""
    code = "import lpr.cli.app as a, lpr.cli; a.app = lambda: exit(print('x') or 1); lpr.cli.main()"
    with Path("/dev/full").open("w") as full:
        process = subprocess.run(
            [sys.executable, "-c", code],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env={**os.environ, "PYTHONUNBUFFERED": ""},
        )
    assert process.returncode == ExitCode.OUTPUT
    assert len(process.stderr.splitlines()) == 1, process.stderr
    assert "No space left" in process.stderr


@pytest.mark.parametrize("resolution", ["1920", "x1080", "-4x3", "wide"])
def test_a_resolution_that_is_none_is_named(resolution: str) -> None:
    result = lpr("doctor", "--resolution", resolution)
    assert result.exit_code == ExitCode.USAGE
    assert f"--resolution {resolution}: is no picture size" in one_line(result)


@pytest.mark.parametrize(
    "command",
    [
        ("doctor", "--distance", "-3"),
        ("doctor", "--fov", "200"),
        ("run", "a.mp4", "--threads", "1000"),
        ("read", "a.jpg", "--threads", "65"),
    ],
)
def test_a_value_that_no_option_takes_is_a_wrong_command_line(command: tuple[str, ...]) -> None:
    assert lpr(*command).exit_code == ExitCode.USAGE


@pytest.mark.parametrize("value", ["nan", "inf"])
@pytest.mark.parametrize(
    "option", ["--exposure", "--distance", "--camera-height", "--fov", "--speed", "--seconds"]
)
def test_what_is_no_number_is_named(option: str, value: str) -> None:
    result = lpr("doctor", option, value)
    assert result.exit_code == ExitCode.USAGE
    if (option, value) == ("--seconds", "nan"):  # Refused for its limit.
        return
    assert f"{option} {value}: must be a finite number" in one_line(result)


def test_an_unknown_region_gets_a_suggestion(picture: Path) -> None:
    result = lpr("read", picture, "--region", "UK")
    assert result.exit_code == ExitCode.CONFIG
    assert "did you mean 'gb'" in one_line(result)


def test_an_unknown_key_gets_a_suggestion(picture: Path, tmp_path: Path) -> None:
    config = tmp_path / "lpr.toml"
    config.write_text("[detector]\nscore_treshold = 0.5\n")
    result = lpr("read", picture, "--config", config)
    assert result.exit_code == ExitCode.CONFIG
    assert "did you mean 'score_threshold'" in one_line(result)


def test_a_model_that_does_not_exist_is_named(picture: Path, tmp_path: Path) -> None:
    config = tmp_path / "lpr.toml"
    config.write_text('[detector]\nmodel = "detector-v0"\n')
    result = lpr("read", picture, "--config", config)
    assert result.exit_code == ExitCode.MODEL
    assert "detector-v1" in one_line(result)


def test_a_broken_picture_gives_a_line_and_the_others_still_run(
    picture: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff\xe0 no picture")
    result = lpr("read", broken, picture, "--jsonl", "-")
    assert result.exit_code == ExitCode.DAMAGED_INPUT
    lines = result.stdout.splitlines()
    assert len(lines) == 2
    assert '"error":null' not in lines[0].replace(" ", "")
    assert '"error":null' in lines[1].replace(" ", "")


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 900, 3), (40, 60), (40, 60, 4)])
def test_odd_pictures_are_read(tmp_path: Path, shape: tuple[int, ...]) -> None:
    path = tmp_path / "odd.png"
    cv2.imwrite(str(path), np.full(shape, 128, np.uint8))
    for mode in ((), ("--crops",)):
        result = lpr("read", path, *mode)
        assert result.exit_code == ExitCode.OK, result.stderr


def test_ctrl_c_closes_the_outputs_and_prints_the_summary(samples: Path, tmp_path: Path) -> None:
    video, events = tmp_path / "out.mp4", tmp_path / "events.jsonl"
    clips = [str(samples / "day-approach.mp4")] * 40
    command = [sys.executable, "-m", "lpr", "run", *clips, "--jsonl", str(events)]
    process = subprocess.Popen(
        [*command, "--annotate", str(video)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (video.exists() and video.stat().st_size > 10_000):
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == ExitCode.INTERRUPTED, err
    assert "frames in" in out
    with av.open(str(video)) as container:
        assert sum(1 for _ in container.decode(video=0)) > 0


@pytest.mark.parametrize("regions", [("GB,UK",), ("GB", "UK"), ("UK", "GB")])
def test_every_one_of_several_regions_counts(picture: Path, regions: tuple[str, ...]) -> None:
    given = [part for region in regions for part in ("--region", region)]
    result = lpr("read", picture, *given)
    assert result.exit_code == ExitCode.CONFIG
    assert "did you mean 'gb'" in one_line(result)


def test_every_one_of_several_sets_counts(tmp_path: Path) -> None:
    plates = tmp_path / "plates" / "own"
    plates.mkdir(parents=True)
    (plates / "labels.jsonl").write_text("")
    result = lpr("eval", "recognition", "--data", tmp_path, "--set", "own", "--set", "mine")
    assert "no set 'mine'" in result.stderr
    result = lpr("eval", "recognition", "--data", tmp_path, "--set", "mine", "--set", "own")
    assert "no set 'mine'" in result.stderr
