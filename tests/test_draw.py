from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from lpr.draw import AnnotatedVideo, PlateLabel, annotate, annotate_picture
from lpr.errors import OutputError
from lpr.geometry import Quad
from lpr.sources import VideoSource
from lpr.types import Image, Track, TrackState


def track(number: int, quad: Quad, state: TrackState = TrackState.ACTIVE) -> Track:
    return Track(number, quad, state, 0.0, 1.0, 3, None)


def blank(width: int = 320, height: int = 240) -> Image:
    return np.full((height, width, 3), 60, np.uint8)


MIDDLE = track(1, Quad((100, 120), (200, 126), (199, 160), (99, 154)))


def test_the_picture_given_is_not_changed() -> None:
    image = blank()
    image.flags.writeable = False
    drawn = annotate(image, [MIDDLE], {1: PlateLabel("AB12CDE", 0.98)})
    assert drawn.shape == image.shape
    assert drawn.flags.writeable
    assert (image == 60).all()
    assert (drawn != 60).any()
    assert (annotate(image, [], {}) == image).all()


def test_state_shows_in_the_colour_of_the_quad() -> None:
    def colour(state: TrackState, label: PlateLabel | None) -> tuple[int, ...]:
        labels = {} if label is None else {1: label}
        drawn = annotate(blank(), [track(1, MIDDLE.quad, state)], labels)
        edge = drawn[121:127, 140:160].reshape(-1, 3)
        return tuple(int(value) for value in edge[np.argmax(np.ptp(edge, axis=1))])

    confirmed = colour(TrackState.ACTIVE, PlateLabel("AB12CDE", 0.98))
    first = colour(TrackState.ACTIVE, PlateLabel("AB12CDE", 0.5, confirmed=False))
    assert confirmed[1] > confirmed[2]
    assert first[2] > first[1] > first[0]
    assert colour(TrackState.ACTIVE, None) == first
    lost = annotate(blank(), [track(1, MIDDLE.quad, TrackState.LOST)], {})
    assert np.ptp(lost[:, :, :].astype(int), axis=2).max() < 5
    ended = annotate(blank(), [track(1, MIDDLE.quad, TrackState.ENDED)], {})
    assert (ended == 60).all()


def test_different_texts_are_drawn_differently_in_every_script() -> None:
    drawn = [
        annotate(blank(), [MIDDLE], {1: PlateLabel(text)}).tobytes()
        for text in ("京A12345", "粤A12345", "12가3456", "12나3456", "AB12", "AB13", "")
    ]
    assert len(set(drawn)) == len(drawn)


def test_captions_never_cover_a_verdict() -> None:
    verdict = PlateLabel("AB12CDE", 0.98)
    beside = Quad((110, 122), (210, 128), (209, 162), (109, 156))
    others = [track(number, beside) for number in (2, 3, 4)]
    labels = {number: PlateLabel("XX", 0.4, confirmed=False) for number in (2, 3, 4)}
    alone = annotate(blank(), [MIDDLE], {1: verdict})
    crowded = annotate(blank(), [*others, MIDDLE], {1: verdict, **labels})
    # Above the plates stands the verdict, as if it were alone; below them the first of the others.
    assert (crowded[:118] == alone[:118]).all()
    assert (crowded[165:] != alone[165:]).any()


def test_a_single_picture_is_drawn_like_a_frame_but_without_numbers() -> None:
    label = PlateLabel("AB12CDE", 0.98)
    drawn = annotate_picture(blank(), [(MIDDLE.quad, label)])
    numbered = annotate(blank(), [MIDDLE], {1: label})
    assert (drawn[119:170] == numbered[119:170]).all()
    assert (drawn[:119] != numbered[:119]).any()
    nothing = annotate_picture(blank(), [(MIDDLE.quad, PlateLabel(""))])
    assert (nothing[:110] == 60).all()
    assert (nothing != 60).any()


def test_the_caption_never_hides_a_plate_that_fills_its_picture() -> None:
    crop, label = blank(120, 36), PlateLabel("AB12CDE", 0.98)
    drawn = annotate_picture(crop, [(Quad.from_box(0, 0, 120, 36), label)])
    assert drawn.shape[1] == 120
    assert drawn.shape[0] > 36
    assert (drawn[4:32, 4:116] == 60).all()
    assert (drawn[38:, 4:116] > 200).any()
    assert annotate_picture(blank(), [(MIDDLE.quad, label)]).shape == blank().shape


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (200, 3), (40, 30), (4000, 3000)])
@pytest.mark.parametrize(
    "quad",
    [
        Quad.from_box(-1e9, -1e9, 1e9, 1e9),
        Quad.from_box(-50, -50, -10, -10),
        Quad.from_box(1e7, 1e7, 2e7, 2e7),
        Quad.from_box(0, 0, 0, 0),
    ],
)
def test_any_size_and_place(size: tuple[int, int], quad: Quad) -> None:
    image = blank(*size)
    label = PlateLabel("W" * 40, 1.0)
    drawn = annotate(image, [track(123456, quad)], {123456: label})
    assert drawn.shape == image.shape
    assert annotate_picture(image, [(quad, label)]).shape[1:] == image.shape[1:]


def frames(path: Path) -> list[tuple[float, float]]:
    """Time and brightness of a video's frames."""
    with av.open(str(path)) as container:
        return [
            (float(frame.time), float(frame.to_ndarray(format="gray").mean()))
            for frame in container.decode(video=0)
        ]


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv", "A.MP4"])
def test_the_video_has_the_sources_times_and_pictures(tmp_path: Path, name: str) -> None:
    times = [5.0, 5.04, 5.1, 6.0, 6.5, 9.0]
    with AnnotatedVideo(tmp_path / name, fps=25) as video:
        for number, when in enumerate(times):
            video.write(np.full((49, 65, 3), 40 * number, np.uint8), when)
    got = frames(tmp_path / name)
    assert [when for when, _ in got] == pytest.approx([when - 5 for when in times], abs=2e-3)
    assert [level for _, level in got] == sorted(level for _, level in got)
    with av.open(str(tmp_path / name)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert (stream.width, stream.height) == (66, 50)
        assert container.duration is not None
        assert container.duration / 1e6 >= 3.9


def test_colours_survive(tmp_path: Path) -> None:
    colour = (200, 60, 30)
    with AnnotatedVideo(tmp_path / "c.mp4", crf=5) as video:
        video.write(np.full((64, 64, 3), colour, np.uint8), 0.0)
    with av.open(str(tmp_path / "c.mp4")) as container:
        frame = next(container.decode(video=0))
        assert frame.to_ndarray(format="bgr24")[32, 32].tolist() == pytest.approx(colour, abs=6)


def test_sizes_may_change_and_times_may_stand_still(tmp_path: Path) -> None:
    with AnnotatedVideo(tmp_path / "v.mp4") as video:
        for size, when in (((64, 48), 0.0), ((32, 48), 0.0), ((200, 100), 0.0), ((1, 1), 1.0)):
            video.write(blank(*size), when)
    got = [when for when, _ in frames(tmp_path / "v.mp4")]
    assert len(got) == 4
    assert got == sorted(set(got))


def test_a_picture_too_large_for_a_video_is_shown_smaller(tmp_path: Path) -> None:
    """H.264 takes 16,384 pixels a side; what comes behind must not be lost."""
    with AnnotatedVideo(tmp_path / "v.mp4") as video:
        video.write(blank(20000, 320), 0.0)
        video.write(blank(640, 480), 1.0)
    with av.open(str(tmp_path / "v.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == (8192, 132)
        assert len(list(container.decode(stream))) == 2


def test_a_further_source_follows_the_last_picture(tmp_path: Path) -> None:
    with AnnotatedVideo(tmp_path / "v.mp4", fps=10) as video:
        video.begin_source()
        for when in (5.0, 5.3):
            video.write(blank(), when)
        for _ in range(2):
            video.begin_source()
            for when in (0.0, 0.2):
                video.write(blank(), when)
    got = [when for when, _ in frames(tmp_path / "v.mp4")]
    assert got == pytest.approx([0.0, 0.3, 0.4, 0.6, 0.7, 0.9], abs=2e-3)


def test_two_programs_never_write_one_video(tmp_path: Path) -> None:
    path = tmp_path / "v.mp4"
    path.write_bytes(b"earlier")
    with AnnotatedVideo(path) as video:
        assert path.read_bytes() == b"earlier"
        with pytest.raises(OutputError, match=r"v\.mp4: another program is writing it"):
            AnnotatedVideo(path)
        video.write(blank(), 0.0)
    assert len(frames(path)) == 1
    AnnotatedVideo(path).close()
    assert not path.exists()


def test_an_unwritable_video_is_found_before_work(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"the folder .* does not exist"):
        AnnotatedVideo(tmp_path / "no" / "video.mp4")
    with pytest.raises(OutputError, match=r"must end in one of \.mp4"):
        AnnotatedVideo(tmp_path / "video.gif")
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(OutputError, match="cannot be written"):
        AnnotatedVideo(tmp_path / "folder.mp4")


def test_closing(tmp_path: Path) -> None:
    empty = AnnotatedVideo(tmp_path / "empty.mp4")
    empty.close()
    empty.close()
    assert not (tmp_path / "empty.mp4").exists()
    with pytest.raises(OutputError, match="already closed"):
        empty.write(blank(), 0.0)


WRITER = """
import sys, numpy as np
from lpr.draw import AnnotatedVideo
noise = np.random.default_rng(0)
with AnnotatedVideo(sys.argv[1], fps=10) as video:
    for number in range(100000):
        video.write(noise.integers(0, 255, (48, 64, 3), dtype=np.uint8), number / 10)
        if number == 300:
            print("ready", flush=True)
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_video_plays(tmp_path: Path, how: signal.Signals) -> None:
    """Ctrl-C finishes the file; even a killed process leaves all but the last moments."""
    path = tmp_path / "cut.mp4"
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=Path(__file__).parents[1],
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        time.sleep(0.1)
        os.kill(process.pid, how)
        process.wait()
    with VideoSource(path) as source:
        times = [frame.time for frame in source]
    assert len(times) >= 200
    assert times[:200] == pytest.approx([number / 10 for number in range(200)], abs=2e-3)


SHORT_WRITER = """
import os, signal, sys, numpy as np
from lpr.draw import AnnotatedVideo
video = AnnotatedVideo(sys.argv[1], fps=25)
for number in range(40):
    video.write(np.full((48, 64, 3), 5 * number, np.uint8), number / 25)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("name", ["cut.mp4", "cut.mov", "cut.mkv"])
def test_a_video_killed_before_its_second_key_frame_plays(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    done = subprocess.run(
        [sys.executable, "-c", SHORT_WRITER, str(path)], cwd=Path(__file__).parents[1], check=False
    )
    assert done.returncode == -signal.SIGKILL
    with VideoSource(path) as source:
        times = [frame.time for frame in source]
    assert len(times) >= 20
    assert times == pytest.approx([number / 25 for number in range(len(times))], abs=2e-3)


FULL_WRITER = """
import resource, signal, sys, numpy as np
from lpr.draw import AnnotatedVideo
from lpr.errors import OutputError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
noise = np.random.default_rng(0)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
try:
    with AnnotatedVideo(sys.argv[1], fps=25) as video:
        for number in range(400):
            video.write(noise.integers(0, 255, (48, 64, 3), dtype=np.uint8), number / 25)
except OutputError:
    sys.exit(7)
"""


def test_a_video_plays_up_to_where_the_disk_was_full(tmp_path: Path) -> None:
    path = tmp_path / "full.mp4"
    done = subprocess.run(
        [sys.executable, "-c", FULL_WRITER, str(path)], cwd=Path(__file__).parents[1], check=False
    )
    assert done.returncode == 7
    with VideoSource(path) as source:
        assert len([frame.time for frame in source]) >= 25


def test_a_disk_that_is_full_from_the_start_is_an_error_not_a_crash(tmp_path: Path) -> None:
    """ffmpeg ends the process where more is written after its header could not be."""
    path = tmp_path / "full.mp4"
    path.symlink_to("/dev/full")
    done = subprocess.run(
        [sys.executable, "-c", FULL_WRITER, str(path)], cwd=Path(__file__).parents[1], check=False
    )
    assert done.returncode == 7


def test_a_closed_video_is_a_plain_mp4(tmp_path: Path) -> None:
    path = tmp_path / "whole.mp4"
    with AnnotatedVideo(path, fps=25) as video:
        for number in range(60):
            video.write(np.full((48, 64, 3), 4 * number, np.uint8), number / 25)
    data, at, boxes = path.read_bytes(), 0, []
    while at < len(data):
        boxes.append(data[at + 4 : at + 8].decode("ascii"))
        size = int.from_bytes(data[at : at + 4], "big")
        at += size if size != 1 else int.from_bytes(data[at + 8 : at + 16], "big")
    assert boxes.count("moov") == 1
    assert "moof" not in boxes
    with av.open(str(path)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 60


@pytest.mark.parametrize(
    ("confidence", "percent"), [(0.986, "99%"), (0.9951, "99%"), (1.0, "100%"), (0.004, "0%")]
)
def test_a_percentage_is_rounded_but_never_up_to_certainty(
    monkeypatch: pytest.MonkeyPatch, confidence: float, percent: str
) -> None:
    written: list[str] = []
    put: Any = cv2.putText

    def put_text(image: Image, text: str, *more: object) -> object:
        written.append(text)
        return put(image, text, *more)

    monkeypatch.setattr(cv2, "putText", put_text)
    annotate(blank(), [MIDDLE], {1: PlateLabel("AB12CDE", confidence)})
    assert written == [f"#1 AB12CDE {percent}"]


def test_what_is_no_verdict_yet_has_a_question_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    monkeypatch.setattr(cv2, "putText", lambda image, text, *more: written.append(text))
    label = PlateLabel("AB12CDE", 0.98, confirmed=False)
    annotate(blank(), [MIDDLE], {1: label})
    annotate_picture(blank(), [(MIDDLE.quad, label)])
    assert written == ["#1 AB12CDE ?", "AB12CDE 98%"]
