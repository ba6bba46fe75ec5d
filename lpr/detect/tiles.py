"""Far plates: native-scale looks at parts of a large picture.

A plate 40 pixels wide in a 1080p frame is 13 on the detector's canvas. Stills are looked at whole
and tile by tile. Of a camera's frames most are looked at whole; the others give their run of the
network to a native-scale canvas, which goes where plates were and where something moves, and round
the rest in turn. A frame thus costs one run, whatever its size; the tracker bridges the gaps.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from lpr.detect.detector import OnnxDetector
from lpr.detect.views import Box, native_view, quarter_size, scaled_view, tile_grid, whole_view
from lpr.geometry import Quad
from lpr.types import Detection, Image, Track, TrackState

LARGE = 1.4
"""A picture this many times as large as the canvas shows more at native scale."""
MAX_TILES = 30
"""Beyond it, tiles show the picture reduced; a 20-megapixel still stays a matter of a second."""
FAR_WIDTH = 48.0
"""Canvas pixels; narrower tracks are worth a native-scale look."""
ROOM = 1.1
"""A look at a track shows at least this many times its width and height: plates move, and corners
are found a few per cent beside where they were."""
NATIVE_EVERY = 2
"""One frame of this many is looked at natively while no plate is near..."""
NATIVE_EVERY_NEAR = 4
"""...and one of this many while there is: its looks are worth more."""
THUMB = (96, 64)
"""Width and height of the picture in which movement is seen."""
_STEP = 24
"""Grey levels by which a pixel of it must change to have moved."""


class TiledDetector:
    """For stills: the whole picture and its native-scale tiles, merged.

    Args:
        detector: looks at each canvas.
    """

    def __init__(self, detector: OnnxDetector) -> None:
        self._detector = detector

    def detect(self, image: Image, tracks: Sequence[Track] = ()) -> tuple[Detection, ...]:
        """Return the plates in an HxWx3 uint8 BGR picture, best first.

        What is tracked already makes no difference here.
        """
        width, height = self._detector.canvas_size
        rows, columns = image.shape[:2]
        whole = whole_view(columns, rows, width, height)
        tiles = self._tiles(columns, rows) if max(columns / width, rows / height) > LARGE else []
        close = [scaled_view(box, width, height) for box in tiles]
        return self._detector.detect_views(image, [whole], close=close)

    def _tiles(self, columns: int, rows: int) -> list[Box]:
        width, height = self._detector.canvas_size
        factor = 1.0
        tiles = tile_grid(columns, rows, width, height)
        while len(tiles) > MAX_TILES:
            factor *= 1.25
            tiles = tile_grid(columns, rows, round(width * factor), round(height * factor))
        return tiles


class FarPolicy:
    """Decides which frames of a camera are looked at natively, and where.

    Every second native look goes to the tracks that are small on the whole-frame canvas (up to
    four at once, those unseen for longest first, or one that takes all of a canvas); the others go
    to the tile with the most motion since its last look, times how long ago that was. Depends on
    frames alone, so a clip replays alike.

    Args:
        width: canvas width, pixels.
        height: canvas height, pixels.
    """

    def __init__(self, width: int, height: int) -> None:
        self._width, self._height = width, height
        self._shape = (0, 0)
        self._tiles: list[Box] = []
        self._waited: npt.NDArray[np.float64] = np.zeros(0)
        self._moved: npt.NDArray[np.float64] = np.zeros(0)
        self._sides: npt.NDArray[np.intp] = np.zeros((4, 0), np.intp)
        self._last: npt.NDArray[np.uint8] | None = None
        self._since, self._turn = 0, 0

    def plan(self, image: Image, tracks: Sequence[Track]) -> tuple[Box, ...]:
        """Return the boxes (left, top, right, bottom) to look at natively in place of the whole.

        None on the turns of the whole frame, and never any for small frames.

        Args:
            image: this frame, HxWx3 uint8 BGR.
            tracks: the tracks known before this frame.
        """
        rows, columns = image.shape[:2]
        scale = whole_view(columns, rows, self._width, self._height)[0].scale_x
        if scale * LARGE > 1:
            return ()
        self._observe(image)
        near = any(track.quad.width * scale >= FAR_WIDTH for track in tracks)
        self._since += 1
        if self._since < (NATIVE_EVERY_NEAR if near else NATIVE_EVERY):
            return ()
        self._since = 0
        self._turn += 1
        if self._turn % 2 == 0:
            regions = self._around(tracks, scale, columns, rows)
            if regions:
                return regions
        best = int(np.argmax(self._waited * (0.15 + self._moved)))
        self._waited[best], self._moved[best] = 0.0, 0.0
        return (self._tiles[best],)

    def _observe(self, image: Image) -> None:
        """Age the tiles and note how much each has moved since the last frame."""
        rows, columns = image.shape[:2]
        if self._shape != (rows, columns):
            self._shape = (rows, columns)
            self._tiles = tile_grid(columns, rows, self._width, self._height)
            self._sides = _thumb_sides(self._tiles, columns, rows)
            self._waited = np.ones(len(self._tiles))
            self._moved = np.zeros(len(self._tiles))
            self._last = None
        # All colours are sampled: taking one of them first would copy the whole picture.
        sampled = cv2.resize(image, THUMB, interpolation=cv2.INTER_NEAREST)
        now = np.ascontiguousarray(sampled[:, :, 1])
        self._waited += 1.0
        if self._last is not None:
            changed = cv2.absdiff(now, self._last) > _STEP
            if changed.any():
                moved = np.minimum(1.0, 8.0 * self._shares(changed))
                np.maximum(self._moved, moved, out=self._moved)
        self._last = np.asarray(now, np.uint8)

    def _shares(self, changed: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
        """The share of each tile's thumbnail pixels that have changed."""
        sums = cv2.integral(changed.view(np.uint8))
        left, top, right, bottom = self._sides
        counts = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
        return np.asarray(counts / ((bottom - top) * (right - left)))

    def _around(
        self, tracks: Sequence[Track], scale: float, columns: int, rows: int
    ) -> tuple[Box, ...]:
        whole = self._width, self._height
        wide, high = quarter_size(*whole)
        small = [
            track
            for track in tracks
            if track.quad.width * scale < FAR_WIDTH and _fits(track.quad, *whole)
        ]
        small.sort(key=lambda track: (track.last_seen, track.id))
        if small and not _fits(small[0].quad, wide, high):
            return (_box_around(small[0].quad, *whole, columns, rows),)
        boxes: list[Box] = []
        for track in small:
            if not _fits(track.quad, wide, high):
                continue
            if not any(_contains(box, track.quad) for box in boxes):
                boxes.append(_box_around(track.quad, wide, high, columns, rows))
            if len(boxes) == 4:
                break
        return tuple(boxes)


class CameraDetector:
    """One camera's detector: whole frames, and native-scale looks in between where they are large.

    Keeps state from frame to frame, so every camera needs its own; the network below is shared.

    Args:
        detector: looks at each canvas.
    """

    def __init__(self, detector: OnnxDetector) -> None:
        self._detector = detector
        self.reset()

    def reset(self) -> None:
        """Forget the recording: the next frame begins another one."""
        self._policy = FarPolicy(*self._detector.canvas_size)

    def detect(self, image: Image, tracks: Sequence[Track] = ()) -> tuple[Detection, ...]:
        """Return the plates in this frame (HxWx3 uint8 BGR), best first.

        Args:
            image: the frame.
            tracks: what the tracker knew before this frame.
        """
        width, height = self._detector.canvas_size
        regions = self._policy.plan(image, tracks)
        if not regions:
            return self._detector.detect(image)
        in_view = [track.quad for track in tracks if track.state is TrackState.ACTIVE]
        canvas = native_view(regions, width, height)
        return self._detector.detect_views(image, [], close=[canvas], known=in_view)


def _thumb_sides(tiles: Sequence[Box], columns: int, rows: int) -> npt.NDArray[np.intp]:
    """Left, top, right, bottom (4xN) of what the thumbnail shows of a picture's tiles."""
    wide, high = THUMB
    return np.array(
        [
            [left * wide // columns for left, _, _, _ in tiles],
            [top * high // rows for _, top, _, _ in tiles],
            [-(-right * wide // columns) for _, _, right, _ in tiles],
            [-(-bottom * high // rows) for _, _, _, bottom in tiles],
        ],
        np.intp,
    )


def _fits(quad: Quad, wide: int, high: int) -> bool:
    """Whether a look of that size shows all of a plate, and the plate is not dropped as cut."""
    left, top, right, bottom = quad.box
    return ROOM * (right - left) <= wide and ROOM * (bottom - top) <= high


def _contains(box: Box, quad: Quad) -> bool:
    left, top, right, bottom = quad.box
    return box[0] <= left and box[1] <= top and right <= box[2] and bottom <= box[3]


def _box_around(quad: Quad, wide: int, high: int, columns: int, rows: int) -> Box:
    x, y = quad.center
    left = int(min(max(0, x - wide / 2), max(0, columns - wide)))
    top = int(min(max(0, y - high / 2), max(0, rows - high)))
    return left, top, min(columns, left + wide), min(rows, top + high)
