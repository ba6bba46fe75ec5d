"""What several looks make together, in a vehicle's verdict."""

from __future__ import annotations

import pytest

from lpr.geometry import Quad
from lpr.types import (
    CharCandidates,
    CropQuality,
    Detection,
    EventKind,
    PlateEvent,
    Reading,
    Track,
    TrackState,
)
from lpr.vote import PlateVoter, tabulate

QUALITY = CropQuality(60.0, 0.5)
MISREAD = ("AB128CD", "A8123CD", "AB123CO", "4B123CD", "AB1Z3CD", "AB123C0")
TRUE = "AB123CD"


def _say(text: str, confidence: float, looks: int = 1) -> Reading:
    """A reading; where it is wrong, what is printed comes second."""
    places = [
        CharCandidates((char,), (0.9,))
        if char == true
        else CharCandidates((char, true), (0.5, 0.4))
        for char, true in zip(text, TRUE, strict=True)
    ]
    scores = tuple(place.probs[0] for place in places)
    return Reading(text, scores, tuple(places), confidence, QUALITY, looks)


def _pass_by(
    together: Reading | None, *, step: float = 20.0
) -> tuple[list[PlateEvent], PlateVoter]:
    """Six looks at a plate, each misread in its own way, and what they make together."""
    voter = PlateVoter()
    events: list[PlateEvent] = []
    for number, text in enumerate(MISREAD):
        x, time = step * number, number / 10
        quad = Quad.from_box(x, 50, x + 60, 66)
        found = Detection(quad, 0.9)
        track = Track(1, quad, TrackState.ACTIVE, 0.0, time, number + 1, found)
        voter.add(track, _say(text, 0.15), frame_index=number, time=time)
        if together is not None and number >= 2:
            voter.add(track, together, frame_index=number, time=time)
        events += voter.collect([track], frame_index=number, time=time)
    return events + list(voter.flush(time=0.6)), voter


def test_a_plate_that_every_look_misreads_is_read_from_all_of_them() -> None:
    alone, _ = _pass_by(None)
    assert TRUE not in {event.text for event in alone}
    events, voter = _pass_by(_say(TRUE, 0.97, looks=6))
    verdict = events[0]
    assert (verdict.kind, verdict.text) == (EventKind.CONFIRMED, TRUE)
    # The evidence shown is of a look that there was.
    assert verdict.raw_text in MISREAD
    assert verdict.agreeing <= verdict.readings <= 7
    explanation = voter.explain(1)
    assert explanation is not None
    assert explanation.fused is not None
    assert explanation.fused.looks == 6
    assert explanation.fused.agrees
    readings = tabulate(explanation)[0]
    assert [row[-1] for row in readings.rows] == ["1"] * 6 + ["6"]


def test_what_copies_make_together_weighs_little() -> None:
    """A car that stands still shows the same pixels again and again."""
    weights = []
    for step in (0.0, 20.0):
        _, voter = _pass_by(_say(TRUE, 0.97, looks=6), step=step)
        explanation = voter.explain(1)
        assert explanation is not None
        assert explanation.fused is not None
        weights.append(explanation.fused.weight)
    assert weights[0] < 0.8 * weights[1]


@pytest.mark.parametrize("confidence", [0.3, 0.6, 0.9])
def test_looks_and_what_they_make_together_are_one_piece_of_evidence(confidence: float) -> None:
    _, voter = _pass_by(None)
    alone = voter.explain(1)
    _, voter = _pass_by(_say(TRUE, confidence, looks=6))
    both = voter.explain(1)
    assert alone is not None
    assert both is not None
    assert alone.text == both.text == TRUE
    assert both.probability <= max(alone.probability, confidence) + 0.05
