"""Pictures that `lpr run` was given and that show no passage: `lpr read` is for those."""

from __future__ import annotations

import shlex

from lpr.types import EventKind, FrameResult, Image, PlateEvent


class UnrelatedPictures:
    """Watches whether the pictures of a source look like frames of one camera."""

    def __init__(self) -> None:
        self._pictures = 0
        self._sizes: set[tuple[int, ...]] = set()
        self._looks: dict[int, int] = {}
        self._verdict = False

    def add(self, image: Image, result: FrameResult) -> None:
        """Take a picture and what it brought."""
        self._pictures += 1
        self._sizes.add(image.shape)
        for track in result.tracks:
            self._looks[track.id] = track.hits
        self.add_events(result.events)

    def add_events(self, events: tuple[PlateEvent, ...]) -> None:
        """Take events that came at the end."""
        self._verdict |= any(event.kind is not EventKind.UNREAD for event in events)

    def hint(self, address: str) -> str | None:
        """What to say of the source that they came from; None where they may well be frames."""
        command = f"`lpr read {shlex.quote(address)}` reads single pictures"
        if self._pictures == 1:
            return f"{address}: a single picture, and a verdict takes several looks; {command}"
        if len(self._sizes) > 1:
            return (
                f"{address}: its pictures differ in size, as those of one camera do not; {command}"
            )
        once = sum(looks == 1 for looks in self._looks.values())
        if not self._verdict and once > len(self._looks) / 2:
            return (
                f"{address}: no verdict, which takes several looks, and its plates are seen in "
                f"one picture each; {command}"
            )
        return None
