from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from lpr.errors import GateError, SourceError
from lpr.gate.build import format_check
from lpr.gate.config import GateConfig
from lpr.gate.confusion import ConfusionMatrix, count_confusions, default_confusions
from lpr.gate.decision import Reason
from lpr.gate.fakes import plain_list, sure_event
from lpr.gate.plate_list import PlateList
from lpr.gate.policy import GatePolicy
from lpr.gate.schedule import parse_schedule
from lpr.gate.share import Share
from lpr.gate.simulate import read_events, simulate
from lpr.gate.simulate_unlisted import simulate_unlisted, worst_pairs
from lpr.sinks.wire import event_to_json, to_line
from lpr.types import EventKind, PlateEvent

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
PLATES = plain_list(["AB123CX", "EF456GH"])
CONFIG = GateConfig.model_validate(
    {"armed": True, "gates": [{"name": "main", "cameras": ["north"]}]}
)


def at(time: float, text: str, track: int) -> PlateEvent:
    return sure_event(text, track_id=track, first_seen=time - 1, time=time)


def german_list(count: int, seed: int = 1) -> PlateList:
    """Plates of Berlin-like shape: B, two letters, four digits."""
    rng = np.random.default_rng(seed)
    letters = np.array(list("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    plates: set[str] = set()
    while len(plates) < count:
        plates.add("B" + "".join(rng.choice(letters, 2)) + str(rng.integers(1000, 10000)))
    return plain_list(sorted(plates))


def test_a_recording_says_what_would_have_happened() -> None:
    events = [
        at(200.0, "QQ777QQ", 3),
        at(10.0, "AB123CX", 1),
        at(100.0, "EF456GH", 2),
        replace(at(101.0, "EF456GH", 2), kind=EventKind.DEPARTED),
        at(300.0, "EF456GH", 4),
        at(400.0, "AB123CY", 5),
    ]
    labels = {
        ("north", 1): "AB123CX",
        ("north", 2): "EF456GH",
        ("north", 3): "QQ777QQ",
        ("north", 4): "EF466GH",
        ("north", 5): "AB123CX",
    }
    report = simulate(CONFIG, PLATES, events, start=START, latency=0.1, labels=labels)
    assert report.records[0].decision.text == "AB123CX"
    assert report.passages == 5
    assert report.opened == 3
    assert report.reasons[Reason.DRY_RUN] == 3
    assert report.false_opens == Share(1, 2), "track 4 is read as a resident's plate"
    assert report.false_rejects == Share(1, 3), "track 5 is a resident who was misread"


def test_without_labels_no_figures() -> None:
    report = simulate(CONFIG, PLATES, [at(10, "AB123CX", 1)], start=START)
    assert report.false_opens is None
    assert report.false_rejects is None


def test_a_resident_out_of_hours_is_a_stranger() -> None:
    entry = replace(PLATES.match("AB123CX").exact[0], schedule=parse_schedule("Sun 00:00-24:00"))
    plates = PlateList([entry], PLATES.confusables)
    labels = {("north", 1): "AB123CX"}
    report = simulate(CONFIG, plates, [at(10, "AB123CX", 1)], start=START, labels=labels)
    assert report.false_opens == Share(0, 1)
    assert report.false_rejects == Share(0, 0)


def test_the_start_needs_a_time_zone() -> None:
    with pytest.raises(GateError):
        simulate(CONFIG, PLATES, [], start=datetime(2026, 1, 1))


def test_recorded_events_are_read_as_they_were_written() -> None:
    event = at(10.5, "AB123CX", 1)
    line = to_line(event_to_json(event, source="gate.mp4"))
    assert read_events([line, "\n"]) == (event,)
    with pytest.raises(SourceError, match="events, line 2"):
        read_events([line, "{}"])


def test_unlisted_plates_do_not_open_but_by_an_exact_misreading() -> None:
    plates = german_list(200)
    fits = format_check(("de",))
    rng = np.random.default_rng(2)
    report = simulate_unlisted(
        plates, 1500, default_confusions(), rng, policy=GatePolicy(), fits_format=fits
    )
    assert report.misread.count > 200
    assert report.other_opens.count == 0


@pytest.mark.parametrize(("mistaken", "opens"), [(0.02, True), (0.5, False)])
def test_the_rule_judges_by_the_rates_of_the_simulated_reader(mistaken: float, opens: bool) -> None:
    # There are two plates. The reader takes the Q of the one for an O, and now and then the C of
    # the stranger: where that is rare, an O means Q.
    rates = {"Q": {"O": 0.999}, "C": {"O": mistaken}}
    report = simulate_unlisted(
        plain_list(["AQ1"]),
        1000,
        ConfusionMatrix(rates, "a test", 10**6, PLATES.confusables),
        np.random.default_rng(7),
        policy=GatePolicy(),
        fits_format=lambda text: text in ("AQ1", "AC1"),
        neighbours=1.0,
    )
    assert report.misread.count > 0
    assert (report.other_opens.count > 0) == opens


def test_plates_one_character_off_show_what_no_rule_can_avoid() -> None:
    one_way = count_confusions([("C", "C"), ("C", "X")], source="", classes=PLATES.confusables)
    report = simulate_unlisted(
        plain_list(["XXX"]),
        500,
        one_way,
        np.random.default_rng(2),
        policy=GatePolicy(confusable_match="never"),
        neighbours=1.0,
    )
    # One in 25 neighbours has the C, and half of these are read as the listed plate.
    assert 2 <= report.exact_opens.count <= 25
    assert report.other_opens.count == 0


def test_a_reader_without_errors_opens_for_nobody() -> None:
    perfect = ConfusionMatrix({}, "none", 0, default_confusions().classes)
    for mode, fits in (("only_plate", format_check(("de",))), ("never", None)):
        report = simulate_unlisted(
            german_list(50),
            300,
            perfect,
            np.random.default_rng(3),
            policy=GatePolicy.model_validate({"confusable_match": mode}),
            fits_format=fits,
            neighbours=1.0,
        )
        assert report.misread.count == report.exact_opens.count == report.other_opens.count == 0


def test_the_loose_rule_is_seen_to_open() -> None:
    # O, D and Q are one class: the loose rule cannot tell such plates apart.
    matrix = count_confusions([("O", "O")], source="", classes=default_confusions().classes)
    report = simulate_unlisted(
        plain_list(["OOOOO"]),
        2000,
        matrix,
        np.random.default_rng(4),
        policy=GatePolicy(confusable_match="only_entry"),
        neighbours=1.0,
    )
    assert report.other_opens.count > 0


def test_limits_of_entries_do_not_hide_anything() -> None:
    entry = replace(PLATES.match("AB123CX").exact[0], schedule=parse_schedule("Sun 03:00-03:01"))
    always = count_confusions([("Y", "X")], source="", classes=PLATES.confusables)
    report = simulate_unlisted(
        PlateList([entry], PLATES.confusables),
        300,
        always,
        np.random.default_rng(5),
        policy=GatePolicy(),
        neighbours=1.0,
    )
    assert report.exact_opens.count > 0


def test_an_empty_list_or_impossible_shapes_are_refused() -> None:
    rng = np.random.default_rng(6)
    with pytest.raises(GateError, match="no allow entry"):
        simulate_unlisted(plain_list(), 1, default_confusions(), rng, policy=GatePolicy())
    with pytest.raises(GateError, match="no unlisted plate"):
        simulate_unlisted(
            PLATES,
            1,
            default_confusions(),
            rng,
            policy=GatePolicy(),
            fits_format=lambda text: False,
        )


def test_the_worst_pairs_come_first() -> None:
    plates = plain_list(["AB0123", "ABO123", "AB1123", "XX999"])
    pairs = worst_pairs(plates, default_confusions())
    assert pairs[0].plates == ("AB0123", "ABO123")
    assert pairs[0].colliding
    assert pairs[0].probability > pairs[1].probability
    assert not pairs[1].colliding
    assert all("XX999" not in pair.plates for pair in pairs)
    assert worst_pairs(plates, default_confusions(), 1) == pairs[:1]


def test_wilson_intervals() -> None:
    assert Share(0, 0).interval == (0.0, 1.0)
    low, high = Share(0, 100_000).interval
    assert low == 0.0
    assert high == pytest.approx(3.84e-5, rel=0.01)
    low, high = Share(5, 10).interval
    assert low == pytest.approx(0.2366, abs=1e-4)
    assert high == pytest.approx(0.7634, abs=1e-4)
    assert Share(10, 10).interval[1] == 1.0
    assert str(Share(1, 2)).startswith("1 of 2")
