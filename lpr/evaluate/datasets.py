"""The labelled pictures, plates and clips of a data folder, as typed records.

A data folder holds `scenes/<set>`, `plates/<set>`, `negatives` and `clips`, each with a
`labels.jsonl`. It is found by the environment variable `LPR_DATA`. See `docs/evaluation.md`.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import cv2
import numpy as np

from lpr.errors import ImageError, SourceError
from lpr.geometry import Quad
from lpr.types import Image

ENVIRONMENT = "LPR_DATA"
SPLITS = ("train", "val", "all")
NOT_A_PLATE = "notplate"

Row = Mapping[str, Any]
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
    """One photograph and its plates (none for negatives)."""

    set: str
    path: Path
    split: str
    plates: tuple[PlateLabel, ...]


@dataclass(frozen=True, slots=True)
class PlatePicture:
    """One plate cut from a photograph.

    Attributes:
        track: number of the vehicle where several pictures show the same one, else None.
    """

    set: str
    path: Path
    split: str
    plate: PlateLabel
    text: str
    track: int | None


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
    """

    path: Path
    fps: float
    frames: int
    plates: tuple[ClipPlate, ...]
    uncertain: tuple[str, ...] = ()
    illegible: int = 0
    tags: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()


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
    return tuple(_records(folder, "all", _clip))


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
    missing = [str(clip.path) for clip in clips if not clip.path.is_file()]
    if missing:
        raise SourceError(f"{len(missing)} of {len(clips)} clips are missing: {missing[0]}")


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


def _sets(folder: Path, wanted: Sequence[str] | None) -> Iterator[tuple[str, Path]]:
    known = sorted(path.name for path in folder.glob("*") if (path / "labels.jsonl").is_file())
    if not known:
        raise SourceError(f"no labelled sets in {folder}; is this a data folder?")
    for name in known if wanted is None else wanted:
        if name not in known:
            raise SourceError(f"no set {name!r} in {folder}; known: {', '.join(known)}")
        yield name, folder / name


def _records(folder: Path, split: str, make: Callable[[Path, Row], Record]) -> Iterator[Record]:
    """What `make` makes of each row of a split; what it cannot use is named with its line."""
    for where, row in _rows(folder, split):
        try:
            record = make(folder, row)
        except KeyError as error:
            raise SourceError(f"{where}: lacks {error}") from error
        except (TypeError, ValueError, AttributeError, OverflowError) as error:
            raise SourceError(f"{where}: wrong label: {error}") from error
        yield record


def _rows(folder: Path, split: str) -> Iterator[tuple[str, Row]]:
    """The rows of a split, each with its file and line."""
    if split not in SPLITS:
        raise ValueError(f"unknown split {split!r}; known: {', '.join(SPLITS)}")
    path = folder / "labels.jsonl"
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error.strerror or error}") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise SourceError(f"{path}:{number}: is not JSON: {error}") from error
        if not isinstance(row, dict):
            raise SourceError(f"{path}:{number}: must be a JSON object")
        if split in ("all", row.get("split")):
            yield f"{path}:{number}", row


def _scene(name: str, folder: Path, row: Row) -> Scene:
    plates = tuple(_plate(one) for one in row["plates"])
    return Scene(name, folder / row["image"], row["split"], plates)


def _negative(folder: Path, row: Row) -> Scene:
    return Scene("negatives", folder / row["image"], row["split"], ())


def _picture(name: str, folder: Path, row: Row) -> PlatePicture:
    plate, text = _plate(row), row["text"] or ""
    return PlatePicture(name, folder / row["image"], row["split"], plate, text, row.get("track"))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError(f"{value!r} is no list of texts")
    return tuple(_text(one) for one in value)


def _lines(value: object) -> int | None:
    if value is None or (type(value) is int and value in (1, 2)):
        return value
    raise ValueError(f"lines must be 1 or 2, not {value!r}")


def _plate(row: Row) -> PlateLabel:
    quad = row.get("quad")
    return PlateLabel(
        box=Quad.from_box(*map(float, row["box"])),
        quad=Quad.from_points(quad) if quad else None,
        text=_text(row["text"]) if row.get("text") else None,
        lines=_lines(row.get("lines")),
        note=row.get("note") or "",
    )


def _clip(folder: Path, row: Row) -> Clip:
    uncertain = [one["text"] if isinstance(one, dict) else str(one) for one in row["uncertain"]]
    fps = float(row["fps"])
    if not 0 < fps < math.inf:
        raise ValueError(f"fps must be more than 0 and finite, not {fps}")
    return Clip(
        path=folder / row["video"],
        fps=fps,
        frames=int(row["frames"]),
        plates=tuple(
            ClipPlate(_text(one["text"]), int(one["first_frame"]), int(one["last_frame"]))
            for one in row["plates"]
        ),
        uncertain=tuple(uncertain),
        illegible=int(row.get("illegible", 0)),
        tags=_texts(row.get("tags", [])),
        regions=_texts(row.get("regions", [])),
    )
