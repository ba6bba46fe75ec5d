"""Recordings on a web server: delivered whole, as files are."""

from __future__ import annotations

import http.server
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import av
import psutil
import pytest

from lpr.errors import SourceError
from lpr.sources import CameraSource, CameraState, LiveOptions, VideoSource, open_source

VideoMaker = Callable[..., Path]
OPTIONS = LiveOptions(timeout=20, retry_delay=0.05, max_retry_delay=0.2)


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        return


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        return


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    """The address of a web server of the test's folder."""
    server = Server(("127.0.0.1", 0), partial(Handler, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def wipe(path: Path, first: int, last: int) -> None:
    """Replace these packets by zeros: nothing in them decodes."""
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        places = [(packet.pos, packet.size) for packet in packets[first : last + 1]]
    data = bytearray(path.read_bytes())
    for place, size in places:
        assert place is not None
        data[place : place + size] = bytes(size)
    path.write_bytes(data)


def open_recording(address: str, options: LiveOptions = OPTIONS) -> CameraSource:
    source = open_source(address, live=options)
    assert isinstance(source, CameraSource)
    assert not source.info.live
    return source


def test_a_recording_in_which_nothing_decodes_is_an_error(web: str, make_video: VideoMaker) -> None:
    wipe(make_video("bad.mp4"), 0, 19)
    timer: threading.Timer | None = None
    with open_recording(f"{web}/bad.mp4") as source:
        timer = threading.Timer(60.0, source.close)
        timer.start()
        with pytest.raises(SourceError, match=r"bad\.mp4: nothing in it can be decoded"):
            list(source)
        timer.cancel()
        assert source.ended
        assert source.status.state is CameraState.OFFLINE


def test_a_long_pause_of_the_consumer_cuts_nothing(web: str, make_video: VideoMaker) -> None:
    """The frame before the damage waits for the consumer; that is no silence of the server."""
    path = make_video("pause.mp4", count=40, options={"bf": "0"})
    wipe(path, 20, 20)
    options = LiveOptions(timeout=1.0, retry_delay=0.05, max_retry_delay=0.2)
    indices = []
    with open_recording(f"{web}/pause.mp4", options) as source:
        for frame in source:
            indices.append(frame.index)
            if frame.index in (13, 14, 15, 16, 17, 18):
                time.sleep(1.3)
    assert indices == list(range(39))
    assert source.problems == ("damaged packets skipped: 1",)


@pytest.mark.parametrize("damaged", [False, True])
def test_what_a_reader_said_before_it_ended_is_heard(
    web: str, make_video: VideoMaker, damaged: bool
) -> None:
    """The last frames, and the reason of the end, lie ready while the consumer is busy."""
    path = make_video("end.mp4")
    if damaged:
        wipe(path, 0, 19)
    with open_recording(f"{web}/end.mp4") as source:
        if damaged:
            wait_for_the_end(source)
            with pytest.raises(SourceError, match="nothing in it can be decoded"):
                list(source)
            return
        indices = []
        for frame in source:
            indices.append(frame.index)
            if frame.index == 17:
                wait_for_the_end(source)
        assert indices == list(range(20))
        assert source.problems == ()


def wait_for_the_end(source: CameraSource) -> None:
    """Wait until the reading process has ended."""
    assert source.reader_pid is not None
    reader = psutil.Process(source.reader_pid)
    deadline = time.monotonic() + 60.0
    while reader.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_times_are_those_of_the_file(web: str, make_video: VideoMaker) -> None:
    with VideoSource(make_video("b.avi", codec="libx264", count=30)) as file:
        expected = [frame.time for frame in file]
    with open_recording(f"{web}/b.avi") as source:
        assert [frame.time for frame in source] == expected
    assert expected == pytest.approx([i / 25 for i in range(30)], abs=1e-6)


@pytest.mark.timeout(60)
def test_a_file_whose_server_tells_only_how_many_bytes_it_has_ends(
    web: str, make_video: VideoMaker
) -> None:
    """The duration of MPEG-TS stands at its end, and no part of it can be fetched first."""
    with VideoSource(make_video("clip.ts")) as file:
        expected = [frame.time for frame in file]
    with open_recording(f"{web}/clip.ts") as source:
        assert [frame.time for frame in source] == expected
        assert source.problems == ()
    assert len(expected) == 20


def test_an_index_that_the_server_does_not_let_be_fetched_is_told(
    web: str, tmp_path: Path, samples: Path
) -> None:
    shutil.copy(samples / "two-plates.mp4", tmp_path)  # its index is at its end
    with (
        open_recording(f"{web}/two-plates.mp4") as source,
        pytest.raises(SourceError, match=r"\(range requests\), .* end needs; download it first"),
    ):
        list(source)
