"""The health file, and what it says of lists that are wrong: no plate, whatever column it is in."""

from __future__ import annotations

import json
import logging
import time
from pathlib import Path

import pytest

from lpr.gate.config import load_gate_config
from lpr.service.build import running_site
from lpr.store import ListedPlate, Requester, open_store

SITE = """\
lists = ["plates.csv"]
[[gates]]
name = "main"
[[gates.cameras]]
name = "north"
source = "clip.mp4"
replay = "once"
[store]
[service.metrics]
enabled = false
"""


def site(folder: Path, head: str = "") -> Path:
    path = folder / "gate.toml"
    path.write_text(head + SITE)
    (folder / "plates.csv").write_text("plate,list,owner\nB-AB 1234,allow,Ms Ode\n")
    (folder / "clip.mp4").touch()
    return path


def test_a_wrong_list_is_told_without_what_stands_in_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = site(tmp_path)
    with caplog.at_level(logging.DEBUG), running_site(load_gate_config(path)) as service:
        (tmp_path / "plates.csv").write_text("plate,list,owner\nMs Ode,B-AB 1234,allow\n")
        service._lists.tend(time.monotonic(), told=True)
        service._tell(time.monotonic())
    text = (tmp_path / "health.json").read_text()
    health = json.loads(text)
    wanted = "the old lists stay in use: plates.csv:2: list: is wrong; "
    assert health["lists"]["problem"].startswith(wanted)
    assert f"lists: {health['lists']['problem']}" in health["problems"]
    assert health["state"] == "degraded"
    assert wanted in caplog.text
    for told in (text, caplog.text):
        assert "1234" not in told
        assert "ode" not in told.lower()


def test_a_wrong_list_in_the_store_is_told_without_what_stands_in_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = load_gate_config(site(tmp_path, "store_lists = true\n"))
    assert config.store is not None
    with caplog.at_level(logging.DEBUG), running_site(config) as service:
        with open_store(config.store) as store:
            store.add_plates([ListedPlate("Ms Ode", "B-AB 1234")], Requester("me", "test"))
        service._lists.tend(time.monotonic(), told=True)
        service._tell(time.monotonic())
    text = (tmp_path / "health.json").read_text()
    assert "store:1: list: is wrong" in text
    assert "store:1: list: is wrong" in caplog.text
    assert "1234" not in text + caplog.text
