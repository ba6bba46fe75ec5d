"""The real command on real cameras: files paced as live, and MJPEG over loopback."""

from __future__ import annotations

import http.server
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

PATIENCE = 120.0
SAMPLES = Path(__file__).resolve().parents[2] / "samples"


class Site:
    """A folder with `gate.toml`, and the command that runs it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: subprocess.Popen[str] | None = None
        self.log = ""

    def write(
        self, gates: str, *, plates: str = "", head: str = "", tail: str = "", service: str = ""
    ) -> None:
        """Write the configuration; what a test does not set is small and quick."""
        (self.folder / "plates.csv").write_text("plate,list,owner\n" + plates)
        (self.folder / "gate.toml").write_text(
            'lists = ["plates.csv"]\n'
            f"{head}\n{gates}\n"
            f"[service]\nhealth_every = 0.2\nreload_every = 0.2\n{service}\n"
            "[service.metrics]\nport = 0\n"
            f"{tail}\n"
        )

    def write_replays(self, *clips: str, head: str = "", tail: str = "", service: str = "") -> None:
        """Write a site whose cameras `camera0` and so on play samples, each with its own gate."""
        gates = "".join(
            f'[[gates]]\nname = "gate{number}"\n[[gates.cameras]]\nname = "camera{number}"\n'
            f'source = "{SAMPLES / clip}.mp4"\nreplay = "loop"\n'
            for number, clip in enumerate(clips)
        )
        self.write(gates, head=head, tail=tail, service=service)

    def start(self, *prefix: str, **environment: str) -> None:
        """Start the command."""
        command = [sys.executable, "-m", "lpr", "gate", "run", str(self.folder / "gate.toml")]
        with (self.folder / "log").open("w") as log:
            self.process = subprocess.Popen(
                [*prefix, *command], stderr=log, env={**os.environ, **environment}, text=True
            )

    def health(self) -> dict[str, Any]:
        """The health file as it is now; empty before the first."""
        try:
            found: dict[str, Any] = json.loads((self.folder / "health.json").read_text())
        except FileNotFoundError:
            return {}
        return found

    def wait(self, done: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """Wait until the health file says what is wanted; any slow machine may take its time."""
        deadline = time.monotonic() + PATIENCE
        while True:
            health = self.health()
            if health and done(health):
                return health
            assert self.process is not None
            assert self.process.poll() is None, self.read_log()
            assert time.monotonic() < deadline, f"{health}\n{self.read_log()}"
            time.sleep(0.05)

    def decisions(self) -> list[dict[str, Any]]:
        """The lines of the decision log."""
        path = self.folder / "decisions.jsonl"
        if not path.exists():
            return []
        return [json.loads(line) for line in path.read_text().splitlines()]

    def read_log(self) -> str:
        """What the command has written to its log."""
        return (self.folder / "log").read_text()

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the service."""
        assert self.process is not None
        self.process.send_signal(number)

    def stop(self) -> int:
        """Ask it to stop; returns its exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(PATIENCE)

    def close(self) -> None:
        """Leave nothing running."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.close()


class MjpegCamera:
    """A live camera on loopback: grey, until it plays a sample at half its speed as MJPEG.

    Args:
        clip: the sample.
    """

    def __init__(self, clip: str) -> None:
        self._pictures = _jpegs(SAMPLES / f"{clip}.mp4")
        self.play = threading.Event()
        self.cut = threading.Event()
        self.viewers = 0
        self._place = 0.0
        camera = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *args: object) -> None:
                return

            def do_GET(self) -> None:
                camera.viewers += 1
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace;boundary=frame")
                self.end_headers()
                camera.serve(self.wfile.write)

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                return

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/live"

    def serve(self, write: Callable[[bytes], object]) -> None:
        """Send pictures at 20 a second until the camera is cut."""
        start = time.monotonic()
        sent = 0
        while not self.cut.is_set():
            body = self._pictures[int(self._place)]
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(body)}\r\n\r\n"
            write(head.encode() + body + b"\r\n")
            if self.play.is_set():
                self._place = min(self._place + 0.5, len(self._pictures) - 1)
            sent += 1
            time.sleep(max(0.0, start + sent / 20 - time.monotonic()))

    def close(self) -> None:
        self.cut.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _jpegs(path: Path) -> list[bytes]:
    import cv2

    done, data = cv2.imencode(".jpg", np.full((720, 1280, 3), 90, np.uint8))
    assert done
    found = [data.tobytes()]
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            done, data = cv2.imencode(".jpg", frame.to_ndarray(format="bgr24"))
            assert done
            found.append(data.tobytes())
    return found


@pytest.fixture
def two_plates() -> Iterator[MjpegCamera]:
    camera = MjpegCamera("two-plates")
    yield camera
    camera.close()


class Relay:
    """A network relay that counts its pulses.

    Attributes:
        pulses: how often it was asked.
        hangs: whether it does not answer before `let_go` is set, and then refuses.
        let_go: ends the hanging.
    """

    def __init__(self) -> None:
        self.pulses = 0
        self.hangs = False
        self.let_go = threading.Event()
        relay = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *args: object) -> None:
                return

            def do_POST(self) -> None:
                relay.pulses += 1
                if relay.hangs:
                    relay.let_go.wait(PATIENCE)
                self.send_response(503 if relay.hangs else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def close(self) -> None:
        self.let_go.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def relay() -> Iterator[Relay]:
    made = Relay()
    yield made
    made.close()
