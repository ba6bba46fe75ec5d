from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import psutil
import pytest
from av.audio.stream import AudioStream
from av.stream import Disposition
from av.video.stream import VideoStream

from lpr.errors import SourceError
from lpr.sources import VideoSource
from lpr.sources.pixels import without_combs
from lpr.types import Frame

VideoMaker = Callable[..., Path]


def play(path: Path, threads: int = 2) -> tuple[list[Frame], VideoSource]:
    with VideoSource(path, threads=threads) as source:
        return list(source), source


def digest(frames: list[Frame]) -> list[tuple[int, float, str]]:
    return [
        (frame.index, frame.time, hashlib.sha256(frame.image.tobytes()).hexdigest())
        for frame in frames
    ]


def decoding_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "lpr-decode"]


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.mp4", "libx264"),
        ("a.mov", "libx264"),
        ("a.mkv", "libx264"),
        ("a.avi", "mpeg4"),
        ("c.avi", "libx264"),
        ("a.webm", "libvpx"),
        ("b.avi", "mjpeg"),
        ("a.ts", "libx264"),
        ("a.mp4", "libx265"),
    ],
)
def test_every_container_gives_all_frames_in_order(
    make_video: VideoMaker, name: str, codec: str
) -> None:
    pixels = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    frames, source = play(make_video(name, codec=codec, pixels=pixels))
    assert [frame.index for frame in frames] == list(range(20))
    assert [frame.time for frame in frames] == pytest.approx([i / 25 for i in range(20)], abs=2e-3)
    assert all(frame.image.shape == (48, 64, 3) for frame in frames)
    assert all(frame.camera == name for frame in frames)
    levels = [float(frame.image[24:, 32:].mean()) for frame in frames]
    assert levels == pytest.approx([20 + 7 * i for i in range(20)], abs=12)
    assert source.problems == ()
    assert not source.info.live
    assert source.info.frames == pytest.approx(20, abs=2)


def test_variable_frame_rate_keeps_its_times(make_video: VideoMaker) -> None:
    times = [0.0, 0.04, 0.1, 0.6, 0.61, 2.5]
    frames, source = play(make_video("v.mkv", count=6, times=times))
    assert [frame.time for frame in frames] == pytest.approx(times, abs=1e-3)
    assert source.problems == ()


@pytest.mark.parametrize("name", ["last.mp4", "last.mkv", "last.mov"])
def test_a_last_frame_that_is_shown_for_long_is_no_cut(tmp_path: Path, name: str) -> None:
    with av.open(str(tmp_path / name), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"bf": "0"})
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        packets = []
        for index in range(20):
            grey = np.full((48, 64, 3), 20 + 7 * index, np.uint8)
            packets += stream.encode(av.VideoFrame.from_ndarray(grey, "bgr24"))
        packets += stream.encode(None)
        packets[-1].duration = 5 * 25
        assert packets[-1].time_base == Fraction(1, 25)
        container.mux(packets)
    frames, source = play(tmp_path / name)
    assert len(frames) == 20
    assert source.info.duration == pytest.approx(0.76 + 5, abs=0.05)
    assert source.problems == ()


def test_time_starts_at_the_first_frame(make_video: VideoMaker) -> None:
    frames, _ = play(make_video("late.mkv", count=4, times=[7.0, 7.1, 7.2, 7.3]))
    assert [frame.time for frame in frames] == pytest.approx([0, 0.1, 0.2, 0.3], abs=1e-3)


@pytest.mark.parametrize("name", ["part.mkv", "part.webm", "part.nut", "part.mp4", "part.ts"])
def test_a_part_that_keeps_the_times_of_the_whole_is_not_cut(
    make_video: VideoMaker, name: str
) -> None:
    """Recorders write a long video as files of some minutes each."""
    codec = "libvpx" if name.endswith("webm") else "libx264"
    times = [60 + index / 25 for index in range(50)]
    frames, source = play(make_video(name, codec=codec, count=50, times=times))
    assert len(frames) == 50
    assert source.problems == ()
    assert source.info.duration == pytest.approx(2.0, abs=0.1)
    assert source.info.frames == pytest.approx(50, abs=2)


def test_a_long_video_that_lacks_some_seconds_is_cut(make_video: VideoMaker) -> None:
    path = make_video("long.mkv", count=600, times=[index / 2 for index in range(600)], noisy=True)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * 0.985)])
    frames, source = play(path)
    assert 585 < len(frames) < 596
    assert re.fullmatch(r"the video is cut: 29\d\.\d of 299\.5 s .*", source.problems[0])


@pytest.mark.parametrize(
    ("rotation", "hflip", "corner", "shape"),
    [
        (0.0, False, "top left", (48, 64, 3)),
        (90.0, False, "bottom left", (64, 48, 3)),
        (-90.0, False, "top right", (64, 48, 3)),
        (180.0, False, "bottom right", (48, 64, 3)),
        (0.0, True, "top right", (48, 64, 3)),
        (180.0, True, "bottom left", (48, 64, 3)),
    ],
)
def test_rotation_metadata_is_applied(
    make_video: VideoMaker, rotation: float, hflip: bool, corner: str, shape: tuple[int, int, int]
) -> None:
    frames, source = play(make_video(count=3, rotation=rotation, hflip=hflip))
    image = frames[0].image
    assert image.shape == shape
    assert (source.info.height, source.info.width) == shape[:2]
    bright = {
        "top left": image[:6, :6],
        "top right": image[:6, -6:],
        "bottom left": image[-6:, :6],
        "bottom right": image[-6:, -6:],
    }
    assert max(bright, key=lambda name: float(bright[name].mean())) == corner


@pytest.mark.parametrize(("size", "matrix"), [((64, 48), 5), ((1280, 720), 1)])
def test_colours_survive(
    make_video: VideoMaker, size: tuple[int, int], matrix: int, tmp_path: Path
) -> None:
    """An untagged video is BT.601 below 720 rows and BT.709 from there, as players take it."""
    blue_ish = np.full((size[1], size[0], 3), (200, 60, 30), np.uint8)
    path = tmp_path / "colour.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.codec_context.options = {"crf": "1"}
        for _ in range(2):
            frame = av.VideoFrame.from_ndarray(blue_ish, "bgr24")
            yuv = frame.reformat(format="yuv420p", dst_colorspace=matrix)
            yuv.colorspace = 2
            container.mux(stream.encode(yuv))
        container.mux(stream.encode(None))
    frames, _ = play(path)
    assert frames[0].image[8, 8].tolist() == pytest.approx([200, 60, 30], abs=5)


def test_full_range_video_is_not_stretched(make_video: VideoMaker) -> None:
    grey = np.full((48, 64, 3), 5, np.uint8)
    frames, _ = play(make_video("f.avi", codec="mjpeg", pixels="yuvj420p", image=grey, count=2))
    assert float(frames[0].image.mean()) == pytest.approx(5, abs=3)


def test_interlaced_video_plays(make_video: VideoMaker) -> None:
    frames, source = play(
        make_video("i.mkv", codec="libx264", options={"x264-params": "tff=1"}, count=10)
    )
    assert len(frames) == 10
    assert source.problems == ()


def test_what_moved_between_two_fields_has_no_combs() -> None:
    """A bar that is 6 pixels further on in the second field, and one that stands still."""
    first = np.full((40, 80, 3), 30, np.uint8)
    first[:, 60:66] = 220
    second = first.copy()
    first[:, 10:20], second[:, 16:26] = 220, 220
    woven = first.copy()
    woven[1::2] = second[1::2]
    whole = without_combs(woven)
    assert np.array_equal(whole[:-1], first[:-1])
    fine = np.full((40, 80, 3), 30, np.uint8)
    fine[10:13, 20:60] = 220  # strokes of two rows and more are no combs
    assert np.array_equal(without_combs(fine), fine)
    for rows in (1, 2, 3, 4):
        assert without_combs(woven[:rows]).shape == woven[:rows].shape


@pytest.mark.parametrize("scale", [0.4, 0.5, 0.6])
def test_small_characters_that_stand_still_keep_their_strokes(scale: float) -> None:
    """Recorders call whole frames interlaced; a stroke of a far plate is a row or two."""
    still = np.full((80, 200, 3), 230, np.uint8)
    for row in (20, 41, 62):
        cv2.putText(still, "HZ 354 PM E8B", (10, row), 0, scale, (20, 20, 20), 1, cv2.LINE_AA)
    moved = np.roll(still, 6, axis=1)
    woven = still.copy()
    woven[1::2] = moved[1::2]
    changed = np.abs(without_combs(still).astype(int) - still).max(axis=2) > 12
    assert changed.sum() < 0.01 * (still < 200).any(axis=2).sum()
    before, after = (
        np.abs(seen.astype(int) - still).mean() for seen in (woven, without_combs(woven))
    )
    assert after < 0.6 * before


def test_ten_bit_and_odd_row_length(make_video: VideoMaker) -> None:
    frames, _ = play(make_video("t.mkv", pixels="yuv420p10le", size=(62, 46), count=3))
    assert frames[0].image.shape == (46, 62, 3)
    assert frames[0].image.flags.c_contiguous
    assert not frames[0].image.flags.writeable


def test_a_slow_consumer_gets_the_same_frames(make_video: VideoMaker) -> None:
    path = make_video(count=40)
    fast, _ = play(path)
    slow = []
    with VideoSource(path, threads=1) as source:
        for frame in source:
            if frame.index % 10 == 0:
                time.sleep(0.05)
            slow.append(frame)
        again = list(source)
    assert digest(slow) == digest(fast) == digest(again)


def test_leaving_the_loop_ends_the_thread(make_video: VideoMaker) -> None:
    path = make_video(count=60)
    with VideoSource(path) as source:
        for frame in source:
            if frame.index == 3:
                break
    assert decoding_threads() == []
    source = VideoSource(path)
    frames = iter(source)
    next(frames)
    source.close()
    assert list(frames) == []
    assert decoding_threads() == []
    source.close()


def test_frames_are_decoded_when_they_are_asked_for(make_video: VideoMaker) -> None:
    path = make_video(count=20)
    ahead, _ = play(path)
    with VideoSource(path, ahead=False) as source:
        frames = iter(source)
        asked = [next(frames)]
        assert decoding_threads() == []
        asked += frames
        assert digest(asked) == digest(ahead) == digest(list(source))
        first, second = iter(source), iter(source)
        next(first), next(second)
        with pytest.raises(SourceError, match="another iteration was begun"):
            next(first)
        assert len(list(second)) == 19
    frames = iter(source)
    next(frames)
    source.close()
    assert list(frames) == []


def test_memory_does_not_grow_with_the_video(make_video: VideoMaker) -> None:
    path = make_video("long.mkv", count=260, size=(640, 480), options={"preset": "ultrafast"})
    process, sizes = psutil.Process(), {}
    with VideoSource(path) as source:
        for frame in source:
            if frame.index in (60, 259):
                sizes[frame.index] = process.memory_info().rss
    assert sizes[259] - sizes[60] < 40 << 20


def test_bad_files_get_one_clear_line(tmp_path: Path, make_video: VideoMaker, sound: Path) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("not a video\n" * 100)
    empty = tmp_path / "empty.mp4"
    empty.touch()
    headless = tmp_path / "headless.mp4"
    headless.write_bytes(make_video().read_bytes()[:600])
    cases = {
        text: "not a video that can be read",
        empty: "the file is empty",
        sound: "only sound",
        headless: "not a video that can be read, or its index is cut off",
        tmp_path / "missing.mp4": "no such file",
    }
    for path, words in cases.items():
        with pytest.raises(SourceError) as caught:
            VideoSource(path)
        message = str(caught.value)
        assert words in message
        assert message.startswith(str(path))
        assert "\n" not in message


def test_the_cover_of_a_song_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "song.mp4"
    with av.open(str(path), "w") as container:
        sound = container.add_stream("aac", rate=8000, layout="mono")
        cover = container.add_stream("mjpeg", rate=1)
        assert isinstance(sound, AudioStream)
        assert isinstance(cover, VideoStream)
        cover.width, cover.height, cover.pix_fmt = 64, 48, "yuvj420p"
        cover.disposition = Disposition.attached_pic
        silence = np.zeros((1, 1024), np.float32)
        beat = av.AudioFrame.from_ndarray(silence, format="fltp", layout="mono")
        beat.sample_rate = 8000
        container.mux(sound.encode(beat))
        container.mux(cover.encode(av.VideoFrame(64, 48, "yuvj420p")))
        container.mux(cover.encode(None))
        container.mux(sound.encode(None))
    with pytest.raises(SourceError, match="only sound"):
        VideoSource(path)


def test_unknown_codec(make_video: VideoMaker, tmp_path: Path) -> None:
    data = make_video("known.mkv", codec="mjpeg", pixels="yuvj420p").read_bytes()
    assert b"V_MJPEG" in data
    path = tmp_path / "unknown.mkv"
    path.write_bytes(data.replace(b"V_MJPEG", b"V_XYZZY"))
    with pytest.raises(
        SourceError, match=r"unknown\.mkv: (its video codec is unknown|has no video)"
    ):
        VideoSource(path)


@pytest.mark.parametrize(
    ("name", "options"),
    [("cut.mkv", {}), ("cut.mp4", {"movflags": "faststart"}), ("cut.avi", {})],
)
def test_a_cut_video_gives_what_it_has_and_says_so(
    make_video: VideoMaker, name: str, options: dict[str, str]
) -> None:
    codec = "mpeg4" if name.endswith("avi") else "libx264"
    path = make_video(
        name, count=100, codec=codec, size=(160, 120), container_options=options, noisy=True
    )
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * 0.6)])
    frames, source = play(path)
    assert 40 <= len(frames) < 80
    assert any("cut" in problem for problem in source.problems), source.problems
    times = [frame.time for frame in frames]
    assert times == sorted(set(times))


@pytest.mark.parametrize(
    ("name", "codec", "pixels"),
    [
        ("d.mp4", "libx264", "yuv420p"),
        ("e.avi", "mpeg4", "yuv420p"),
    ],
)
def test_damage_in_the_middle_is_skipped_and_counted(
    make_video: VideoMaker, name: str, codec: str, pixels: str
) -> None:
    path = make_video(name, count=60, codec=codec, pixels=pixels, size=(160, 120), noisy=True)
    data, chance = bytearray(path.read_bytes()), np.random.default_rng(1)
    for share in (0.3, 0.4, 0.5, 0.6):
        place = int(len(data) * share)
        data[place : place + 2000] = chance.bytes(2000)
    path.write_bytes(data)
    frames, source = play(path)
    assert 50 <= len(frames) <= 60
    assert frames[-1].time > 2.1
    assert any("damaged" in problem for problem in source.problems), source.problems


def test_a_playlist_in_disguise_is_not_followed(tmp_path: Path, make_video: VideoMaker) -> None:
    secret = make_video("secret.mp4")
    for name, text in {
        "list.mp4": f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{secret}\n#EXT-X-ENDLIST\n",
        "concat.mp4": f"ffconcat version 1.0\nfile '{secret.name}'\n",
        "sdp.mp4": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nm=video 5004 RTP/AVP 96\n",
    }.items():
        (tmp_path / name).write_text(text)
        with pytest.raises(SourceError, match="not a video"):
            VideoSource(tmp_path / name)


def test_names_are_paths_whatever_they_look_like(make_video: VideoMaker) -> None:
    for name in ("concat:a.mp4", "50%d.mp4", "rtsp.mp4", "a b'c.mp4"):
        frames, _ = play(make_video(name, count=2))
        assert len(frames) == 2


def test_real_clips(shared_data: Path) -> None:
    frames = 0
    with VideoSource(shared_data / "clips" / "nl-delft-2.avi") as source:
        for frame in source:
            assert frame.time == pytest.approx(frame.index / 12, abs=1e-3)
            frames += 1
    assert frames == 36
    assert source.problems == ()
    with VideoSource(shared_data / "clips" / "ae-gate-lexus.mov") as source:
        times = [frame.time for frame in source]
    assert len(times) == 212
    assert times == sorted(set(times))
    assert source.problems == ()


def test_an_iteration_that_another_one_ends_says_so(make_video: VideoMaker) -> None:
    with VideoSource(make_video("a.mp4")) as source:
        first = iter(source)
        next(first)
        second = iter(source)
        next(second)
        with pytest.raises(SourceError, match="another iteration was begun"):
            list(first)
        assert len(list(second)) > 5
