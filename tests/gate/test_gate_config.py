from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lpr.errors import ConfigError
from lpr.gate.config import GateConfig, GateSettings, load_gate_config
from lpr.gate.decision import Action, SuspicionKind
from lpr.gate.direction import Direction
from lpr.gate.policy import GatePolicy, SuspicionPolicy
from lpr.gate.rig import site
from lpr.settings import check_settings

GATE: dict[str, Any] = {"name": "main", "cameras": ["north"]}


def config(**changes: Any) -> GateConfig:
    return check_settings({"gates": [GATE], **changes}, GateConfig, "gate.toml")


def test_the_defaults_are_safe() -> None:
    plain = config()
    assert plain.armed is False
    assert plain.opens(plain.gates[0]) is False
    policy = plain.gates[0].policy
    assert policy.min_probability >= 0.98
    assert policy.min_agreeing >= 3
    assert policy.confusable_match == "only_plate"
    assert policy.on_not_listed == "ask"
    armed = config(armed=True)
    assert armed.opens(armed.gates[0])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"armd": True}, "unknown key 'armd'; did you mean 'armed'"),
        ({"policy": {"min_probabilty": 1}}, "did you mean 'min_probability'"),
        ({"policy": {"min_probability": 0}}, "min_probability: .*greater than 0"),
        ({"policy": {"min_agreeing": 0}}, "min_agreeing: .*greater than or equal to 1"),
        ({"policy": {"min_agreeing": True}}, "min_agreeing: .*integer"),
        ({"policy": {"min_probability": "0.5"}}, "min_probability: .*number"),
        ({"policy": {"max_per_hour": 2}}, "max_per_hour is less than max_per_minute"),
        ({"policy": {"suspicions": {"text_changed": "open"}}}, "text_changed"),
        ({"policy": []}, "policy"),
        ({"gates": []}, "gates"),
        ({"gates": "main"}, "gates"),
        ({"gates": GATE}, r"write \[\[gates\]\] with two brackets"),
        ({"armed": "true"}, "armed: .*boolean"),
        ({"armed": 1}, "armed: .*boolean"),
        ({"gates": [{**GATE, "armed": "no"}]}, "armed: .*boolean"),
        ({"gates": ["main"]}, "gates.0"),
        ({"gates": [{**GATE, "policy": 3}]}, "policy"),
        ({"gates": [{**GATE, "camera": 1}]}, "did you mean 'cameras'"),
        ({"gates": [{"name": "../x", "cameras": ["a"]}]}, "gates.0.name"),
        ({"gates": [{"name": "a/b", "cameras": ["a"]}]}, "gates.0.name"),
        ({"gates": [{"name": "main", "cameras": []}]}, "gates.0.cameras"),
        ({"gates": [{"name": "main", "cameras": "north"}]}, "gates.0.cameras"),
        ({"gates": [GATE, GATE]}, "gate 'main' is there twice"),
        ({"gates": [GATE, {**GATE, "name": "back"}]}, "camera 'north' is there twice"),
        ({"gates": [{**GATE, "area": "yrd"}], "areas": []}, "there is no area 'yrd'"),
        ({"areas": [{"name": "yard"}]}, "needs cameras that tell both ways"),
        ({"travel": [{"between": ["main", "mian"], "seconds": 3}]}, "did you mean 'main'"),
        ({"timezone": "Europe/Berln"}, "did you mean 'Europe/Berlin'"),
        ({"regions": ["xx"]}, "no region 'xx'"),
        ({"regions": ["uk"]}, "no region 'uk'; did you mean 'gb'"),
        ({"forget_inside_after_hours": 0}, "forget_inside_after_hours"),
    ],
)
def test_mistakes_are_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        config(**changes)


@pytest.mark.parametrize(
    ("camera", "message"),
    [
        ({"direction": "in", "line": [[0, 0], [1, 1]]}, "give one of direction and line"),
        ({"zone": [[0, 0], [1, 1]]}, "a zone needs three or more corners"),
        ({"line": [[0, 0], [0, 0]]}, "two different points"),
        ({"directon": "in"}, "did you mean 'direction'"),
    ],
)
def test_mistakes_at_cameras_are_named(camera: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        config(gates=[{"name": "main", "cameras": [{"name": "north", **camera}]}])


@pytest.mark.parametrize(
    ("actuator", "message"),
    [
        ({"type": "htp"}, "actuator"),
        ({"type": "http", "url": "http://relay/", "metod": "GET"}, "did you mean 'method'"),
        ({"type": "serial", "port": "COM3", "preset": "lcus", "baud": 1}, "baud"),
        ({"type": "gpio"}, "pin"),
        ({"type": "http", "url": "http://relay:99999/"}, "url needs a port from 1 to 65535"),
        ({"type": "http", "url": "http://relay:0/"}, "url needs a port from 1 to 65535"),
        ({"type": "http", "url": "http://relay:a/"}, "url needs a port from 1 to 65535"),
        ({"type": "http", "url": "http://[::1/"}, "url needs http:// or https:// and a host"),
    ],
)
def test_mistakes_at_actuators_are_named(actuator: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        config(gates=[{**GATE, "actuator": actuator}])


def test_a_wrong_policy_of_the_site_is_one_problem() -> None:
    with pytest.raises(ConfigError) as caught:
        config(policy={"min_agreeing": 0})
    assert "more" not in str(caught.value)


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ({"anti_passback": True}, "policy.anti_passback needs an area"),
        ({"suspicions": {"already_inside": "deny"}}, "already_inside needs an area"),
        ({"suspicions": {"unknown_format": "deny"}}, "unknown_format needs regions"),
        ({"cool_down": 15.0}, "retry_for .10 s. ends before cool_down .15 s."),
    ],
)
def test_what_protects_is_not_set_in_vain(policy: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        site(policy=policy)


def test_gates_inherit_the_sites_policy_key_by_key() -> None:
    site = config(
        policy={"min_agreeing": 7, "cool_down": 9, "suspicions": {"text_changed": "deny"}},
        gates=[
            GATE,
            {
                "name": "back",
                "cameras": ["south"],
                "policy": {"cool_down": 1, "suspicions": {"already_inside": "note"}},
            },
        ],
    )
    main, back = (gate.policy for gate in site.gates)
    assert (main.min_agreeing, main.cool_down) == (7, 9)
    assert (back.min_agreeing, back.cool_down) == (7, 1)
    assert back.suspicions == SuspicionPolicy(text_changed="deny", already_inside="note")


def test_models_inherit_like_tables() -> None:
    gate = GateSettings.model_validate({**GATE, "policy": {"cool_down": 1}})
    site = GateConfig(policy=GatePolicy(min_agreeing=7), gates=(gate,))
    assert site.gates[0].policy == GatePolicy(min_agreeing=7, cool_down=1)


def test_cameras_are_names_or_tables() -> None:
    site = config(
        gates=[
            {
                "name": "main",
                "cameras": [
                    "a",
                    {"name": "b", "direction": "in"},
                    {"name": "c", "line": [[0, 0], [9, 0]]},
                ],
            }
        ]
    )
    first, second, third = site.gates[0].cameras
    assert first.directions == frozenset()
    assert second.directions == frozenset({Direction.IN})
    assert third.directions == frozenset(Direction)


def test_travel_counts_both_ways() -> None:
    site = config(
        gates=[GATE, {"name": "back", "cameras": ["south"]}],
        travel=[{"between": ["main", "back"], "seconds": 30}],
    )
    assert site.travel_times() == {("main", "back"): 30.0, ("back", "main"): 30.0}


def test_suspicions_that_only_inform_stop_nothing() -> None:
    policy = SuspicionPolicy()
    assert policy.action(SuspicionKind.NOT_REGISTERED) is None
    assert policy.action(SuspicionKind.REPEATED_NEAR_MISS) is None
    assert policy.action(SuspicionKind.WATCH_LISTED) is None
    assert policy.action(SuspicionKind.TEXT_CHANGED) is Action.ASK
    for kind in SuspicionKind:
        policy.action(kind)


def test_files_are_read_relative_to_themselves(tmp_path: Path) -> None:
    (tmp_path / "plates.csv").write_text("plate,list\n")
    path = tmp_path / "gate.toml"
    path.write_text('lists = ["plates.csv"]\n[[gates]]\nname = "main"\ncameras = ["north"]\n')
    loaded = load_gate_config(path)
    assert loaded.lists == (tmp_path / "plates.csv",)
    assert loaded.decisions == tmp_path / "decisions.jsonl"
    path.write_text('lists = ["plate.csv"]\n[[gates]]\nname = "main"\ncameras = ["north"]\n')
    with pytest.raises(ConfigError, match=r"there is no file plate\.csv"):
        load_gate_config(path)


def test_every_setting_is_described() -> None:
    schema = GateConfig.model_json_schema()
    for table in (schema, *schema["$defs"].values()):
        for name, one in table.get("properties", {}).items():
            assert one.get("description") or name == "type", f"{table.get('title')}.{name}"
