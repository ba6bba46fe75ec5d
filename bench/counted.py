"""Calls each workload once from inside `PyObject_Dir`, for `bench.counters` under callgrind.

Prints a line `counted<TAB>NAME` behind each, in order; a workload that the revision lacks is left
out.
"""

from __future__ import annotations

import argparse
import gc
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path


def main() -> None:
    """Set each workload up, warm it up, and call it once where it is counted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--workloads", type=Path, required=True)
    parser.add_argument("names", nargs="+")
    arguments = parser.parse_args()
    # The worker's own loading, so that both ways see one revision and the same inputs.
    spec = importlib.util.spec_from_file_location("worker", Path(__file__).with_name("worker.py"))
    assert spec is not None and spec.loader is not None
    worker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(worker)
    workloads = worker.prepare(arguments.root, arguments.workloads)
    for name in arguments.names:
        try:
            call = workloads[name]()
            for _ in range(worker.WARM_UP):
                call()
        except Exception as error:  # noqa: BLE001 - an older revision may lack anything
            print(f"{name}: {error}", file=sys.stderr)
            continue
        gc.collect()
        gc.disable()
        dir(_Counted(call))
        gc.enable()
        print(f"counted\t{name}", flush=True)


class _Counted:
    """Calls a workload from inside the C function `PyObject_Dir`, by `dir()` of itself."""

    def __init__(self, call: Callable[[], object]) -> None:
        self._call = call

    def __dir__(self) -> list[str]:
        self._call()
        return []


if __name__ == "__main__":
    main()
