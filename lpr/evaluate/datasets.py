"""The labelled pictures, plates and clips of a data folder, as typed records.

A data folder holds `scenes/<set>`, `plates/<set>`, `negatives` and `clips`, each with a
`labels.jsonl`. It is found by the environment variable `LPR_DATA`. See `docs/evaluation.md`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np

from lpr.errors import ImageError, SourceError
from lpr.evaluate import labels
from lpr.geometry import Quad
from lpr.types import Image

ENVIRONMENT = "LPR_DATA"
NOT_A_PLATE, DOUBTFUL = "notplate", "doubtful"
"""Notes of labels that figures leave out, or tell apart."""

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class PlateLabel:
    """One labelled plate in a picture.

    Attributes:
        box: upright quad around the plate, picture pixels.
        quad: the exact corners, None where only the box is known.
        text: what stands on it, None where illegible or not transcribed.
        lines: rows of text, None where not labelled.
        note: what is special about it (`doubtful`, `year`, `unreadable`...), "" for nothing.
    """

    box: Quad
    quad: Quad | None
    text: str | None
    lines: int | None
    note: str

    @property
    def shape(self) -> Quad:
        """The corners where known, else the box."""
        return self.quad or self.box


@dataclass(frozen=True, slots=True)
class Scene:
    """One photograph and its plates (none for negatives).

    Attributes:
        where: file and line of its label.
    """

    set: str
    path: Path
    split: str
    plates: tuple[PlateLabel, ...]
    where: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class PlatePicture:
    """One plate cut from a photograph.

    Attributes:
        track: number of the vehicle where several pictures show the same one, else None.
        where: file and line of its label.
    """

    set: str
    path: Path
    split: str
    plate: PlateLabel
    text: str
    track: int | None
    where: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class ClipPlate:
    """One vehicle's plate in a clip.

    Attributes:
        text: what a person reads.
        first_frame: first frame in which it can be read.
        last_frame: last such frame.
    """

    text: str
    first_frame: int
    last_frame: int


@dataclass(frozen=True, slots=True)
class Clip:
    """One clip and the plates that can be read in it.

    Attributes:
        uncertain: texts whose report is neither right nor wrong.
        illegible: how many vehicles show a plate that nobody can read.
        tags: conditions (`night`, `rain`...), for figures by condition.
        regions: codes of the countries of its plates, empty where not labelled.
        where: file and line of its label.
    """

    path: Path
    fps: float
    frames: int
    plates: tuple[ClipPlate, ...]
    uncertain: tuple[str, ...] = ()
    illegible: int = 0
    tags: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    where: str = field(default="", compare=False)


def data_folder(given: Path | None = None) -> Path:
    """The data folder: `given`, else `$LPR_DATA`, else `../shared/data`.

    Raises:
        SourceError: it does not exist.
    """
    folder = given or Path(os.environ.get(ENVIRONMENT, "../shared/data"))
    if not folder.is_dir():
        raise SourceError(f"no data folder at {folder}; set {ENVIRONMENT} or pass its path")
    return folder


def load_scenes(
    data: Path, split: str = "val", sets: Sequence[str] | None = None
) -> tuple[Scene, ...]:
    """Read the labels of `scenes/*`, in the order of sets and lines.

    Args:
        data: the data folder.
        split: train, val or all.
        sets: names of sets; None is all.

    Raises:
        SourceError: a folder or labels file is missing or malformed.
        ValueError: an unknown split.
    """
    return tuple(
        scene
        for name, folder in _sets(data / "scenes", sets)
        for scene in _records(folder, split, partial(_scene, name))
    )


def load_negatives(data: Path, split: str = "val") -> tuple[Scene, ...]:
    """Read the labels of the pictures without plates.

    Raises:
        SourceError: the folder or its labels are missing or malformed.
        ValueError: an unknown split.
    """
    return tuple(_records(data / "negatives", split, _negative))


def load_plates(
    data: Path, split: str = "val", sets: Sequence[str] | None = None
) -> tuple[PlatePicture, ...]:
    """Read the labels of `plates/*`; arguments and errors as of `load_scenes`."""
    return tuple(
        picture
        for name, folder in _sets(data / "plates", sets)
        for picture in _records(folder, split, partial(_picture, name))
        if picture.text
    )


def load_clips(folder: Path) -> tuple[Clip, ...]:
    """Read `labels.jsonl` of a folder of clips.

    Raises:
        SourceError: the labels are missing or malformed.
    """
    return tuple(_records(folder, "all", _clip, "video"))


def require_some(found: Sequence[object], folder: Path, split: str) -> None:
    """Refuse to measure nothing.

    Raises:
        SourceError: nothing was found.
    """
    if not found:
        raise SourceError(f"no labels of split '{split}' in {folder} are of the kind measured here")


def require_videos(clips: Sequence[Clip]) -> None:
    """Find out that a clip is missing before the others are run.

    Raises:
        SourceError: there is no clip, or a clip's video is not there.
    """
    if not clips:
        raise SourceError("no clips: labels.jsonl names none")
    _require_files(clips, "video", "clips")


def require_whole(clip: Clip, frames: int) -> None:
    """Refuse a video that gave fewer frames than its label says: it is cut or damaged.

    What is not seen is never said wrongly: a clip without plates would be entirely right.

    Args:
        clip: the label.
        frames: frames that its video gave; a fiftieth may lack, or two, as files count them.

    Raises:
        SourceError: more of them are missing.
    """
    if clip.frames - frames > max(2, clip.frames / 50):
        raise SourceError(
            f"{clip.where}: frames: the label says {clip.frames}, and {clip.path} gives {frames}: "
            "is it cut or damaged?"
        )


def require_pictures(pictures: Sequence[Scene | PlatePicture]) -> None:
    """Find out that a picture is missing before the others are looked at.

    Raises:
        SourceError: a picture is not there.
    """
    _require_files(pictures, "image", "pictures")


def read_image(path: Path) -> Image:
    """Decode a picture to HxWx3 uint8 BGR.

    Raises:
        ImageError: it cannot be read or decoded.
    """
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise ImageError(f"cannot read {path}: {error.strerror or error}") from error
    image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    if image is None:
        raise ImageError(f"{path} is not a picture that can be decoded")
    return np.asarray(image, np.uint8)


def _require_files(labelled: Sequence[Scene | PlatePicture | Clip], key: str, what: str) -> None:
    missing = [one for one in labelled if not one.path.is_file()]
    if missing:
        first = missing[0]
        raise SourceError(
            f"{first.where}: {key}: {len(missing)} of {len(labelled)} {what} are missing: "
            f"{first.path}"
        )


def _sets(folder: Path, wanted: Sequence[str] | None) -> Iterator[tuple[str, Path]]:
    known = sorted(path.name for path in folder.glob("*") if (path / "labels.jsonl").is_file())
    if not known:
        raise SourceError(f"no labelled sets in {folder}; is this a data folder?")
    # A set that is named twice would count twice.
    for name in known if wanted is None else dict.fromkeys(wanted):
        if name not in known:
            raise SourceError(f"no set {name!r} in {folder}; known: {', '.join(known)}")
        yield name, folder / name


def _records(
    folder: Path, split: str, make: Callable[[Path, str, labels.Row], Record], names: str = "image"
) -> Iterator[Record]:
    """What `make` makes of each row of a split; what it cannot use is named with its line."""
    for where, row in labels.rows(folder, split, names):
        yield labels.parsed(where, row, partial(make, folder, where))


def _scene(name: str, folder: Path, where: str, row: labels.Row) -> Scene:
    path = folder / labels.field(row, "image", labels.text)
    return Scene(name, path, row["split"], labels.each(row, "plates", _plate), where)


def _negative(folder: Path, where: str, row: labels.Row) -> Scene:
    return Scene(
        "negatives", folder / labels.field(row, "image", labels.text), row["split"], (), where
    )


def _picture(name: str, folder: Path, where: str, row: labels.Row) -> PlatePicture:
    if "text" not in row:
        raise KeyError("text")
    plate = _plate(row)
    return PlatePicture(
        set=name,
        path=folder / labels.field(row, "image", labels.text),
        split=row["split"],
        plate=plate,
        text=plate.text or "",
        track=labels.optional(row, "track", labels.integer),
        where=where,
    )


def _plate(row: labels.Row) -> PlateLabel:
    quad = labels.optional(row, "quad", labels.quad)
    around = quad is not None and row.get("box") is None
    return PlateLabel(
        box=Quad.from_box(*quad.box) if quad and around else labels.field(row, "box", labels.box),
        quad=quad,
        text=labels.optional(row, "text", labels.plate_text),
        lines=labels.optional(row, "lines", labels.rows_of_text),
        note=labels.optional(row, "note", labels.text) or "",
    )


def _clip(folder: Path, where: str, row: labels.Row) -> Clip:
    return Clip(
        path=folder / labels.field(row, "video", labels.text),
        fps=labels.field(row, "fps", labels.rate),
        frames=labels.field(row, "frames", labels.integer),
        plates=labels.each(row, "plates", _clip_plate),
        uncertain=labels.field(row, "uncertain", _uncertain),
        illegible=labels.field(row, "illegible", labels.integer, 0),
        tags=labels.field(row, "tags", labels.texts, []),
        regions=labels.field(row, "regions", labels.texts, []),
        where=where,
    )


def _clip_plate(row: labels.Row) -> ClipPlate:
    first = labels.field(row, "first_frame", labels.integer)
    last = labels.field(row, "last_frame", labels.integer)
    if not 0 <= first <= last:
        raise ValueError(f"first_frame: must be from 0 to last_frame ({last}), not {first}")
    return ClipPlate(labels.field(row, "text", labels.plate_text), first, last)


def _uncertain(value: object) -> tuple[str, ...]:
    listed = labels.elements(value)
    return tuple(labels.plate_text(one["text"] if isinstance(one, dict) else one) for one in listed)
