"""Labelled pictures for the detector, decoded once into a memory-mapped cache."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from lpr.errors import TrainingError, did_you_mean
from lpr.evaluate.datasets import NOT_A_PLATE
from lpr.types import Image

EVALUATION_ONLY = frozenset({"cn-easypr"})
BACKGROUND_TRUST: Mapping[str, float] = {"india-moto-helmet": 0.1, "ro-night": 0.6, "thai-v2": 0.6}
"""How much an unlabelled place of a set's pictures counts as background (1 elsewhere): these sets
leave many plates in the distance unlabelled."""
LOOSE_SETS = frozenset({"mixed-openlpr"})
NEGATIVES = "negatives"


_NAMES_A_VEHICLE = 4
"""Characters; shorter texts are those of many vehicles."""


@dataclass(frozen=True, slots=True, eq=False)
class PlateLabel:
    """One labelled plate.

    Attributes:
        quad: 4 x 2 float32, picture pixels, clockwise from the text's top left; for a plate that
            is known by its box only, the box's corners.
        exact: the corners are the plate's own; otherwise only their extent is.
        slack: by how much a side of the extent may lie outside the plate, in shares of the root of
            its area; 0 for tight boxes.
        lines: 1, 2, or 0 where unknown.
        ignore: something that is neither plate nor background.
    """

    quad: npt.NDArray[np.float32]
    exact: bool
    slack: float = 0.0
    lines: int = 0
    ignore: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class LabelledPicture:
    """One picture's labels and where its pixels are."""

    dataset: str
    path: Path
    height: int
    width: int
    plates: tuple[PlateLabel, ...]
    trust: float = 1.0
    mistaken: tuple[npt.NDArray[np.float32], ...] = ()
    """Places (4 x 2 float32) that a former detector took for plates; shown more often."""


def read_labels(root: Path, split: str, left_out: Sequence[str] = ()) -> list[LabelledPicture]:
    """Read the labels of `scenes/*` and `negatives` below the shared data folder.

    Args:
        root: the shared data folder.
        split: "train" or "val"; evaluation-only sets never appear in "train", nor do pictures with
            a plate whose text a "val" picture of these sets shows: it is the same vehicle.
        left_out: names of sets that are not wanted.

    Raises:
        TrainingError: there is no labelled picture, or no set of a name to leave out.
    """
    folders = [*sorted((root / "scenes").glob("*")), root / NEGATIVES]
    sets = [folder for folder in folders if (folder / "labels.jsonl").is_file()]
    names = [folder.name for folder in sets]
    for name in left_out:
        if name not in names:
            raise TrainingError(
                f"no set {name!r} in {root} to leave out{did_you_mean(name, names)}; "
                f"there are {', '.join(names) or 'none'}"
            )
    training = split == "train"
    barred = {*left_out, *(EVALUATION_ONLY if training else ())}
    rows = {folder: _rows(folder) for folder in sets if folder.name not in barred}
    held_out = _texts(row for some in rows.values() for row in some if row["split"] == "val")
    pictures = [
        _picture(folder, row)
        for folder, some in rows.items()
        for row in some
        if row["split"] == split and not (training and held_out & _texts([row]))
    ]
    if not pictures:
        raise TrainingError(
            f"{root}: no labelled {split} pictures; set LPR_DATA to the data folder"
        )
    return pictures


def label_files(root: Path) -> list[Path]:
    """The label files of all sets below the shared data folder, sorted."""
    return [*sorted((root / "scenes").glob("*/labels.jsonl")), root / NEGATIVES / "labels.jsonl"]


def _rows(folder: Path) -> list[Mapping[str, Any]]:
    lines = (folder / "labels.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def _texts(rows: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """What the plates of pictures say, where that names a vehicle."""
    texts = (plate.get("text") or "" for row in rows for plate in row["plates"])
    return frozenset(text for text in texts if len(text) >= _NAMES_A_VEHICLE)


def _picture(folder: Path, row: Mapping[str, Any]) -> LabelledPicture:
    return LabelledPicture(
        folder.name,
        folder / row["image"],
        int(row["height"]),
        int(row["width"]),
        tuple(_plate(folder.name, plate) for plate in row["plates"]),
        BACKGROUND_TRUST.get(folder.name, 1.0),
    )


def _plate(dataset: str, row: Mapping[str, Any]) -> PlateLabel:
    x0, y0, x1, y1 = row["box"]
    corners = row.get("quad") or [[x0, y0], [x1, y0], [x1, y1], [x0, y1]]
    return PlateLabel(
        np.array(corners, np.float32),
        exact=bool(row.get("quad")),
        slack=0.2 if dataset in LOOSE_SETS else 0.0,
        lines=int(row.get("lines") or 0),
        ignore=row.get("note") == NOT_A_PLATE,
    )


def with_quads(
    pictures: Sequence[LabelledPicture], quads: Mapping[str, Sequence[Sequence[Any]]]
) -> list[LabelledPicture]:
    """Replace boxes by corners found later.

    Args:
        pictures: the labels.
        quads: `set/file name` -> one entry per plate, four (x, y) pairs or None to leave it.
    """
    result = []
    for picture in pictures:
        found = quads.get(f"{picture.dataset}/{picture.path.name}")
        plates = picture.plates
        if found is not None:
            pairs = zip(plates, found, strict=True)
            plates = tuple(
                plate
                if corners is None
                else replace(plate, quad=np.array(corners, np.float32), exact=True, slack=0.0)
                for plate, corners in pairs
            )
        result.append(replace(picture, plates=plates))
    return result


def with_mined(
    pictures: Sequence[LabelledPicture], mined: Mapping[str, Mapping[str, Any]]
) -> list[LabelledPicture]:
    """Add what looking at a former detector's finds has shown.

    Args:
        pictures: the labels.
        mined: `set/file name` -> `found`: quads of whole plates without a label, which count as
            labelled boxes; `plates`: cut, doubtful or illegible ones, which are neither plate nor
            background; `hard`: places that were wrongly taken for plates.
    """
    result = []
    for picture in pictures:
        found = mined.get(f"{picture.dataset}/{picture.path.name}")
        if found is not None:
            unlabelled = tuple(
                PlateLabel(np.array(quad, np.float32), exact=False, ignore=kind == "plates")
                for kind in ("plates", "found")
                for quad in found.get(kind, ())
            )
            hard = tuple(np.array(quad, np.float32) for quad in found.get("hard", ()))
            picture = replace(picture, plates=picture.plates + unlabelled, mistaken=hard)
        result.append(picture)
    return result


@dataclass(slots=True, eq=False)
class PictureCache:
    """Decoded pictures in one flat file: a crop touches only the pages it needs.

    Build it with `build_cache`; it can be sent to another process.
    """

    path: Path
    offsets: dict[str, tuple[int, int, int]]
    _data: npt.NDArray[np.uint8] | None = field(default=None, repr=False)

    def image(self, picture: Path) -> Image:
        """The HxWx3 uint8 BGR pixels of one picture, read-only."""
        if self._data is None:
            self._data = np.memmap(self.path, np.uint8, mode="r")
        start, rows, columns = self.offsets[str(picture)]
        return self._data[start : start + rows * columns * 3].reshape(rows, columns, 3)

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "offsets": self.offsets}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.path, self.offsets, self._data = state["path"], state["offsets"], None


def build_cache(pictures: Sequence[LabelledPicture], folder: Path) -> PictureCache:
    """Decode the pictures into `folder`, or open the cache that is there already.

    Raises:
        TrainingError: a picture cannot be decoded or has another size than its label says.
    """
    index, pixels = folder / "pictures.json", folder / "pictures.bin"
    wanted = {str(picture.path) for picture in pictures}
    if index.is_file():
        offsets = {key: tuple(value) for key, value in json.loads(index.read_text()).items()}
        if wanted <= offsets.keys():
            return PictureCache(pixels, offsets)
    folder.mkdir(parents=True, exist_ok=True)
    # A stop on the way must not leave the old index over new pixels.
    index.unlink(missing_ok=True)
    offsets, position = {}, 0
    with pixels.open("wb") as out:
        for picture in pictures:
            image = cv2.imread(str(picture.path), cv2.IMREAD_COLOR)
            if image is None or image.shape[:2] != (picture.height, picture.width):
                raise TrainingError(f"{picture.path}: not the picture that its label describes")
            out.write(np.ascontiguousarray(image).data)
            offsets[str(picture.path)] = (position, *image.shape[:2])
            position += image.size
    index.write_text(json.dumps(offsets))
    return PictureCache(pixels, offsets)
