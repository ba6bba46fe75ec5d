"""Four 720p cameras at 15 frames a second through the real service: `python -m bench.four_cameras`.

The sample clips are laid end to end with pauses, encoded at 15 frames a second and served over RTSP
on loopback; `lpr gate run` watches them for a minute. What is printed is what the service's own
health file says, with the processor time and memory of its processes and the machine's load.

`--seconds 3600 --max-growth 32` is a soak: it fails where memory grows by more than 32 MB between
the first and the last quarter. The clips are at most three minutes long: behind their end the
cameras are lost and found again, which is part of the soak.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import psutil
from av.video.stream import VideoStream

ROOT = Path(__file__).resolve().parents[1]
CLIPS = ("day-approach", "night-infrared", "two-line", "two-plates")
SYSTEM_PYTHON = "/usr/bin/python3"
FPS = 15
LATENCY = 0.3
_WARM_UP = 10.0
_LONGEST_CLIP = 180.0
_SAMPLE_EVERY = 2.0


def make_clip(name: str, target: Path, *, seconds: float, pause: float) -> None:
    """Write a sample again and again, at 15 frames a second, standing still in between."""
    with av.open(str(ROOT / "samples" / f"{name}.mp4")) as container:
        frames = [frame.to_ndarray(format="yuv420p") for frame in container.decode(video=0)]
    played = [frames[int(index * 20 / FPS)] for index in range(len(frames) * FPS // 20)]
    turn = [*[frames[0]] * int(pause * FPS), *played]
    with av.open(str(target), "w") as out:
        stream = out.add_stream("libx264", rate=FPS)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
        stream.codec_context.options = {
            "preset": "ultrafast",
            "crf": "24",
            "x264-params": "bframes=0:keyint=30:scenecut=0:sliced-threads=0",
        }
        for index in range(int(seconds * FPS)):
            frame = av.VideoFrame.from_ndarray(turn[index % len(turn)], "yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, FPS)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write_site(folder: Path, port: int, engine: str) -> None:
    """Write the configuration of a site with four cameras."""
    gates = "".join(
        f'[[gates]]\nname = "gate{number}"\n[[gates.cameras]]\nname = "camera{number}"\n'
        f'source = "rtsp://127.0.0.1:{port}/{number}"\n'
        for number in range(len(CLIPS))
    )
    (folder / "engine.toml").write_text(engine)
    (folder / "gate.toml").write_text(
        f'engine = "engine.toml"\n{gates}[store]\n[service.metrics]\nport = 0\n'
    )


def processor_time(pid: int) -> float:
    """Seconds of processor time of a process and those below it."""
    process = psutil.Process(pid)
    return sum(sum(one.cpu_times()[:2]) for one in (process, *process.children(recursive=True)))


def memory(pid: int) -> float:
    """Memory of a process and those below it, MB; pages that they share count in each."""
    total = 0
    process = psutil.Process(pid)
    for one in (process, *process.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):
            total += one.memory_info().rss
    return total / 1e6


@dataclass(frozen=True)
class Run:
    """What was measured.

    Attributes:
        before: health at the start.
        after: health at the end.
        cores: processor time as a share of a core.
        memory: samples over the run, MB.
    """

    before: dict[str, Any]
    after: dict[str, Any]
    cores: float
    memory: list[float]

    @property
    def growth(self) -> float:
        """Median of the last quarter less that of the first, MB."""
        quarter = max(1, len(self.memory) // 4)
        return statistics.median(self.memory[-quarter:]) - statistics.median(self.memory[:quarter])


def measure(folder: Path, seconds: float) -> Run:
    """Run the service and watch it."""
    service = subprocess.Popen(
        [sys.executable, "-m", "lpr", "gate", "run", str(folder / "gate.toml")],
        stderr=(folder / "log").open("w"),
    )
    try:
        while not _all_online(folder):
            time.sleep(0.2)
        time.sleep(_WARM_UP)
        before, used, started = _health(folder), processor_time(service.pid), time.monotonic()
        samples = [memory(service.pid)]
        while time.monotonic() - started < seconds:
            time.sleep(_SAMPLE_EVERY)
            samples.append(memory(service.pid))
        used = processor_time(service.pid) - used
        return Run(before, _health(folder), used / (time.monotonic() - started), samples)
    finally:
        service.terminate()
        service.wait(30)


def _health(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "health.json").read_text())
    return found


def _all_online(folder: Path) -> bool:
    if not (folder / "health.json").exists():
        return False
    return all(one["state"] == "online" for one in _health(folder)["cameras"])


def main() -> int:
    """Measure and print; exit 1 where a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--pause", type=float, default=10.0, help="seconds between two vehicles")
    parser.add_argument("--engine", default="", help="the engine's configuration, TOML")
    parser.add_argument(
        "--max-growth", type=float, help="MB by which memory may grow; not judged without it"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        length = min(options.seconds + _WARM_UP + 60, _LONGEST_CLIP)
        for number, clip in enumerate(CLIPS):
            target = folder / f"{number}.mp4"
            make_clip(clip, target, seconds=length, pause=options.pause)
        port = free_port()
        write_site(folder, port, options.engine)
        clips = [str(folder / f"{number}.mp4") for number in range(len(CLIPS))]
        server = subprocess.Popen(
            [SYSTEM_PYTHON, str(ROOT / "bench" / "rtsp_server.py"), str(port), *clips],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert server.stdout is not None
            if server.stdout.readline() != "ready\n":
                sys.exit("GStreamer's RTSP server does not start")
            run = measure(folder, options.seconds)
        finally:
            server.kill()
            server.wait()
    missed = report(run.before, run.after, run.cores)
    print(f"memory {run.memory[0]:.0f} to {run.memory[-1]:.0f} MB, grew by {run.growth:.1f} MB")
    if options.max_growth is not None and run.growth > options.max_growth:
        print(f"{options.max_growth:g} MB are allowed")
        missed = 1
    return missed


def report(before: dict[str, Any], after: dict[str, Any], cores: float) -> int:
    """Print the figures; return 1 where the latency is missed."""
    span = after["uptime"] - before["uptime"]
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    print(f"{span:.0f} s, {os.cpu_count()} cores, load {load}; service used {cores:.2f} cores")
    worst = 0.0
    for old, new in zip(before["cameras"], after["cameras"], strict=True):
        looked, dropped, still = (new[key] - old[key] for key in ("looked_at", "dropped", "still"))
        worst = max(worst, new["latency_p95"])
        print(
            f"{new['name']}: {(looked + dropped + still) / span:.1f} pictures a second, "
            f"{looked} looked at, {dropped} dropped, {still} still, {new['losses']} losses, "
            f"latency p50 {1000 * new['latency_p50']:.0f} ms, "
            f"p95 {1000 * new['latency_p95']:.0f} ms"
        )
    for gate in after["gates"]:
        p95 = gate["decision_p95"]
        shown = "none" if p95 is None else f"p95 {1000 * p95:.0f} ms"
        print(f"{gate['name']}: {gate['decisions']} decisions, frame to decision {shown}")
        worst = max(worst, p95 or 0.0)
    print(f"worst p95 {1000 * worst:.0f} ms, {1000 * LATENCY:.0f} ms are allowed")
    return int(worst > LATENCY)


if __name__ == "__main__":
    sys.exit(main())
