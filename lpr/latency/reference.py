"""A fixed piece of work that tells how fast this machine is right now.

Its median duration, taken around each measurement, divides out a slow or busy machine. It mixes
what the engine spends its time on: small float32 matrix products (networks), array passes
(pre-processing) and plain Python (tracking, voting). It never changes: a changed kernel makes
older normalised figures worthless.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from time import perf_counter

import numpy as np
import numpy.typing as npt

ROUNDS = 9
_MATRICES, _SIZE = 48, 64
_PICTURE = (360, 640)
_LOOP = 12_000


class ReferenceWork:
    """Runs the kernel and times it.

    Args:
        clock: returns seconds.
    """

    def __init__(self, *, clock: Callable[[], float] = perf_counter) -> None:
        self._clock = clock
        ramp = np.linspace(-1, 1, _MATRICES * _SIZE * _SIZE, dtype=np.float32)
        self._matrices: npt.NDArray[np.float32] = ramp.reshape(_MATRICES, _SIZE, _SIZE)
        rows, columns = _PICTURE
        grid = np.arange(rows * columns, dtype=np.uint32) * np.uint32(2654435761)
        self._picture = (grid >> np.uint32(24)).astype(np.uint8).reshape(rows, columns)
        self.run()

    def run(self) -> float:
        """Do the work once; returns a checksum, so that nothing of it can be skipped."""
        product = np.matmul(self._matrices, self._matrices)
        grey = self._picture.astype(np.float32) * np.float32(1 / 255)
        blurred = (grey[:, :-2] + 2 * grey[:, 1:-1] + grey[:, 2:]) / 4
        total = 0
        for number in range(_LOOP):
            total += number * 31 & 1023
        return float(product[0, 0, 0]) + float(blurred.mean()) + total

    def measure(self, rounds: int = ROUNDS) -> float:
        """Median seconds of one run over `rounds` runs."""
        durations = []
        for _ in range(rounds):
            started = self._clock()
            self.run()
            durations.append(self._clock() - started)
        return median(durations)
