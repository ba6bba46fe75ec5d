"""`lpr read --annotate FOLDER`: a copy of each picture with its plates drawn in."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import cv2

from lpr.cli.folder import make_folder
from lpr.cli.free_name import free_file
from lpr.cli.named_pictures import NamedPicture
from lpr.cli.overwrite import keep_from_copies
from lpr.cli.shown import is_readable
from lpr.draw import PlateLabel, annotate_picture
from lpr.errors import OutputError
from lpr.sinks.picture import PicturePlate, PictureResult
from lpr.sources.address import PICTURE_SUFFIXES
from lpr.sources.quiet_opencv import quiet_opencv
from lpr.types import Image

_LIKELY: Final = 0.5
"""From here on a text is drawn as read: it is more likely right than wrong."""
_JPEG: Final = [cv2.IMWRITE_JPEG_QUALITY, 92]
_QUALITY: Final = {
    ".jpg": _JPEG,
    ".jpeg": _JPEG,
    ".jpe": _JPEG,
    ".webp": [cv2.IMWRITE_WEBP_QUALITY, 92],
}
"""Of the formats that lose something; without it WebP would not, and take seconds."""


class AnnotatedCopies:
    """Writes annotated copies under the pictures' own names.

    A picture of a folder keeps its place below it; where two have one name, later ones get a
    number. All places are known and checked before the first picture is read.

    Args:
        folder: where to; made now.
        pictures: all that will come.
        kept: files that no copy may replace, beside the pictures.

    Raises:
        OutputError: the folder cannot be used, or a copy would replace a picture.
    """

    def __init__(
        self,
        folder: Path,
        pictures: Sequence[NamedPicture],
        kept: Iterable[str | Path | None] = (),
    ) -> None:
        self._places = {
            id(picture): folder / name
            for picture, name in zip(pictures, _free_names(pictures), strict=True)
        }
        sources = [picture.path for picture in pictures if picture.trouble is None]
        keep_from_copies([*sources, *kept], folder, self._places.values())
        make_folder(folder)

    def write(self, picture: NamedPicture, image: Image, result: PictureResult) -> Path:
        """Write the copy of one of the pictures; returns its file.

        The file is there whole or not at all.

        Raises:
            OutputError: it cannot be written.
        """
        path = self._places[id(picture)]
        drawn = annotate_picture(image, [(one.quad, _label(one)) for one in result.plates])
        part = path.with_name(f".lpr-{os.getpid()}.part")
        try:
            data = _encoded(path, drawn)
            path.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(data)
            part.replace(path)
        except OutputError:
            raise
        except OSError as error:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
            raise OutputError(f"{path}: cannot be written: {error.strerror}") from error
        return path


def _encoded(path: Path, image: Image) -> bytes:
    suffix = path.suffix.lower()
    try:
        with quiet_opencv():
            encoded, data = cv2.imencode(suffix, image, _QUALITY.get(suffix, []))
    except cv2.error as error:
        raise OutputError(f"{path}: the picture cannot be encoded") from error
    if not encoded:
        raise OutputError(f"{path}: the picture cannot be encoded")
    return data.tobytes()


def _free_names(pictures: Iterable[NamedPicture]) -> list[Path]:
    names, taken = list[Path](), set[str]()
    for picture in pictures:
        name = picture.name
        if name.suffix.lower() not in PICTURE_SUFFIXES:
            name = Path(f"{name}.jpg")
        free = Path(free_file(name, taken))
        taken.add(str(free).casefold())
        names.append(free)
    return names


def _label(plate: PicturePlate) -> PlateLabel:
    text = plate.text if is_readable(plate.text, plate.confidence) else ""
    return PlateLabel(text, plate.confidence, confirmed=plate.confidence >= _LIKELY)
