"""Work that is counted rather than timed: no neighbour can disturb it.

Multiply-accumulates and bytes of the models, crops read per plate, peak bytes allocated per call,
and instructions of the Python and numpy stages under valgrind's callgrind.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.duel import HERE, Worker, environment
from bench.macs import count_macs

_ENTRY = "PyObject_Dir"
_READ = "crops read per plate"
_PEAK, _INSTRUCTIONS = ": peak bytes", ": instructions"
GROWTH = 1.10
"""A counter of the head may be this much of the base's; noise has no part in it."""
_CROPS = """
import sys
import lpr
from lpr.latency.play import play
engine, reads, tracks = lpr.build_engine(camera="bench"), 0, set()
for clip in sys.argv[1:]:
    for frame in play(clip):
        result = engine.process(frame)
        # A revision from before looks were fused has none.
        reads += len(result.readings) + len(getattr(result, "fused", ()))
        tracks |= {(clip, item.track_id) for item in result.readings}
    engine.finish()
print(reads / max(1, len(tracks)))
"""


Counters = dict[str, float]
"""Name of a counter -> its value on one revision."""


@dataclass(frozen=True, slots=True)
class Counter:
    """One counter of both revisions; None where a revision does not have it."""

    name: str
    base: float | None
    head: float | None

    @property
    def grown(self) -> bool:
        """Whether the head does clearly more work, or can no longer do it."""
        if self.base is None:
            return False
        if self.head is None:  # a model may go; what the base counts of clips and workloads stays
            return self.name == _READ or self.name.endswith((_PEAK, _INSTRUCTIONS))
        return self.head > self.base * GROWTH


def count(
    base: Path,
    head: Path,
    workloads: Path,
    names: Sequence[str],
    clips: Sequence[Path] = (),
    *,
    instructions: bool = True,
) -> list[Counter]:
    """Take every counter that the two revisions have.

    Args:
        base: folder of the base.
        head: folder of the head.
        workloads: file with WORKLOADS, run against both.
        names: workloads of Python and numpy only, whose allocations and instructions are counted.
        clips: recordings on which the crops read per plate are counted.
        instructions: whether instructions are counted, the slowest of them by far.
    """
    old, new = (_side(root, workloads, names, clips, instructions) for root in (base, head))
    return [Counter(name, old.get(name), new.get(name)) for name in dict.fromkeys([*old, *new])]


def _side(
    root: Path, workloads: Path, names: Sequence[str], clips: Sequence[Path], deep: bool
) -> Counters:
    counters = model_counters(root)
    counters.update(crops_per_plate(root, clips))
    if names:
        counters.update(allocations(root, workloads, names))
        if deep:
            counters.update(instructions(root, workloads, names))
    return counters


def model_counters(root: Path) -> Counters:
    """Multiply-accumulates (millions, one input) and bytes of each model of a revision."""
    counters: Counters = {}
    for path in sorted((root / "models").glob("*/*.onnx")):
        counters[f"{path.parent.name}: million MACs"] = count_macs(path) / 1e6
        counters[f"{path.parent.name}: bytes"] = float(path.stat().st_size)
    return counters


def crops_per_plate(root: Path, clips: Sequence[Path]) -> Counters:
    """Crops read per track over the clips; empty where the revision cannot run them."""
    if not clips:
        return {}
    done = subprocess.run(
        [sys.executable, "-c", _CROPS, *map(str, clips)],
        capture_output=True,
        text=True,
        env=environment(root),
        check=False,
        cwd=root,
    )
    if done.returncode or not done.stdout.strip():
        return {}
    return {_READ: float(done.stdout)}


def allocations(root: Path, workloads: Path, names: Sequence[str]) -> Counters:
    """Peak bytes that one call of each workload allocates (tracemalloc)."""
    worker = Worker(root, workloads)
    counters: Counters = {}
    try:
        for name in names:
            if "absent" in worker.ask("setup", name=name):
                continue
            answer = worker.ask("allocations", name=name)
            if "bytes" in answer:
                counters[f"{name}{_PEAK}"] = float(answer["bytes"])
    finally:
        worker.stop()
    return counters


def instructions(root: Path, workloads: Path, names: Sequence[str]) -> Counters:
    """Instructions of one call of each workload; empty where valgrind is not installed.

    The workload is called from inside the interpreter's `PyObject_Dir`, which nothing else calls
    then: callgrind counts while that function is on the stack and writes a profile behind each of
    its calls. Those of start-up and imports come first and are left out.
    """
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        return {}
    with tempfile.TemporaryDirectory(prefix="lpr-callgrind-") as folder:
        done = subprocess.run(
            [
                valgrind,
                "--tool=callgrind",
                f"--toggle-collect={_ENTRY}",
                f"--dump-after={_ENTRY}",
                f"--callgrind-out-file={folder}/out",
                sys.executable,
                str(HERE / "counted.py"),
                f"--root={root}",
                f"--workloads={workloads}",
                *names,
            ],
            capture_output=True,
            text=True,
            env=environment(root),
            check=False,
        )
        counted = [line.split("\t")[1] for line in done.stdout.splitlines() if "\t" in line]
        parts = sorted(Path(folder).glob("out.*"), key=lambda path: int(path.suffix[1:]))
        totals = [_total(path) for path in parts[len(parts) - len(counted) :]]
    return {
        f"{name}{_INSTRUCTIONS}": float(total)
        for name, total in zip(counted, totals, strict=False)
        if total is not None
    }


def _total(profile: Path) -> int | None:
    """The instructions of one profile of callgrind."""
    if not profile.is_file():
        return None
    found = re.search(r"^(?:totals|summary): (\d+)", profile.read_text(encoding="utf-8"), re.M)
    return int(found[1]) if found else None
