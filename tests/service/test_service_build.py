from __future__ import annotations

import logging
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from lpr.cli.site_files import site_files
from lpr.config import CornersConfig, EngineConfig
from lpr.errors import ConfigError
from lpr.gate.config import load_gate_config
from lpr.gate.policy import GatePolicy
from lpr.service import build
from lpr.service.build import camera_engines, running_site, site_models, sure_engine
from lpr.service.setup import WorkerSetup, worker_setup
from lpr.sinks import read_log
from lpr.vote import VoterOptions


def test_the_voter_waits_for_what_the_gate_needs() -> None:
    engine = sure_engine(EngineConfig(), GatePolicy(min_agreeing=5, min_probability=0.99))
    assert engine.voter.min_agreeing == 5
    assert engine.voter.early_probability == 0.99
    assert engine.voter.sure_probability == 0.99
    easy = sure_engine(EngineConfig(), GatePolicy(min_agreeing=1, min_probability=0.5))
    default = VoterOptions()
    assert easy.voter == replace(default, sure_probability=0.5, retrigger_seconds=0.001)


def test_a_gate_may_ask_for_all_that_the_voter_gives_but_not_for_more() -> None:
    ceiling = EngineConfig().voter.ceiling
    engine = sure_engine(EngineConfig(), GatePolicy(min_probability=ceiling))
    assert engine.voter.sure_probability == ceiling
    assert engine.voter.early_probability < ceiling
    with pytest.raises(ConfigError, match=r"min_probability 0\.9999 is never reached"):
        sure_engine(EngineConfig(), GatePolicy(min_probability=0.9999))


def test_a_camera_is_looked_at_by_its_gates_policy_and_where_its_roi_says(tmp_path: Path) -> None:
    (tmp_path / "gate.toml").write_text(
        '[[gates]]\nname = "main"\npolicy = { min_agreeing = 5 }\n'
        'cameras = [{ name = "north", roi = [64, 32, 640, 200] }, { name = "south" }]\n'
        '[[gates]]\nname = "side"\ncameras = ["west"]\n'
    )
    config = load_gate_config(tmp_path / "gate.toml")
    engines = camera_engines(config, EngineConfig(roi=(0, 0, 640, 360)))
    assert {name: engine.roi for name, engine in engines.items()} == {
        "north": (64, 32, 640, 200),
        "south": (0, 0, 640, 360),
        "west": (0, 0, 640, 360),
    }
    agreeing = [engine.voter.min_agreeing for engine in engines.values()]
    assert agreeing == [5, 5, max(VoterOptions().min_agreeing, GatePolicy().min_agreeing)]
    setup = worker_setup(config.gates[0].cameras[0], engines["north"])
    assert WorkerSetup.from_body(setup.to_body()).engine == setup.engine
    assert setup.engine.roi == (64, 32, 640, 200)


def test_the_networks_of_a_site_are_those_that_its_engine_opens() -> None:
    assert list(site_models(EngineConfig())) == ["detector", "corners", "recognizer"]
    bare = EngineConfig(corners=CornersConfig(looks=0))
    assert list(site_models(bare)) == ["detector", "recognizer"]


def test_an_outbox_with_a_file_is_beside_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "gate.toml").write_text(
        'decisions = "logs/decisions.jsonl"\n'
        '[[gates]]\nname = "main"\ncameras = ["north"]\n'
        '[[webhooks]]\nname = "office"\nurl = "http://127.0.0.1:1/"\nsigned = false\n'
        'outbox = { file = "office.box" }\n'
        '[[webhooks]]\nname = "house"\nurl = "http://127.0.0.1:1/"\nsigned = false\n'
        '[mqtt]\nhost = "127.0.0.1"\nport = 1\noutbox = { file = "broker.box" }\n'
    )
    monkeypatch.chdir(tmp_path)
    # Outboxes without a file stay where messages may wait already: beside the decision log.
    expected = {"office.box", "logs/house.outbox", "broker.box"}
    assert expected <= {os.path.relpath(file, tmp_path) for file in site_files(Path("gate.toml"))}
    for receiver in build._receivers(load_gate_config(Path("gate.toml"))):
        receiver.close()
    made = {str(one.relative_to(tmp_path)) for one in tmp_path.rglob("*.*box")}
    assert made == expected


def test_a_site_where_nobody_comes_deletes_its_old_decisions(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "clip.mp4").touch()
    (tmp_path / "gate.toml").write_text(
        "decisions_rotation = { max_age_days = 7 }\n"
        '[[gates]]\nname = "main"\n'
        '[[gates.cameras]]\nname = "north"\nsource = "clip.mp4"\nreplay = "once"\n'
        "[service.metrics]\nport = 0\n"
    )
    log = tmp_path / "decisions.jsonl"
    log.write_text("a stranger of forty days ago\n")
    then = time.time() - 40 * 86400
    os.utime(log, (then, then))
    config = load_gate_config(tmp_path / "gate.toml")
    with caplog.at_level(logging.INFO), running_site(config):
        deadline = time.monotonic() + 60
        while "it is past what is kept" not in caplog.text:
            assert time.monotonic() < deadline
            time.sleep(0.02)
    assert list(read_log(log)) == []
