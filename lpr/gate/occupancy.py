"""Who is inside which area, as far as the gates have let them in and out."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from lpr.formats.folding import plate_identity
from lpr.gate.direction import Direction


@dataclass(slots=True)
class Occupancy:
    """The plates inside each area, with or without their dots one and the same as in lists.

    Attributes:
        forget_after: seconds after which a plate that never came out counts as gone.
    """

    forget_after: float
    _inside: dict[str, dict[str, float]] = field(default_factory=dict)

    def passed(self, area: str, plate: str, direction: Direction | None, *, time: float) -> None:
        """Take one opening at second `time`; an opening without direction moves nobody."""
        plates, plate = self._inside.setdefault(area, {}), plate_identity(plate)
        if direction is Direction.IN:
            plates[plate] = time
        elif direction is Direction.OUT:
            plates.pop(plate, None)

    def inside(self, area: str, *, time: float) -> AbstractSet[str]:
        """The plates (`plate_identity`) inside an area at second `time`."""
        plates = self._inside.get(area, {})
        for plate in [plate for plate, came in plates.items() if time - came > self.forget_after]:
            del plates[plate]
        return frozenset(plates)
