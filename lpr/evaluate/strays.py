"""Texts that were read where no label is, and second texts of one plate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from lpr.evaluate.datasets import NOT_A_PLATE, PlateLabel, Scene
from lpr.evaluate.failures import Failure
from lpr.evaluate.intervals import Proportion
from lpr.evaluate.report import table
from lpr.geometry import box_iou
from lpr.stills import StillPlate

NO_LABEL, SECOND_TEXT = "no label", "second text"
SURE: Final = 0.9
"""Readings of at least this confidence are reported on their own."""


@dataclass(frozen=True, slots=True)
class Text:
    """One text that was read in a photograph.

    Attributes:
        plate: the reading and where it was.
        label: the labelled plate it is on, None where there is none.
        second: that plate has another text already.
    """

    plate: StillPlate
    label: PlateLabel | None
    second: bool

    @property
    def confidence(self) -> float:
        """That of the reading."""
        return self.plate.reading.confidence


@dataclass(frozen=True, slots=True)
class PictureTexts:
    """Every text read in one photograph but those on what is labelled as no plate."""

    scene: Scene
    texts: tuple[Text, ...]

    @property
    def failures(self) -> Iterator[Failure]:
        """The texts on no label, and the second ones."""
        for text in self.texts:
            if text.label is None or text.second:
                yield Failure(
                    NO_LABEL if text.label is None else SECOND_TEXT,
                    self.scene.path,
                    (text.label.text or "") if text.label else "",
                    text.plate.reading.text,
                    text.confidence,
                    text.label.shape if text.label else None,
                    text.plate.quad,
                )


@dataclass(frozen=True, slots=True)
class StrayRow:
    """Figures of one set.

    Attributes:
        no_label: texts on no label, of all texts.
        sure: the same of the texts with a confidence of 0.9 or more.
        second: second texts of a plate, of all texts.
        pictures: photographs with a text on no label.
    """

    name: str
    no_label: Proportion
    sure: Proportion
    second: Proportion
    pictures: Proportion

    def to_json(self) -> dict[str, object]:
        """All attributes."""
        return {
            "name": self.name,
            "no_label": self.no_label.to_json(),
            "no_label_sure": self.sure.to_json(),
            "second_texts": self.second.to_json(),
            "pictures_with_no_label": self.pictures.to_json(),
        }


def texts_of(
    scene: Scene,
    plates: Sequence[StillPlate],
    matches: dict[int, int],
    iou: float,
    min_confidence: float = 0.0,
) -> PictureTexts:
    """Say of each accepted text of a photograph on which label it is.

    Args:
        scene: the photograph and its labels.
        plates: what was read in it.
        matches: for each label that is found the number of its plate.
        iou: least overlap at which a text is on a label.
        min_confidence: readings below it are not accepted.
    """
    first = {plate: label for label, plate in matches.items()}
    texts = []
    for number, plate in enumerate(plates):
        if not plate.reading.text or plate.reading.confidence < min_confidence:
            continue
        label = scene.plates[first[number]] if number in first else _under(scene, plate, iou)
        if label is None or label.note != NOT_A_PLATE:
            texts.append(Text(plate, label, label is not None and number not in first))
    return PictureTexts(scene, tuple(texts))


def stray_rows(pictures: Sequence[PictureTexts]) -> tuple[StrayRow, ...]:
    """The figures of all pictures, then of each set."""
    sets = sorted({one.scene.set for one in pictures})
    parts = [("all", pictures)]
    parts += [(name, [one for one in pictures if one.scene.set == name]) for name in sets]
    return tuple(_row(name, part) for name, part in parts)


def strays_markdown(rows: Sequence[StrayRow]) -> str:
    """The same for people."""
    header = [
        "set",
        "texts on no label, of all",
        f"of those at {SURE:g} or more",
        "second texts, of all",
        "pictures with a text on no label",
    ]
    return table(
        header,
        [
            # How many there are to look at stands first, as the share is an upper bound only.
            [row.name]
            + [f"{one.hits}: {one}" for one in (row.no_label, row.sure, row.second, row.pictures)]
            for row in rows
        ],
    )


def _under(scene: Scene, plate: StillPlate, iou: float) -> PlateLabel | None:
    """The label that a text lies on which is not the first there."""
    overlaps = [(box_iou(label.box, plate.quad), n) for n, label in enumerate(scene.plates)]
    overlap, number = max(overlaps, default=(0.0, -1))
    return scene.plates[number] if overlap >= iou else None


def _row(name: str, pictures: Sequence[PictureTexts]) -> StrayRow:
    texts = [text for picture in pictures for text in picture.texts]
    sure = [text for text in texts if text.confidence >= SURE]
    return StrayRow(
        name=name,
        no_label=Proportion.of(text.label is None for text in texts),
        sure=Proportion.of(text.label is None for text in sure),
        second=Proportion.of(text.second for text in texts),
        pictures=Proportion.of(any(text.label is None for text in one.texts) for one in pictures),
    )
