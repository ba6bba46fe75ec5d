"""One revision's side of a comparison: sets workloads up and times them on demand.

Run as a script with PYTHONPATH at the revision's root. Commands come as JSON lines on standard
input, answers go as JSON lines to standard output. Only the standard library is imported here:
everything else must come from the revision under test.

Times are CPU time of the whole process: a neighbour that gets the core in between adds nothing.
"""

from __future__ import annotations

import argparse
import gc
import importlib.util
import json
import statistics
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

WARM_UP = 3
Workloads = dict[str, Callable[[], Callable[[], object]]]


def main() -> None:
    """Answer commands until standard input ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="the revision's root")
    parser.add_argument("--workloads", type=Path, required=True, help="file with WORKLOADS")
    arguments = parser.parse_args()
    bench = Bench(prepare(arguments.root, arguments.workloads))
    answers = sys.stdout
    sys.stdout = sys.stderr  # what a workload prints must not be taken for an answer
    for line in sys.stdin:
        answer = bench.obey(json.loads(line))
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def prepare(root: Path, workloads: Path) -> Workloads:
    """Make `lpr` mean the revision's, and load the workloads.

    Raises:
        SystemExit: there is no package `lpr` at `root`, or no such file.
    """
    sys.path[0] = str(root)  # in place of the script's own folder
    _only_own_package(root)
    _share_bench(workloads.resolve().parent)
    return load_workloads(workloads)


class Bench:
    """The workloads of one revision.

    Args:
        workloads: name -> function that prepares inputs and returns the call to be timed.
    """

    def __init__(self, workloads: Workloads) -> None:
        self._workloads = workloads
        self._ready: dict[str, Callable[[], object]] = {}

    def obey(self, command: dict[str, Any]) -> dict[str, Any]:
        """Do one command; a failing workload is an answer, not the end of the worker."""
        act: dict[str, Callable[..., dict[str, Any]]] = {
            "setup": self.setup,
            "time": self.time,
            "allocations": self.allocations,
        }
        try:
            return act[command["do"]](**command["with"])
        except Exception as error:  # noqa: BLE001 - an older revision may lack anything
            return {"absent": f"{type(error).__name__}: {error}"}

    def setup(self, name: str) -> dict[str, Any]:
        """Prepare a workload, warm it up and say how many CPU seconds one call takes."""
        call = self._workloads[name]()
        cv2 = sys.modules.get("cv2")
        if cv2 is not None:
            cv2.setNumThreads(1)
        for _ in range(WARM_UP):
            call()
        started = process_time()
        call()
        self._ready[name] = call
        return {"seconds": process_time() - started}

    def time(self, name: str, calls: int) -> dict[str, Any]:
        """The median CPU seconds of `calls` calls."""
        call = self._ready[name]
        gc.collect()
        durations = []
        for _ in range(calls):
            started = process_time()
            call()
            durations.append(process_time() - started)
        return {"seconds": statistics.median(durations)}

    def allocations(self, name: str) -> dict[str, Any]:
        """Peak bytes that one call allocates on top of what it started with."""
        call = self._ready[name]
        gc.collect()
        gc.disable()
        tracemalloc.start()
        try:
            call()  # the tracer's own first-use allocations
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            call()
            peak = tracemalloc.get_traced_memory()[1] - before
        finally:
            tracemalloc.stop()
            gc.enable()
        return {"bytes": peak}


def _only_own_package(root: Path) -> None:
    """Refuse to time a package of another revision."""
    spec = importlib.util.find_spec("lpr")
    if spec is None or spec.origin is None or not Path(spec.origin).is_relative_to(root.resolve()):
        raise SystemExit(f"{root}: holds no package lpr")


def _share_bench(folder: Path) -> None:
    """Make `import bench` mean the folder of the workloads: both sides get the same inputs."""
    init = folder / "__init__.py"
    if init.is_file():
        spec = importlib.util.spec_from_file_location(
            "bench", init, submodule_search_locations=[str(folder)]
        )
        assert spec is not None
        sys.modules["bench"] = importlib.util.module_from_spec(spec)


def load_workloads(path: Path) -> Workloads:
    """The WORKLOADS of a Python file.

    Raises:
        SystemExit: it is no Python file.
    """
    spec = importlib.util.spec_from_file_location("bench_workloads", path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{path}: is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    found: Workloads = module.WORKLOADS
    return found


if __name__ == "__main__":
    main()
