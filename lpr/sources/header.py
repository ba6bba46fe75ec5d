"""The size of a picture from its first bytes, so that a bomb is refused before it is decoded.

Formats: JPEG (ITU-T T.81 annex B), PNG (ISO/IEC 15948), BMP, WebP (RFC 9649), TIFF 6.0.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_BARE = frozenset(range(0xD0, 0xD9)) | {0x01}
_PICTURE_BRANDS = frozenset(
    (b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis")
)
_VIDEO_STARTS = (b"\x1aE\xdf\xa3", b"FLV\1", b"\0\0\1\xba", b"\0\0\1\xb3", b"0&\xb2u\x8ef\xcf\x11")
"""Matroska and WebM, FLV, MPEG program and video streams, ASF."""
_TIFF_WIDTH, _TIFF_HEIGHT, _TIFF_ORIENTATION = 256, 257, 274


@dataclass(frozen=True, slots=True)
class PictureHeader:
    """What a picture's header says.

    Attributes:
        format: jpeg, png, bmp, webp or tiff.
        width: pixels, before any EXIF rotation.
        height: pixels.
        complete: False where the file's end is surely missing.
    """

    format: str
    width: int
    height: int
    complete: bool = True


def is_picture(start: bytes) -> bool:
    """Whether these first 32 bytes are those of a supported picture."""
    return _format(start) is not None


def is_video(start: bytes) -> bool:
    """Whether these first 400 bytes are those of a common video; False where in doubt."""
    if start[4:8] == b"ftyp":  # HEIC and AVIF are in such files, too
        return start[8:12] not in _PICTURE_BRANDS
    return (
        start.startswith(_VIDEO_STARTS)
        or (start.startswith(b"RIFF") and start[8:12] == b"AVI ")
        or start[4:8] in (b"moov", b"mdat")
        or start[0:377:188] == b"GGG"  # MPEG-TS
        or start[4:389:192] == b"GGG"  # the same with time codes
    )


def read_header(data: bytes) -> PictureHeader | None:
    """Read the header of an encoded picture; None where it is no supported picture or broken."""
    name = _format(data)
    if name is None:
        return None
    reader = {"jpeg": _jpeg, "png": _png, "bmp": _bmp, "webp": _webp, "tiff": _tiff}[name]
    try:
        header = reader(data)
    except (struct.error, IndexError):
        return None
    return header if header and header.width > 0 and header.height > 0 else None


def read_orientation(exif: bytes) -> int:
    """Read the orientation of EXIF data, 1 (upright) to 8; 1 where it is missing or broken."""
    try:
        found = _tiff_values(exif).get(_TIFF_ORIENTATION, 1)
    except (struct.error, IndexError):
        return 1
    return found if 1 <= found <= 8 else 1


def _format(data: bytes) -> str | None:
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if data.startswith(b"BM") and data[6:10] == bytes(4):
        return "bmp"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "webp"
    if data[:4] in (b"II*\0", b"MM\0*"):
        return "tiff"
    return None


def _jpeg(data: bytes) -> PictureHeader | None:
    """Walk the marker segments to the frame header, and on to the scan to look for its end."""
    place, size = 2, (0, 0)
    while True:
        if data[place] != 0xFF:
            return None
        while data[place] == 0xFF:
            place += 1
        marker = data[place]
        place += 1
        if marker in _JPEG_BARE:
            continue
        if marker == 0xD9:
            return None
        (length,) = struct.unpack_from(">H", data, place)
        if marker in _JPEG_FRAMES:
            height, width = struct.unpack_from(">HH", data, place + 3)
            size = (width, height)
        if marker == 0xDA:
            return PictureHeader("jpeg", *size, complete=data.find(b"\xff\xd9", place) >= 0)
        place += length


def _png(data: bytes) -> PictureHeader:
    width, height = struct.unpack_from(">II", data, 16)
    return PictureHeader("png", width, height, complete=data.find(b"IEND", 33) >= 0)


def _bmp(data: bytes) -> PictureHeader:
    offset, header_size = struct.unpack_from("<II", data, 10)
    if header_size == 12:
        width, height = struct.unpack_from("<HH", data, 18)
    else:
        width, height = struct.unpack_from("<ii", data, 18)
    return PictureHeader("bmp", width, abs(height), complete=len(data) > offset)


def _webp(data: bytes) -> PictureHeader | None:
    (riff_size,) = struct.unpack_from("<I", data, 4)
    kind, complete = data[12:16], len(data) >= riff_size + 8
    if kind == b"VP8X":
        width = 1 + int.from_bytes(data[24:27], "little")
        height = 1 + int.from_bytes(data[27:30], "little")
    elif kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    elif kind == b"VP8 ":
        width, height = (value & 0x3FFF for value in struct.unpack_from("<HH", data, 26))
    else:
        return None
    return PictureHeader("webp", width, height, complete=complete)


def _tiff(data: bytes) -> PictureHeader:
    values = _tiff_values(data)
    return PictureHeader("tiff", values.get(_TIFF_WIDTH, 0), values.get(_TIFF_HEIGHT, 0))


def _tiff_values(data: bytes) -> dict[int, int]:
    """The size and orientation in the first directory, as far as they are there."""
    order = "<" if data[:2] == b"II" else ">"
    (place,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, place)
    values = {}
    for entry in range(place + 2, place + 2 + 12 * count, 12):
        tag, kind = struct.unpack_from(order + "HH", data, entry)
        if tag in (_TIFF_WIDTH, _TIFF_HEIGHT, _TIFF_ORIENTATION):
            form = order + ("H" if kind == 3 else "I")
            (values[tag],) = struct.unpack_from(form, data, entry + 8)
    return values
