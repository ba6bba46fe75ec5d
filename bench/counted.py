"""Calls each workload once from inside libc's `lfind`, for `bench.counters` under callgrind.

Prints a line `counted<TAB>NAME` behind each, in order; a workload that the revision lacks is left
out.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path

_COMPARE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)


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
        _inside_lfind(call)
        gc.enable()
        print(f"counted\t{name}", flush=True)


def _inside_lfind(call: Callable[[], object]) -> None:
    def compare(_key: int, _element: int) -> int:
        call()
        return 0

    item, number = ctypes.c_int(0), ctypes.c_size_t(1)
    size = ctypes.c_size_t(ctypes.sizeof(item))
    ctypes.CDLL(None).lfind(
        ctypes.byref(item), ctypes.byref(item), ctypes.byref(number), size, _COMPARE(compare)
    )


if __name__ == "__main__":
    main()
