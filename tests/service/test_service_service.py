"""The loop of the service where what it writes to is slow."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from lpr.gate.config import load_gate_config
from lpr.gate.fakes import sure_event
from lpr.service import service as loop
from lpr.service.build import running_site
from lpr.service.messages import Seen


def test_a_store_that_is_locked_does_not_make_the_service_look_dead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several vehicles of one frame wait in turn; systemd hears of it after each."""
    (tmp_path / "clip.mp4").touch()
    (tmp_path / "gate.toml").write_text(
        '[[gates]]\nname = "main"\n'
        '[[gates.cameras]]\nname = "north"\nsource = "clip.mp4"\nreplay = "once"\n'
        "[store]\nbusy_timeout = 0.2\n"
        "[service]\nhealth_every = 0.1\nmetrics = { enabled = false }\n"
    )
    told: list[float] = []
    monkeypatch.setattr(loop, "notify", lambda state: told.append(time.monotonic()))
    with running_site(load_gate_config(tmp_path / "gate.toml")) as service:
        now = time.time()
        events = tuple(
            sure_event(f"KXY99{track}", track_id=track, first_seen=now - 1, time=now)
            for track in range(4)
        )
        with closing(sqlite3.connect(tmp_path / "events.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            begun = time.monotonic()
            service._take("north", Seen(now, begun, events=events))
            ended = time.monotonic()
    assert ended - begun >= 4 * 0.2
    moments = [begun, *(one for one in told if one <= ended), ended]
    longest = max(later - one for one, later in pairwise(moments))
    assert longest < 0.5 * (ended - begun)
