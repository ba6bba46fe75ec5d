"""A verdict that is unsure at first and sure later opens once, and only on fresh evidence."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from lpr.gate.decision import Action, Reason
from lpr.gate.rig import Rig, passage
from lpr.geometry import Quad
from lpr.track import PlateTracker
from lpr.types import CharCandidates, CropQuality, Detection, EventKind, Reading
from lpr.vote import PlateVoter, VoterOptions

SAYINGS = st.lists(
    st.tuples(
        st.floats(0.85, 0.999),
        st.integers(1, 6),
        st.sampled_from([0.1, 0.1, 0.1, 2.0, 2.1, 9.0]),
        st.sampled_from([0.1, 1.0, 3.5]),
    ),
    min_size=1,
    max_size=8,
)


def test_a_resident_who_was_unsure_is_let_in_when_it_is_sure() -> None:
    rig = Rig()
    unsure = replace(passage(), confidence=0.9)
    assert rig.see(unsure, 100).reason is Reason.LOW_PROBABILITY
    few = replace(passage(kind=EventKind.REVISED), confidence=0.99, agreeing=2)
    assert rig.see(few, 100.5).reason is Reason.FEW_READINGS
    sure = passage(kind=EventKind.REVISED)
    assert rig.see(sure, 101).action is Action.OPEN
    assert rig.see(sure, 200).reason is Reason.ALREADY_OPENED
    assert rig.openings == 1


def test_a_stranger_who_became_sure_stays_outside() -> None:
    rig = Rig()
    rig.see(replace(passage("QQ777QQ"), confidence=0.9), 100)
    assert rig.see(passage("QQ777QQ", kind=EventKind.REVISED), 101).reason is Reason.NOT_LISTED
    assert rig.openings == 0


@settings(max_examples=80, deadline=None)
@given(SAYINGS)
def test_one_opening_at_the_first_sure_and_fresh_saying(
    sayings: list[tuple[float, int, float, float]],
) -> None:
    rig = Rig()
    time, opened = 100.0, 0
    for index, (probability, agreeing, age, gap) in enumerate(sayings):
        time += gap
        kind = EventKind.REVISED if index else EventKind.CONFIRMED
        event = replace(passage(kind=kind), confidence=probability, readings=9)
        event = replace(event, agreeing=agreeing)
        decision = rig.see(event, time, age)
        good = probability >= 0.98 and agreeing >= 3 and age <= 2.0
        assert (decision.action is Action.OPEN) == (good and not opened)
        opened += decision.action is Action.OPEN
        assert rig.openings == opened


def test_the_voter_that_a_gate_gets_lets_a_slow_resident_in() -> None:
    """The first verdict falls due far away; the gate opens when the plate has come near."""
    far = [(0.3, 50.0 + 8 * index, 50.0, 0.3) for index in range(5)]
    near = [(0.2, 90.0 + 6 * index, 54.0 + 4 * index, 0.9) for index in range(14)]
    for mark, reasons in (
        (1.0, [Reason.LOW_PROBABILITY]),
        (0.98, [Reason.LOW_PROBABILITY, Reason.EXACT_MATCH]),
    ):
        voter = PlateVoter(VoterOptions(min_agreeing=3, sure_probability=mark), camera="north")
        rig, tracker, time = Rig(), PlateTracker(), 0.0
        decided: list[Reason] = []
        for index, (step, x, width, confidence) in enumerate(far + near):
            time += step
            found = Detection(Quad.from_box(x, 100, x + width, 100 + width / 4), 0.9)
            tracks = tracker.update([found], time=time)
            for track in tracks:
                if track.detection is not None and voter.wants(track, time=time) > 0:
                    voter.add(track, _reading(confidence, width), frame_index=index, time=time)
            events = voter.collect(tracks, frame_index=index, time=time)
            decided.extend(rig.see(event, 100 + time).reason for event in events)
        assert decided == reasons
        assert rig.openings == len(reasons) - 1


def _reading(confidence: float, width: float) -> Reading:
    text = "AB123CX"
    score = confidence ** (1 / len(text))
    chars = tuple(CharCandidates((char,), (score,)) for char in text)
    return Reading(text, (score,) * len(text), chars, confidence, CropQuality(width, 0.7))
