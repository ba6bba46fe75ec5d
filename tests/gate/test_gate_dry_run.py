"""Gates that only say what they would do, beside armed ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from lpr.gate.decision import Action, Reason
from lpr.gate.plate_list import PlateList
from lpr.gate.rig import PLATES, Rig, passage, site
from lpr.types import PlateEvent

VISITOR = PlateList([replace(PLATES.match("AB123CX").exact[0], entries=1)], PLATES.confusables)
ARMED: Mapping[str, Any] = {"name": "main", "cameras": ["north"]}
DRY: Mapping[str, Any] = {"name": "yard", "cameras": ["south"], "armed": False}


def restarted(rig: Rig, plates: PlateList, **changes: Any) -> Rig:
    return Rig(site(**changes) if changes else rig.config, plates, tuple(rig.record.records))


def south(track: int, text: str = "AB123CX") -> PlateEvent:
    return replace(passage(text, track), camera="south")


@pytest.mark.parametrize("restart", [False, True])
def test_a_dry_gate_spends_no_pass_of_an_armed_one(restart: bool) -> None:
    rig = Rig(site(gates=[ARMED, DRY]), VISITOR)
    assert rig.see(south(1), 100).reason is Reason.DRY_RUN
    if restart:
        rig = restarted(rig, VISITOR)
    assert rig.see(passage(track=2), 400).action is Action.OPEN
    assert rig.see(passage(track=3), 700).reason is Reason.PASS_USED_UP


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("first", [passage(track=1), south(1)])
def test_for_a_dry_gate_a_pass_is_spent_by_both(first: PlateEvent, restart: bool) -> None:
    rig = Rig(site(gates=[ARMED, DRY]), VISITOR)
    assert rig.see(first, 100).reason in (Reason.EXACT_MATCH, Reason.DRY_RUN)
    if restart:
        rig = restarted(rig, VISITOR)
    assert rig.see(south(2), 400).reason is Reason.PASS_USED_UP


def test_what_was_dry_holds_nobody_back_once_it_is_armed() -> None:
    rig = Rig(site(gates=[DRY]), VISITOR)
    assert rig.see(south(1), 100).reason is Reason.DRY_RUN
    armed = restarted(rig, VISITOR, gates=[{**DRY, "armed": True}])
    assert armed.see(south(2), 10).action is Action.OPEN


@pytest.mark.parametrize("restart", [False, True])
def test_a_dry_gate_lets_nobody_into_or_out_of_an_area_of_armed_ones(restart: bool) -> None:
    gates = [
        {"name": "in", "cameras": [{"name": "north", "direction": "in"}], "area": "yard"},
        {
            "name": "dry",
            "cameras": [
                {"name": "south", "direction": "in"},
                {"name": "east", "direction": "out"},
            ],
            "area": "yard",
            "armed": False,
        },
    ]
    config = site(gates=gates, areas=[{"name": "yard", "capacity": 1}])
    rig = Rig(config)
    assert rig.see(south(1), 100).reason is Reason.DRY_RUN
    assert rig.see(south(2, "XY999ZZ"), 200).reason is Reason.AREA_FULL, "it would be"
    if restart:
        rig = restarted(rig, PLATES)
    assert rig.see(passage("XY999ZZ", 3), 300).action is Action.OPEN
    assert rig.see(replace(passage("XY999ZZ", 4), camera="east"), 400).reason is Reason.DRY_RUN
    if restart:
        rig = restarted(rig, PLATES)
    assert rig.see(passage(track=5), 500).reason is Reason.AREA_FULL


def test_a_dry_gate_that_could_not_record_tries_again_as_an_armed_one_would() -> None:
    made = []
    for armed in (True, False):
        rig = Rig(site(armed=armed), VISITOR)
        rig.record.full = True
        assert rig.see(passage(), 100).reason is Reason.NOT_RECORDED
        rig.record.full = False
        made.append(rig.see(passage(), 104))
    assert [one.reason for one in made] == [Reason.EXACT_MATCH, Reason.DRY_RUN]
