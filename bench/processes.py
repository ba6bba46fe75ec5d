"""What only a fresh process shows: start, import time, memory, idle CPU; and what is shipped."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import av
import psutil

from bench import pictures
from bench.duel import environment

CLIP = pictures.ROOT / "samples" / "day-approach.mp4"
_IMPORT = """
import time
started = time.perf_counter()
import lpr
print(time.perf_counter() - started)
"""
_STEADY = """
import gc, json, sys, time
import psutil
import lpr
from lpr.latency.play import play
engine = lpr.build_engine(camera="bench")
for frame in play(sys.argv[1]):
    engine.process(frame)
engine.finish()
del frame
gc.collect()
started = time.process_time()
time.sleep(1.0)
used = time.process_time() - started
print(json.dumps({"rss": psutil.Process().memory_info().rss, "idle": used}))
"""
_STALLED = """
import http.server, json, sys, threading, time
import psutil
import lpr
from lpr.sources import LiveOptions, open_source

held = threading.Event()


class Camera(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "video/mp2t")
        self.end_headers()
        self.wfile.write(open(sys.argv[1], "rb").read())
        held.wait()  # connected, but nothing comes any more

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Camera)
threading.Thread(target=server.serve_forever, daemon=True).start()
engine, seen = lpr.build_engine(camera="bench"), [0]
address = f"http://127.0.0.1:{server.server_port}/camera.ts"
source = open_source(address, live=LiveOptions(timeout=60))


def play():
    with source as frames:
        for frame in frames:
            engine.process(frame)
            seen[0] += 1


player = threading.Thread(target=play, daemon=True)
player.start()
before = -1
while not seen[0] or seen[0] != before:
    before = seen[0]
    time.sleep(1.0)


def used():
    own = psutil.Process()
    times = [one.cpu_times() for one in (own, *own.children(recursive=True))]
    return sum(one.user + one.system for one in times)


started = used()
time.sleep(3.0)
share = (used() - started) / 3.0
source.close()
player.join(10)
held.set()
server.shutdown()
print(json.dumps({"frames": seen[0], "share": share}))
"""
_SUMMARY = re.compile(r"(\d+) frames in ([\d.]+) s")
_LOOPS = 8


@dataclass(frozen=True, slots=True)
class ColdRun:
    """One `lpr run` in a process of its own.

    Attributes:
        first_event: seconds from start to the first event on standard output.
        total: seconds until it ended.
        peak: highest resident memory of the process and its children together, bytes.
        events: lines written.
    """

    first_event: float
    total: float
    peak: int
    events: int


def cold_run(clip: Path = CLIP) -> ColdRun:
    """Run `lpr run CLIP --jsonl -` and watch it.

    Raises:
        RuntimeError: it failed, or wrote no event.
    """
    started = perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "lpr", "run", str(clip), "--jsonl", "-", "--quiet"],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(pictures.ROOT),
        cwd=pictures.ROOT,
    )
    with _PeakMemory(process.pid) as memory:
        assert process.stdout
        first = process.stdout.readline()
        first_event = perf_counter() - started
        rest = process.stdout.readlines()
        code = process.wait()
    total = perf_counter() - started
    process.stdout.close()
    if code or not first:
        raise RuntimeError(f"`lpr run {clip.name}` ended with code {code} and no event")
    return ColdRun(first_event, total, memory.peak, 1 + len(rest))


class _PeakMemory:
    """Samples the resident memory of a process tree until it ends."""

    def __init__(self, pid: int) -> None:
        self._root = psutil.Process(pid)
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.peak = 0

    def __enter__(self) -> _PeakMemory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(0.02):
            try:
                tree = [self._root, *self._root.children(recursive=True)]
                self.peak = max(self.peak, sum(one.memory_info().rss for one in tree))
            except psutil.Error:  # a process ended between listing and asking
                continue


def import_seconds() -> float:
    """Seconds that `import lpr` takes in a fresh interpreter."""
    return float(_python(_IMPORT))


def steady() -> tuple[float, float]:
    """Resident bytes after a clip, and the share of one core used while nothing comes, per cent."""
    answer = json.loads(_python(_STEADY, str(CLIP)))
    return float(answer["rss"]), float(answer["idle"]) * 100


def stalled() -> float:
    """Share of one core used while a camera is connected but sends nothing, per cent."""
    with tempfile.TemporaryDirectory(prefix="lpr-stalled-") as folder:
        stream = Path(folder) / "camera.ts"
        looped(CLIP, stream, 1)
        return float(json.loads(_python(_STALLED, str(stream)))["share"]) * 100


def throughput(clip: Path = CLIP, loops: int = _LOOPS) -> float:
    """Milliseconds a frame of `lpr run`, every core, decoding and writing events included.

    Raises:
        RuntimeError: it failed, or did not say how long it took.
    """
    with tempfile.TemporaryDirectory(prefix="lpr-throughput-") as folder:
        long = Path(folder) / clip.name
        looped(clip, long, loops)
        kept = {name: value for name, value in environment(pictures.ROOT).items() if name != "LANG"}
        done = subprocess.run(
            [sys.executable, "-m", "lpr", "run", str(long), "--jsonl", "-"],
            capture_output=True,
            text=True,
            env=kept,
            cwd=pictures.ROOT,
            check=False,
        )
    found = _SUMMARY.search(done.stderr)
    if done.returncode or found is None:
        raise RuntimeError(
            f"`lpr run {clip.name}` ended with code {done.returncode}: {done.stderr}"
        )
    return float(found[2]) / int(found[1]) * 1e3


def looped(clip: Path, target: Path, times: int) -> None:
    """Write the clip's packets several times over, as they are, one after the other."""
    with av.open(str(target), "w") as output:
        copy, start = None, 0
        for _ in range(times):
            with av.open(str(clip)) as container:
                stream = container.streams.video[0]
                copy = copy or output.add_stream_from_template(stream)
                end = start
                for packet in container.demux(stream):
                    if packet.dts is None or packet.pts is None:
                        continue
                    packet.dts, packet.pts = packet.dts + start, packet.pts + start
                    end = max(end, packet.pts + (packet.duration or 0))
                    packet.stream = copy
                    output.mux(packet)
                start = end


def wheel_bytes() -> int:
    """Size of the wheel, built as a user's pip builds it."""
    with tempfile.TemporaryDirectory(prefix="lpr-wheel-") as folder:
        subprocess.run(
            [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", folder, "."],
            cwd=pictures.ROOT,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        return next(Path(folder).glob("*.whl")).stat().st_size


def model_bytes() -> dict[str, int]:
    """Size of each shipped network."""
    return {
        path.parent.name: path.stat().st_size
        for path in sorted((pictures.ROOT / "models").glob("*/*.onnx"))
    }


def best(measure: Callable[[], float], times: int) -> float:
    """The lowest of several measurements: a neighbour only ever adds."""
    return min(measure() for _ in range(times))


def _python(code: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        env=environment(pictures.ROOT),
        cwd=pictures.ROOT,
        check=True,
    )
    return done.stdout.strip().splitlines()[-1]
