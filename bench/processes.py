"""What only a fresh process shows: start, import time, memory, idle CPU; and what is shipped."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

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
