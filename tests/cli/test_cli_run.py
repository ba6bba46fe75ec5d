from __future__ import annotations

import http.server
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from av.video.stream import VideoStream
from typer.testing import CliRunner, Result

import lpr.factory
from lpr.cli.app import app
from lpr.cli.exit_codes import ExitCode
from lpr.cli.overwrite import explained
from lpr.config import EngineConfig
from lpr.draw import AnnotatedVideo
from lpr.engine import Engine
from lpr.sources import open_source

FRAMES = 8


def lpr_run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["run", *(str(argument) for argument in arguments)])


def one_line(result: Result) -> str:
    lines = [line for line in result.stderr.splitlines() if line]
    assert len(lines) == 1, result.stderr
    return lines[0]


def grey(level: int = 90, shape: tuple[int, ...] = (48, 64, 3)) -> np.ndarray:
    return np.full(shape, level, np.uint8)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    with AnnotatedVideo(path) as video:
        for number in range(FRAMES):
            video.write(grey(20 * number), number / 25)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "pictures"
    path.mkdir()
    for name in ("a.png", "b.png"):
        cv2.imwrite(str(path / name), grey())
    return path


@pytest.fixture
def silent_camera() -> Iterator[tuple[str, threading.Event]]:
    """A camera that sends 25 pictures and then nothing: its address, and whether it is silent."""
    picture = cv2.imencode(".jpg", grey())[1].tobytes()
    left = iter(range(25))
    silent, over = threading.Event(), threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            return

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace;boundary=frame")
            self.end_headers()
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
            for _ in left:
                self.wfile.write(head.encode() + picture + b"\r\n")
                time.sleep(0.04)
            silent.set()
            over.wait()

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            return

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/live", silent
    over.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_camera_that_went_silent_can_be_stopped(
    silent_camera: tuple[str, threading.Event], tmp_path: Path, number: signal.Signals
) -> None:
    address, silent = silent_camera
    video = tmp_path / "out.mp4"
    process = subprocess.Popen(
        [sys.executable, "-m", "lpr", "run", address, "--annotate", str(video)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert silent.wait(60)
        time.sleep(2)  # What is still under way arrives.
        process.send_signal(number)
        out, err = process.communicate(timeout=15)
    finally:
        process.kill()
    assert process.returncode == ExitCode.INTERRUPTED, err
    assert "frames in" in out
    with av.open(str(video)) as container:
        assert sum(1 for _ in container.decode(video=0)) > 0


def test_a_stop_while_the_models_load_plays_nothing(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load, missed = lpr.factory.load_models, list[int]()

    def stopped(*arguments: object) -> object:
        os.kill(os.getpid(), signal.SIGTERM)
        return load(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(lpr.factory, "load_models", stopped)
    former = signal.signal(signal.SIGTERM, lambda number, _: missed.append(number))
    try:
        result = lpr_run(clip, "--jsonl", tmp_path / "events.jsonl")
    finally:
        signal.signal(signal.SIGTERM, former)
    assert not missed
    assert result.exit_code == ExitCode.INTERRUPTED
    assert "interrupted; everything" in one_line(result)
    assert not (tmp_path / "events.jsonl").exists()


def test_a_stopped_read_ends_with_the_picture(folder: Path, tmp_path: Path) -> None:
    for number in range(400):
        (folder / f"{number}.png").symlink_to(folder / "a.png")
    lines = tmp_path / "lines.jsonl"
    with subprocess.Popen(
        [sys.executable, "-m", "lpr", "read", str(folder), "--jsonl", str(lines), "--quiet"],
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not (lines.exists() and lines.stat().st_size):
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=30)
    assert process.returncode == ExitCode.INTERRUPTED, err
    assert err == "lpr: interrupted; everything up to here was written\n"
    assert lines.read_text().endswith("}\n")


def test_the_sources_of_an_annotated_video_follow_one_another(clip: Path, tmp_path: Path) -> None:
    video = tmp_path / "out.mp4"
    assert lpr_run(clip, clip, "--annotate", video).exit_code == ExitCode.OK
    with av.open(str(video)) as container:
        times = [float(frame.time) for frame in container.decode(video=0)]
    assert len(times) == 2 * FRAMES
    assert [after - before for before, after in pairwise(times)] == pytest.approx(
        [0.04] * (2 * FRAMES - 1), abs=2e-3
    )


def test_a_source_that_cannot_be_looked_at_is_one_line_and_the_others_run(clip: Path) -> None:
    result = lpr_run("x" * 300 + ".mp4", clip)
    assert result.exit_code == ExitCode.SOURCE, result.exception
    assert "name too long" in one_line(result)
    assert f"{FRAMES} frames" in result.stdout


@pytest.mark.parametrize("option", ["--jsonl", "--csv", "--annotate"])
def test_an_output_that_cannot_be_looked_at_is_one_line(clip: Path, option: str) -> None:
    result = lpr_run(clip, option, "x" * 300 + ".mp4")
    assert result.exit_code == ExitCode.OUTPUT, result.exception
    assert "name too long" in one_line(result)


def test_a_video_that_is_being_written_is_left_alone(clip: Path, tmp_path: Path) -> None:
    path, events = tmp_path / "out.mp4", tmp_path / "events.jsonl"
    events.write_text("kept\n")
    with AnnotatedVideo(path) as video:
        video.write(grey(), 0.0)
        result = lpr_run(clip, "--annotate", path, "--jsonl", events)
        video.write(grey(), 1.0)
    assert result.exit_code == ExitCode.OUTPUT
    assert "out.mp4: another program is writing it" in one_line(result)
    assert events.read_text() == "kept\n"
    with av.open(str(path)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 2


@pytest.mark.parametrize("scheme", ["", "file://"])
@pytest.mark.parametrize("option", ["--jsonl", "--csv"])
def test_no_output_overwrites_a_picture_of_a_folder(folder: Path, option: str, scheme: str) -> None:
    picture = folder / "a.png"
    before = picture.read_bytes()
    result = lpr_run(f"{scheme}{folder}", option, picture)
    assert result.exit_code == ExitCode.OUTPUT
    assert "is a source" in one_line(result)
    assert picture.read_bytes() == before


@pytest.mark.parametrize(
    ("source", "name", "code"),
    [
        ("clip.mp4", "keep.avi", ExitCode.OUTPUT),
        ("clip.mp4", "no/keep.mp4", ExitCode.OUTPUT),
        ("typo.mp4", "keep.mp4", ExitCode.SOURCE),
        ("text.mp4", "keep.mp4", ExitCode.SOURCE),
    ],
)
def test_a_mistake_costs_no_earlier_output(
    clip: Path, tmp_path: Path, source: str, name: str, code: ExitCode
) -> None:
    (tmp_path / "text.mp4").write_text("this is no video\n" * 50)
    kept = [tmp_path / one for one in ("k.jsonl", "k.explain.jsonl", "k.csv", "keep.mp4")]
    for path in kept:
        path.write_text("kept")
    options = ("--jsonl", kept[0], "--csv", kept[2], "--annotate", tmp_path / name)
    assert lpr_run(tmp_path / source, *options).exit_code == code
    assert [path.read_text() for path in kept] == ["kept"] * len(kept)


def test_damage_is_told_with_its_source(folder: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.avi"
    with av.open(str(cut), "w") as container:
        stream = container.add_stream("mjpeg", rate=25)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
        for number in range(50):
            frame = av.VideoFrame.from_ndarray(grey(4 * number), "bgr24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    data = cut.read_bytes()
    cut.write_bytes(data[: len(data) * 2 // 3])
    broken = folder / "broken.png"
    broken.write_bytes(b"")
    result = lpr_run(cut, folder)
    assert result.exit_code == ExitCode.DAMAGED_INPUT
    *video, picture = result.stderr.splitlines()
    assert video[0].startswith(f"lpr: {cut}: the video is cut")
    assert all(line.startswith(f"lpr: {cut}: ") for line in video)
    assert picture == f"lpr: {broken}: the file is empty"


def test_explanations_go_beside_files_only(clip: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert lpr_run(clip, "--jsonl", pipe).exit_code == ExitCode.OK
    finally:
        os.close(reader)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clip.mp4", "pipe"]
    assert [explained(name) for name in ("-", "/dev/null", "/dev/stdout", "/dev/fd/63")] == [
        None
    ] * 4
    assert explained(str(tmp_path / "new.jsonl")) == tmp_path / "new.explain.jsonl"


def test_a_single_picture_brings_a_hint(folder: Path) -> None:
    picture = folder / "a.png"
    result = lpr_run(picture)
    assert result.exit_code == ExitCode.OK
    assert one_line(result).startswith(f"lpr: {picture}: ")
    assert f"`lpr read {picture}` reads single pictures" in one_line(result)
    assert lpr_run(folder).stderr == ""


def test_a_video_of_one_frame_brings_a_hint(clip: Path, tmp_path: Path) -> None:
    path = tmp_path / "one.mp4"
    with AnnotatedVideo(path) as video:
        video.write(grey(), 0.0)
    result = lpr_run(path)
    assert result.exit_code == ExitCode.OK
    assert one_line(result).startswith(f"lpr: {path}: a single frame, and a verdict takes several")
    assert lpr_run(clip).stderr == ""


def test_pictures_of_several_sizes_bring_a_hint(folder: Path) -> None:
    cv2.imwrite(str(folder / "c.png"), grey()[:40])
    result = lpr_run(folder)
    assert result.exit_code == ExitCode.OK
    assert one_line(result).startswith(f"lpr: {folder}: its pictures differ in size")
    assert f"`lpr read {folder}` reads single pictures" in one_line(result)


def test_plates_that_are_seen_once_each_bring_a_hint(samples: Path, tmp_path: Path) -> None:
    folder = tmp_path / "cars of all kinds"
    folder.mkdir()
    with open_source(samples / "day-approach.mp4") as source:
        late = [frame.image for frame in source][45]
    # The same car at places that nothing drives between in 40 ms.
    for number, image in enumerate((late, grey(0, late.shape), np.roll(late, 500, axis=1))):
        cv2.imwrite(str(folder / f"{number}.png"), image)
    result = lpr_run(folder)
    assert "seen in one picture each" in one_line(result)
    assert f"`lpr read '{folder}'` reads single pictures" in one_line(result)


def test_frames_of_a_passage_bring_no_hint(samples: Path, tmp_path: Path) -> None:
    with open_source(samples / "day-approach.mp4") as source:
        for frame in source:
            if frame.index >= 35:
                cv2.imwrite(str(tmp_path / f"{frame.index}.png"), frame.image)
    result = lpr_run(tmp_path)
    assert "confirmed" in result.stdout
    assert result.stderr == ""


@pytest.mark.parametrize("name", ["missing.mp4", "broken.png"])
def test_where_nothing_was_played_no_summary_says_so_again(tmp_path: Path, name: str) -> None:
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n")
    result = lpr_run(tmp_path / name)
    assert result.exit_code == ExitCode.SOURCE
    assert name in one_line(result)
    assert result.stdout == ""


def test_a_file_in_place_of_the_folder_for_crops_is_told(clip: Path, tmp_path: Path) -> None:
    file = tmp_path / "crops"
    file.write_text("kept")
    result = lpr_run(clip, "--crops", file)
    assert result.exit_code == ExitCode.OUTPUT
    assert one_line(result) == f"lpr: {file}: is a file, and a folder is needed; name another"
    assert file.read_text() == "kept"


def test_a_folder_for_crops_is_made_when_there_is_something_to_play(
    clip: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "new" / "looks"
    assert lpr_run(tmp_path / "nope.mp4", "--crops", folder).exit_code == ExitCode.SOURCE
    assert not folder.parent.exists()
    assert lpr_run(clip, "--crops", folder).exit_code == ExitCode.OK
    assert list(folder.iterdir()) == []


def test_a_folder_for_crops_that_cannot_be_made_is_told_before_the_work(clip: Path) -> None:
    result = lpr_run(clip.with_name("nope.mp4"), clip, "--crops", clip / "looks")
    assert result.exit_code == ExitCode.OUTPUT
    assert one_line(result) == f"lpr: {clip / 'looks'}: cannot be made: {clip} is no folder"


@pytest.mark.parametrize("roi", ["0,0,64", "left", "0,0,10,10"])
def test_a_roi_that_is_none_is_one_line_with_the_form(clip: Path, roi: str) -> None:
    result = lpr_run(clip, "--roi", roi)
    assert result.exit_code == ExitCode.USAGE
    form = "left, top, right, bottom in frame pixels, at least 64 by 32: 200,300,1280,720"
    assert one_line(result) == f"lpr: --roi {roi!r}: is {form}"


def test_the_roi_of_the_command_line_goes_over_that_of_the_configuration(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[tuple[int, int, int, int] | None] = []
    build = lpr.factory.build_engine

    def note(config: EngineConfig, **others: Any) -> Engine:
        looked.append(config.roi)
        return build(config, **others)

    monkeypatch.setattr(lpr.factory, "build_engine", note)
    config = tmp_path / "lpr.toml"
    config.write_text("roi = [0, 0, 64, 40]\n")
    inside = lpr_run(clip, "--config", config)
    assert (inside.exit_code, inside.stderr) == (0, "")
    beyond = lpr_run(clip, "--config", config, "--roi", "0,0,65,48")
    assert beyond.exit_code == 0
    assert one_line(beyond) == f"lpr: {clip}: roi reaches beyond the picture, which is 64x48"
    assert looked == [(0, 0, 64, 40), (0, 0, 65, 48)]


def test_a_region_that_became_a_source_is_said_to_be(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for command in ((clip, "--region", "DE", "fr", "AT"), ("--region", "DE", "fr", "AT", clip)):
        result = lpr_run(*command)
        assert result.exit_code == ExitCode.USAGE
        wanted = "lpr: fr: no such file or folder; for several regions write --region DE,fr,AT"
        assert one_line(result) == wanted
    assert lpr_run("fr").exit_code == ExitCode.SOURCE
    clip.rename("fr")
    assert lpr_run("--region", "DE", "fr").exit_code == 0


def test_a_roi_that_a_camera_lacks_shows_no_password(
    silent_camera: tuple[str, threading.Event],
) -> None:
    address = silent_camera[0].replace("://", "://admin:hunter22@")
    result = lpr_run(address, "--roi", "400,100,1280,720")
    assert result.exit_code == ExitCode.CONFIG
    told = f"lpr: {silent_camera[0]}: roi [400, 100, 1280, 720] lies outside the picture"
    assert told in result.stderr
    assert "hunter22" not in result.stderr + result.stdout


def test_a_roi_that_one_source_lacks_costs_the_others_nothing(clip: Path, samples: Path) -> None:
    result = lpr_run(clip, samples / "day-approach.mp4", "--roi", "400,100,1280,720")
    assert result.exit_code == ExitCode.CONFIG
    assert f"{clip}: roi [400, 100, 1280, 720] lies outside the picture" in result.stderr
    assert "confirmed" in result.stdout
