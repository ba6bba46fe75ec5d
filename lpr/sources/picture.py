"""One picture file decoded to upright BGR."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from lpr.errors import ImageError
from lpr.sources.header import PictureHeader, read_header, read_orientation
from lpr.sources.native_stderr import library_lines_kept
from lpr.sources.quiet_opencv import quiet_opencv
from lpr.types import Image

MAX_PIXELS = 128_000_000
"""Larger pictures are refused before decoding: 128 million pixels take 384 MB."""
MAX_BYTES = 512 << 20
_STRIPE = 256

_DAMAGE = re.compile(
    r"(?:Corrupt JPEG data: )?"
    r"(premature end.*|bad Huffman code|bad arithmetic code|found marker.* instead of .*)",
    re.IGNORECASE,
)
"""What libjpeg says where a part of the picture was made up; its other warnings lose nothing."""

_TURNS = {
    2: (False, 1, -1),
    3: (False, -1, -1),
    4: (False, -1, 1),
    5: (True, 1, 1),
    6: (True, 1, -1),
    7: (True, -1, -1),
    8: (True, -1, 1),
}
"""EXIF orientation: whether rows become columns, and the steps along both after that."""

_OTHER_FORMATS = {
    b"ftyphei": "HEIC",
    b"ftypmif": "HEIC",
    b"ftypavi": "AVIF",
    b"ftypjxl": "JPEG XL",
    b"GIF8": "GIF",
    b"%PDF": "PDF",
}


def read_image(path: Path | str, *, max_pixels: int = MAX_PIXELS) -> Image:
    """Read a JPEG, PNG, BMP, WebP or TIFF file.

    EXIF rotation is applied. Grey, palette, CMYK and 16-bit pictures become 8-bit BGR; what is
    transparent in PNG and WebP becomes white. The size is checked in the header, before anything
    is decoded.

    Args:
        path: the file.
        max_pixels: largest width times height that is decoded.

    Returns:
        HxWx3 uint8 BGR, C-contiguous.

    Raises:
        ImageError: missing, empty, too large, of another format, cut short, damaged or broken.
    """
    path = Path(path)
    data = _read(path)
    header = read_header(data)
    if header is None:
        raise ImageError(f"{path}: {_why_no_picture(data)}")
    if header.width * header.height > max_pixels:
        raise ImageError(
            f"{path}: {header.width}x{header.height} pixels are more than the limit of "
            f"{max_pixels / 1e6:g} megapixels; scale the picture down"
        )
    if not header.complete:
        raise ImageError(f"{path}: the {header.format.upper()} file is cut short")
    return _decode(path, data, header)


def _read(path: Path) -> bytes:
    try:
        if path.exists() and not path.is_file():
            raise ImageError(f"{path}: not a regular file")
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise ImageError(
                f"{path}: {size >> 20} MB are more than the limit of {MAX_BYTES >> 20} MB"
            )
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise ImageError(f"{path}: no such file") from error
    except ImageError:
        raise
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise ImageError(f"{path}: cannot be read: {why}") from error
    if not data:
        raise ImageError(f"{path}: the file is empty")
    return data


def _why_no_picture(data: bytes) -> str:
    for mark, name in _OTHER_FORMATS.items():
        if mark in data[:16]:
            return f"{name} files are not supported; convert it to JPEG or PNG"
    return "not a picture that can be read (JPEG, PNG, BMP, WebP and TIFF are)"


def _decode(path: Path, data: bytes, header: PictureHeader) -> Image:
    encoded = np.frombuffer(data, np.uint8)
    alpha = header.format in ("png", "webp") and _has_alpha(data, header)
    with library_lines_kept() as said, quiet_opencv():
        try:
            decoded, orientation = _with_alpha(encoded) if alpha else _opaque(encoded)
        except cv2.error as error:
            raise ImageError(f"{path}: broken {header.format.upper()} data") from error
    if decoded is None or decoded.size == 0:
        raise ImageError(f"{path}: broken {header.format.upper()} data")
    for line in said:
        if damage := _DAMAGE.fullmatch(line):
            raise ImageError(f"{path}: damaged {header.format.upper()} data: {damage[1]}")
    if alpha and decoded.ndim == 2:
        decoded = _level_made_white(decoded, data)
    return np.ascontiguousarray(_turned(_as_bgr(decoded), orientation))


def _opaque(encoded: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[Any] | None, int]:
    """Decode to upright BGR; None where it cannot be."""
    return cv2.imdecode(encoded, cv2.IMREAD_COLOR), 1


def _with_alpha(encoded: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[Any] | None, int]:
    """Decode as stored, and tell the EXIF orientation, which OpenCV then leaves to us."""
    decoded, kinds, metadata = cv2.imdecodeWithMetadata(encoded, flags=cv2.IMREAD_UNCHANGED)
    found = dict(zip(kinds, metadata, strict=True))
    exif = found.get(cv2.IMAGE_METADATA_EXIF)
    return decoded, 1 if exif is None else read_orientation(exif.tobytes())


def _turned(picture: Image, orientation: int) -> Image:
    if orientation == 1:
        return picture
    across, down, along = _TURNS[orientation]
    return (picture.transpose(1, 0, 2) if across else picture)[::down, ::along]


def _has_alpha(data: bytes, header: PictureHeader) -> bool:
    """Whether the picture may have transparent parts; a wrong yes costs nothing but time."""
    if header.format == "png":
        return data[25] in (4, 6) or _transparency(data) is not None
    if header.format == "webp":
        return (data[12:16] == b"VP8X" and bool(data[20] & 0x10)) or (
            data[12:16] == b"VP8L" and bool(data[24] & 0x10)
        )
    return False


def _transparency(data: bytes) -> bytes | None:
    """What a PNG's tRNS chunk says; None where there is none before the picture's data."""
    place = 8
    while place + 8 <= len(data):
        size, kind = int.from_bytes(data[place : place + 4], "big"), data[place + 4 : place + 8]
        if kind in (b"tRNS", b"IDAT"):
            return data[place + 8 : place + 8 + size] if kind == b"tRNS" else None
        place += 12 + size
    return None


def _level_made_white(grey: npt.NDArray[Any], data: bytes) -> npt.NDArray[Any]:
    """Make the one transparent level of a grey PNG white; OpenCV leaves it as it is."""
    level, depth = int.from_bytes((_transparency(data) or b"")[:2], "big"), data[24]
    if depth < 8:  # decoded to 0 to 255
        level = level * 255 // (2**depth - 1)
    return np.where(grey == level, np.iinfo(grey.dtype).max, grey).astype(grey.dtype)


def _as_bgr(decoded: npt.NDArray[Any]) -> Image:
    shift = 8 if decoded.dtype == np.uint16 else 0
    picture: npt.NDArray[np.uint8] = (decoded >> shift).astype(np.uint8) if shift else decoded
    if picture.ndim == 2:
        return np.asarray(cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR), np.uint8)
    return _over_white(picture) if picture.shape[2] == 4 else picture


def _over_white(picture: npt.NDArray[np.uint8]) -> Image:
    """Lay BGRA over white, in stripes: a whole large picture as float would not fit in memory."""
    result = np.empty((*picture.shape[:2], 3), np.uint8)
    for top in range(0, len(picture), _STRIPE):
        stripe = picture[top : top + _STRIPE].astype(np.float32)
        alpha = stripe[:, :, 3:] / 255.0
        mixed = stripe[:, :, :3] * alpha + 255.0 * (1.0 - alpha)
        result[top : top + _STRIPE] = (mixed + 0.5).astype(np.uint8)
    return result
