"""The picture of the best look at a plate, as the store keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from lpr.errors import ConfigError
from lpr.types import Image

PictureFormat = Literal["png", "jpeg", "webp"]

MAX_BYTES: Final = 4 * 1024 * 1024
"""A crop of a plate has some ten thousand."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An encoded picture.

    Attributes:
        data: a PNG, JPEG or WebP file.
    """

    data: bytes

    def __post_init__(self) -> None:
        """Check what it is.

        Raises:
            ConfigError: neither PNG, JPEG nor WebP, or larger than 4 MiB.
        """
        if len(self.data) > MAX_BYTES:
            raise ConfigError(f"a picture of {len(self.data)} bytes is too large; {MAX_BYTES} fit")
        if _format(self.data) is None:
            raise ConfigError("a picture must be PNG, JPEG or WebP")

    @property
    def format(self) -> PictureFormat:
        """What its first bytes say it is."""
        found = _format(self.data)
        assert found is not None
        return found

    @property
    def mime(self) -> str:
        """Its media type, for example `image/jpeg`."""
        return f"image/{self.format}"

    @classmethod
    def encode(cls, image: Image, kind: PictureFormat = "jpeg") -> Picture:
        """Encode an HxWx3 uint8 BGR picture; JPEG and WebP at quality 90.

        Raises:
            ConfigError: it cannot be encoded, or is larger than 4 MiB.
        """
        # Only encoding needs OpenCV: whoever names a picture, as the gate does, loads none.
        import cv2

        quality = {
            "jpeg": [cv2.IMWRITE_JPEG_QUALITY, 90],
            "webp": [cv2.IMWRITE_WEBP_QUALITY, 90],
            "png": [],
        }[kind]
        try:
            done, data = cv2.imencode(f".{kind}", image, quality)
        except cv2.error as error:
            raise ConfigError(f"a picture cannot be encoded as {kind}: {error.err}") from error
        if not done:
            raise ConfigError(f"a picture cannot be encoded as {kind}")
        return cls(data.tobytes())


def _format(data: bytes) -> PictureFormat | None:
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    return None
