"""Decoded video frames turned into upright BGR pictures."""

from __future__ import annotations

from typing import Any, Final, cast

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.video.reformatter import Colorspace, VideoReformatter

from lpr.types import Image

_UNSPECIFIED = 2
_HD_ROWS = 720
_COMB: Final = 12
"""Grey levels by which a row stands out from both of its neighbours where a field has moved."""
_AROUND: Final = (24, 6)
"""Columns, and rows of a field, that are judged together."""
_ALIKE: Final = 0.9
"""Of 371 looks at val plates of 60 to 160 pixels that stand still 327 are read, 329 without any of
this, and of 742 that move 501. At 0.8 they are 323 and 509."""


class FrameConverter:
    """Converts colour and applies the rotation stored with the video.

    It keeps one swscale context: making one per frame costs more than the conversion. Range and
    matrix are the stream's own; where it names no matrix, BT.709 from 720 rows up and BT.601
    below, as players do. One converter serves one thread.
    """

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()
        self._rotation: int | None = None
        self._matrix = (1, 0, 0, 1)

    def convert(self, frame: av.VideoFrame) -> Image:
        """Return the frame as HxWx3 uint8 BGR, upright.

        Raises:
            av.FFmpegError: the pixel format cannot be converted.
        """
        unnamed_hd = frame.colorspace == _UNSPECIFIED and frame.height >= _HD_ROWS
        matrix = Colorspace.ITU709 if unnamed_hd else None
        bgr = self._reformatter.reformat(frame, format="bgr24", src_colorspace=matrix, threads=1)
        upside_down = bgr.planes[0].line_size < 0
        pixels = self._turned_over(bgr) if upside_down else _pixels(bgr)
        if frame.interlaced_frame:
            pixels = without_combs(pixels)
        return _oriented(pixels, self._orientation(frame))

    def _turned_over(self, bgr: av.VideoFrame) -> Image:
        """Return a frame that is stored from its last row up, as Windows' bitmaps are.

        It is the decoder's own, and where its memory begins differs between PyAV's versions. With
        its channels the other way round swscale makes one that begins with its first row.
        """
        rgb = self._reformatter.reformat(bgr, format="rgb24", threads=1)
        return np.ascontiguousarray(_pixels(rgb)[:, :, ::-1])

    def _orientation(self, frame: av.VideoFrame) -> tuple[int, int, int, int]:
        """Look at the side data once: a frame whose side data was read is in a reference cycle."""
        if frame.rotation != self._rotation:
            self._rotation = frame.rotation
            self._matrix = display_matrix(frame)
        return self._matrix


def without_combs(picture: Image) -> Image:
    """Take the second field out of an interlaced picture where it shows another moment.

    A row that lies above or below both of its neighbours in brightness, by far, may be of an edge
    that has moved since the rows beside it were taken: it becomes their mean where, all around,
    neighbours differ more than rows of one field do. In what stands still they differ less, and the
    strokes of characters keep their rows; a line one row high on an even ground may lose it.

    Args:
        picture: HxWx3 uint8 BGR, its rows of two fields by turns.
    """
    if len(picture) < 3:
        return picture
    count = (len(picture) - 1) // 2
    above, below = picture[0 : 2 * count : 2], picture[2 : 2 * count + 1 : 2]
    own = picture[1 : 2 * count : 2]
    mean = cv2.addWeighted(above, 0.5, below, 0.5, 0)
    high = cv2.subtract(own, cv2.max(above, below))
    low = cv2.subtract(cv2.min(above, below), own)
    combed = (cv2.max(high, low).max(axis=2) > _COMB).astype(np.uint8)
    # A comb is as wide as the motion: its neighbours along the row belong to it.
    wide = cv2.dilate(combed, np.ones((1, 3), np.uint8))
    wide[_fields_agree(picture, count)] = 0
    whole = picture.copy()
    whole[1 : 2 * count : 2] = np.where(wide[..., None] > 0, mean, own)
    return whole


def _fields_agree(picture: Image, count: int) -> npt.NDArray[np.bool_]:
    """Where `count` rows of the second field go with those beside them as well as with their own.

    Returns:
        count x W: whether neighbours differ no more than rows that are two apart.
    """
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    above, below = grey[0 : 2 * count : 2], grey[2 : 2 * count + 1 : 2]
    own = grey[1 : 2 * count : 2]
    onward = np.concatenate((own[1:], own[-1:]))
    near = _mean_around(cv2.absdiff(own, above), cv2.absdiff(own, below))
    far = _mean_around(cv2.absdiff(above, below), cv2.absdiff(own, onward))
    return np.asarray(near <= _ALIKE * far, np.bool_)


def _mean_around(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    both = cv2.addWeighted(one, 0.5, other, 0.5, 0, dtype=cv2.CV_32F)
    return np.asarray(cv2.blur(both, _AROUND), np.float32)


def display_matrix(frame: av.VideoFrame) -> tuple[int, int, int, int]:
    """Return the signs (a, b, c, d) of the frame's display matrix; (1, 0, 0, 1) is upright.

    Only the eight ways to turn and mirror a picture by right angles are told apart.
    """
    # By its name: what the iteration gives differs between PyAV's versions.
    item = frame.side_data.get("DISPLAYMATRIX")
    if item is not None:
        values = np.frombuffer(bytes(_buffer(item))[:36], np.int32)
        if values.size == 9:
            a, b, c, d = (int(values[place]) for place in (0, 1, 3, 4))
            if abs(a) >= abs(b):
                return (_sign(a), 0, 0, _sign(d))
            return (0, _sign(b), _sign(c), 0)
    return (1, 0, 0, 1)


def _pixels(packed: av.VideoFrame) -> Image:
    """Return the frame's three channels without the bytes between its rows."""
    plane = packed.planes[0]
    rows = np.frombuffer(_buffer(plane), np.uint8).reshape(packed.height, plane.line_size)
    return rows[:, : packed.width * 3].reshape(packed.height, packed.width, 3)


def _buffer(holder: object) -> memoryview:
    """PyAV's planes and side data give their memory; its type stubs do not say so."""
    return memoryview(cast(bytes, holder))


def _sign(value: int) -> int:
    return -1 if value < 0 else 1


def _oriented(image: Image, matrix: tuple[int, int, int, int]) -> Image:
    """Apply x' = a*x + c*y, y' = b*x + d*y, moved back to positive coordinates."""
    a, b, c, d = matrix
    if (a, b, c, d) == (1, 0, 0, 1):
        return image
    if a == 0:
        image, a, d = image.transpose(1, 0, 2), c, b
    return np.ascontiguousarray(image[:: 1 if d > 0 else -1, :: 1 if a > 0 else -1])
