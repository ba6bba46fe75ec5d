"""One system in a process of its own: paths in, texts and times out, JSON lines.

    PYTHON worker.py NAME

The picture is decoded before the clock starts. Times are CPU time of the whole process on one core.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
from pathlib import Path
from time import process_time

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

import cv2

sys.path.insert(0, str(Path(__file__).resolve().parent))
adapters = importlib.import_module("adapters")  # by its place: `bench` is not installed everywhere


def main() -> None:
    """Answer until standard input ends."""
    answers, sys.stdout = sys.stdout, sys.stderr
    cv2.setNumThreads(1)
    name = sys.argv[1]
    try:
        read = adapters.ADAPTERS[name]()
        first: dict[str, object] = {"bytes": adapters.installed_bytes(name)}
    except Exception as error:  # noqa: BLE001 - a system that does not start is an answer
        first = {"absent": f"{type(error).__name__}: {error}"}
    print(json.dumps(first), file=answers, flush=True)
    if "absent" in first:
        return
    for line in sys.stdin:
        picture = cv2.imread(json.loads(line)["path"], cv2.IMREAD_COLOR)
        started = process_time()
        texts = read(picture)
        answer = {
            "seconds": process_time() - started,
            "texts": texts,
            "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        }
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
