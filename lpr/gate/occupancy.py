"""Who is inside which area, as far as the gates have let them in and out."""

from __future__ import annotations

import math
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final

from lpr.formats.folding import plate_identity
from lpr.gate.direction import Direction

_MOST_REMEMBERED: Final = 10_000


@dataclass(slots=True)
class Occupancy:
    """The plates inside each area, with or without their dots one and the same as in lists.

    Attributes:
        forget_after: seconds after which a plate that never came out counts as gone. It may have
            been parked for longer, so it may come out all the same.
    """

    forget_after: float
    _came: dict[str, dict[str, float]] = field(default_factory=dict)

    def passed(self, area: str, plate: str, direction: Direction | None, *, time: float) -> None:
        """Take one opening at second `time`; an opening without direction moves nobody."""
        if direction is Direction.IN:
            self._put(area, plate, time)
        elif direction is Direction.OUT:
            self._came.get(area, {}).pop(plate_identity(plate), None)

    def failed(self, area: str, plate: str, direction: Direction | None) -> None:
        """Take an opening back of which the barrier did not take the pulse: nobody knows."""
        if direction is not None:
            self._put(area, plate, -math.inf)

    def inside(self, area: str, *, time: float) -> AbstractSet[str]:
        """The plates (`plate_identity`) inside an area at second `time`."""
        return self._since(area, time, forgotten=False)

    def forgotten(self, area: str, *, time: float) -> AbstractSet[str]:
        """The plates that count as gone but were not seen to go."""
        return self._since(area, time, forgotten=True)

    def _since(self, area: str, time: float, *, forgotten: bool) -> AbstractSet[str]:
        return frozenset(
            plate
            for plate, came in self._came.get(area, {}).items()
            if (time - came > self.forget_after) == forgotten
        )

    def _put(self, area: str, plate: str, time: float) -> None:
        plates, plate = self._came.setdefault(area, {}), plate_identity(plate)
        plates.pop(plate, None)
        plates[plate] = time
        if len(plates) > _MOST_REMEMBERED:
            del plates[next(iter(plates))]
