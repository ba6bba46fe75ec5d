"""Single pictures: one plate, several cuts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lpr.geometry import Quad
from lpr.stills import StillReader
from lpr.testing import sure_reading
from lpr.types import CharCandidates, CropQuality, Detection, Image, PlateCrop, Reading, Track
from lpr.vote.prior import no_prior

PICTURE = np.zeros((60, 120, 3), np.uint8)
QUAD = Quad.from_box(20, 20, 80, 40)


class _Detector:
    def __init__(self, count: int = 1, score: float = 0.9) -> None:
        self._count, self._score = count, score

    def detect(self, image: Image, tracks: Sequence[Track] = ()) -> tuple[Detection, ...]:
        return (Detection(QUAD, self._score, 1),) * self._count


class _Cut:
    """Cuts that can be told apart by their brightness; each moves the corners."""

    def __init__(self, brightness: int) -> None:
        self._brightness = brightness

    def rectify(self, image: Image, quad: Quad) -> PlateCrop:
        crop = np.full((48, 160, 3), self._brightness, np.uint8)
        return PlateCrop(
            crop, CropQuality(self._brightness, 1.0), quad.shifted(self._brightness, 0)
        )


class _Reader:
    """Says of each brightness what it was told to."""

    def __init__(self, says: dict[int, Reading]) -> None:
        self._says = says

    def read(self, crops: Sequence[Image]) -> tuple[Reading, ...]:
        return tuple(self._says[int(crop[0, 0, 0])] for crop in crops)


def _stills(says: dict[int, Reading], plates: int = 1) -> StillReader:
    first, *others = (_Cut(brightness) for brightness in says)
    return StillReader(_Detector(plates), _Detector(), first, _Reader(says), no_prior, others)


def test_the_surest_cut_counts_and_the_first_one_places_the_plate() -> None:
    says = {
        1: sure_reading("AB12", probability=0.9),
        2: sure_reading("AB123", probability=0.97),
        3: sure_reading("AB1", probability=0.8),
    }
    plates = _stills(says, plates=2).read(PICTURE)
    assert [plate.reading.text for plate in plates] == ["AB123", "AB123"]
    plate = plates[0]
    assert plate.raw_text == "AB123"
    assert plate.quad == QUAD.shifted(1, 0)
    # The quality says how near to the border these corners lie.
    assert plate.reading.quality == CropQuality(1, 1.0)


def test_cuts_that_disagree_make_less_sure() -> None:
    one = sure_reading("AB123", probability=0.97)
    alone = _stills({1: one}).read(PICTURE)[0].reading.confidence
    agreed = _stills({1: one, 2: one, 3: one}).read(PICTURE)[0].reading.confidence
    other = sure_reading("AB128", probability=0.9)
    doubted = _stills({1: one, 2: other, 3: other}).read(PICTURE)[0].reading.confidence
    assert alone == pytest.approx(one.confidence)
    assert agreed == pytest.approx(alone)
    assert doubted == pytest.approx(alone * (1 + 1 / 3) / 2)


def test_other_texts_are_told_with_what_each_cut_gives_them() -> None:
    doubtful = Reading(
        "AB12O",
        (0.99, 0.99, 0.99, 0.99, 0.6),
        (
            *(CharCandidates((char,), (0.99,)) for char in "AB12"),
            CharCandidates(("O", "0"), (0.6, 0.3)),
        ),
        0.58,
    )
    [plate] = _stills({1: doubtful}).read(PICTURE)
    assert plate.reading.text == "AB12O"
    [other] = plate.alternatives
    assert other.text == "AB120"
    assert other.probability == pytest.approx(0.58 * 0.3 / 0.6)
    longer = sure_reading("AB120X", probability=0.9)
    [plate] = _stills({1: doubtful, 2: longer, 3: longer}).read(PICTURE)
    texts = [one.text for one in plate.alternatives]
    assert texts == ["AB120", "AB120X"]
    told = [plate.reading.confidence, *(one.probability for one in plate.alternatives)]
    assert told == sorted(told, reverse=True)
    assert sum(told) <= 1


@pytest.mark.parametrize("cuts", [1, 2, 7])
def test_alternatives_are_few_and_never_likelier_than_the_text(cuts: int) -> None:
    places = tuple(CharCandidates(("B", "8", "R"), (0.4, 0.35, 0.2)) for _ in range(5))
    says = {1: Reading("BBBBB", (0.4,) * 5, places, 0.3)}
    says |= {cut: sure_reading(f"AB12{cut}", probability=0.75) for cut in range(2, cuts + 1)}
    [plate] = _stills(says).read(PICTURE)
    told = [plate.reading.confidence, *(one.probability for one in plate.alternatives)]
    assert 1 < len(told) <= 6
    assert told == sorted(told, reverse=True)
    assert sum(told) <= 1
    assert plate.reading.text not in [one.text for one in plate.alternatives]


def test_nothing_legible_is_an_answer_that_may_be_the_surest() -> None:
    nothing, guess = Reading("", (), (), 0.95), sure_reading("AB1", probability=0.3)
    plate = _stills({1: guess, 2: nothing}).read(PICTURE)[0]
    assert plate.reading.text == "" and plate.reading.confidence == 0.0
    sure = sure_reading("AB123", probability=0.995)
    assert _stills({1: nothing, 2: sure}).read(PICTURE)[0].reading.text == "AB123"
    assert _stills({1: nothing}).read_crop(PICTURE).region is None


@pytest.mark.parametrize(
    ("score", "text", "probability", "counts"),
    [
        (0.2, "AB123", 0.99, True),
        (0.2, "AB123", 0.5, False),
        (0.2, "AB1", 0.99, False),
        (0.6, "AB123", 0.5, True),
    ],
)
def test_a_doubtful_plate_counts_where_it_is_read_surely(
    score: float, text: str, probability: float, counts: bool
) -> None:
    reader = _Reader({1: sure_reading(text, probability=probability)})
    detector = _Detector(score=score)
    stills = StillReader(detector, detector, _Cut(1), reader, no_prior, sure_score=0.4)
    assert bool(stills.read(PICTURE)) is counts
    assert stills.read_crop(PICTURE).reading.text == text


@pytest.mark.parametrize(
    "image",
    [
        PICTURE.astype(np.float32),
        PICTURE.astype(np.uint16),
        PICTURE.astype(np.int8),
        PICTURE > 0,
        PICTURE[:, :, 0],
        PICTURE.transpose(2, 0, 1),
        np.dstack([PICTURE, PICTURE[:, :, 0]]),
        PICTURE[:0],
        None,
    ],
)
def test_other_pixels_are_refused(image: Any) -> None:
    stills = _stills({1: sure_reading("AB123")})
    for read in (stills.read, stills.read_crop):
        with pytest.raises(ValueError, match="HxWx3 uint8 BGR"):
            read(image)


@pytest.mark.parametrize(
    ("edge", "edge_rows", "believed"),
    [(0.0, 1.0, 0.25), (0.14, 1.0, 0.25), (0.2, 1.0, 0.97), (1.0, 0.4, 0.25), (1.0, 0.6, 0.97)],
)
def test_a_plate_at_the_border_may_lack_a_part_of_its_text(
    edge: float, edge_rows: float, believed: float
) -> None:
    class AtBorder(_Cut):
        def rectify(self, image: Image, quad: Quad) -> PlateCrop:
            crop = super().rectify(image, quad)
            return replace(crop, quality=replace(crop.quality, edge=edge, edge_rows=edge_rows))

    says = {1: sure_reading("AB123", probability=0.97 ** (1 / 5))}
    stills = StillReader(_Detector(), _Detector(), AtBorder(1), _Reader(says), no_prior)
    (plate,) = stills.read(PICTURE)
    assert plate.reading.text == "AB123"
    assert plate.reading.confidence == pytest.approx(believed)
    # Of a picture that is cut around a plate, the plate fills all.
    assert stills.read_crop(PICTURE).reading.confidence == pytest.approx(0.97)


def test_a_surer_cut_does_not_move_a_plate_away_from_the_border() -> None:
    class Cut(_Cut):
        def rectify(self, image: Image, quad: Quad) -> PlateCrop:
            crop = super().rectify(image, quad)
            edge = 0.0 if self._brightness == 1 else 1.0
            return replace(crop, quality=replace(crop.quality, edge=edge))

    says = {1: sure_reading("AB123", probability=0.9), 2: sure_reading("AB128", probability=0.99)}
    stills = StillReader(_Detector(), _Detector(), Cut(1), _Reader(says), no_prior, [Cut(2)])
    (plate,) = stills.read(PICTURE)
    assert plate.reading.text == "AB128"
    assert plate.reading.confidence == 0.25


class _Nothing:
    def detect(self, image: Image, tracks: Sequence[Track] = ()) -> tuple[Detection, ...]:
        return ()


@pytest.mark.parametrize(
    ("size", "text", "probability", "read"),
    [
        ((90, 24), "AB123", 0.97, ["AB123"]),
        ((90, 80), "AB123", 0.97, []),
        ((900, 100), "AB123", 0.97, []),
        ((90, 24), "AB123", 0.9, []),
        ((90, 24), "AB1", 0.97, []),
    ],
)
def test_a_picture_of_a_plates_shape_may_be_one(
    size: tuple[int, int], text: str, probability: float, read: list[str]
) -> None:
    says = {1: sure_reading(text, probability=probability)}
    stills = StillReader(_Nothing(), _Nothing(), _Cut(1), _Reader(says), no_prior)
    plates = stills.read(np.zeros((size[1], size[0], 3), np.uint8))
    assert [plate.reading.text for plate in plates] == read
    assert all(plate.score == plate.reading.confidence for plate in plates)


@pytest.mark.parametrize(
    ("size", "plates", "believed"),
    [
        ((70, 30), 1, 0.97),  # cut around the plate
        ((100, 30), 1, 0.25),  # room on one side only: cut through it
        ((70, 45), 1, 0.25),
        ((200, 300), 1, 0.25),
        ((70, 30), 2, 0.25),
    ],
)
def test_a_plate_that_was_cut_around_is_not_cut_by_the_border(
    size: tuple[int, int], plates: int, believed: float
) -> None:
    class Corner(_Detector):
        def detect(self, image: Image, tracks: Sequence[Track] = ()) -> tuple[Detection, ...]:
            return (Detection(Quad.from_box(5, 5, 65, 25), 0.9, 1),) * self._count

    class AtBorder(_Cut):
        def rectify(self, image: Image, quad: Quad) -> PlateCrop:
            crop = super().rectify(image, quad)
            return replace(crop, quad=quad, quality=replace(crop.quality, edge=0.0))

    says = {0: sure_reading("AB123", probability=0.97 ** (1 / 5))}
    stills = StillReader(Corner(plates), Corner(), AtBorder(0), _Reader(says), no_prior)
    found = stills.read(np.zeros((size[1], size[0], 3), np.uint8))
    assert [one.reading.confidence for one in found] == pytest.approx([believed] * plates)


def test_a_threshold_that_a_user_chose_is_kept_to_in_crops() -> None:
    says = {1: sure_reading("AB123", probability=0.99)}
    stills = StillReader(_Nothing(), _Nothing(), _Cut(1), _Reader(says), no_prior, crops=False)
    assert stills.read(np.zeros((24, 90, 3), np.uint8)) == ()


def test_a_crop_that_a_plate_leaves_on_one_side_is_none() -> None:
    """The detector of pictures saw nothing; that of crops sees what a cut has left of a plate."""
    says = {1: sure_reading("AB123", probability=0.99)}
    stills = StillReader(_Nothing(), _Detector(), _Cut(0), _Reader({0: says[1]}), no_prior)
    assert stills.read(np.zeros((60, 240, 3), np.uint8)) == ()
    assert [one.reading.text for one in stills.read(np.zeros((60, 100, 3), np.uint8))] == ["AB123"]
