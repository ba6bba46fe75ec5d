from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lpr.gate.config import load_gate_config
from lpr.gate.decision import Action, Decision, Reason, Suspicion, SuspicionKind
from lpr.gate.fakes import sure_event
from lpr.gate.moment import system_moment
from lpr.service.build import running_site
from lpr.service.hiding import Hider, no_pseudonym
from lpr.service.messages import Seen
from lpr.service.service import GateService
from lpr.store import open_store

STRANGER = Decision(
    Action.ASK,
    Reason.NOT_LISTED,
    "policy.unlisted",
    "KXY99",
    "KXY99 is on no list",
    suspicions=(Suspicion(next(iter(SuspicionKind)), "KXY99 again"),),
)
SITE = """\
lists = ["plates.csv"]
[[gates]]
name = "main"
[[gates.cameras]]
name = "north"
source = "clip.mp4"
replay = "once"
[store]
pseudonyms = {pseudonyms}
[service.metrics]
enabled = false
"""


def hider(*listed: str) -> Hider:
    return Hider(lambda text: text[::-1], listed=lambda text: text in listed)


def test_a_stranger_is_hidden_wherever_the_text_may_stand() -> None:
    hidden = hider().decision(STRANGER)
    assert "KXY99" not in repr(hidden)
    assert hidden.text == "pseudonym 99YXK"
    assert (hidden.action, hidden.reason, hidden.rule) == (
        STRANGER.action,
        STRANGER.reason,
        STRANGER.rule,
    )
    assert [one.kind for one in hidden.suspicions] == [one.kind for one in STRANGER.suspicions]


def test_listed_plates_and_decisions_without_a_text_stay() -> None:
    hide = hider("KXY99").decision
    assert hide(STRANGER) == STRANGER
    unread = replace(STRANGER, text="", detail="unread: too_blurred")
    assert hide(unread) is unread
    assert Hider(no_pseudonym, listed=lambda text: False).decision(STRANGER) is STRANGER


def see(service: GateService, *texts: str) -> None:
    """Let vehicles pass as if the camera's worker had told of them."""
    now = system_moment()
    for track, text in enumerate(texts, start=1):
        time = now.now.timestamp()
        event = sure_event(text, track_id=track, first_seen=time - 1, time=time)
        service._take("north", Seen(time, now.time, events=(event,)))


@pytest.fixture(params=["true", "false"])
def logs(
    request: pytest.FixtureRequest, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> Iterator[tuple[bool, Path, str]]:
    """Whether pseudonyms are on, the site's folder, and both logs after two vehicles."""
    (tmp_path / "plates.csv").write_text("plate,list\nBAB1234,allow\n")
    (tmp_path / "gate.toml").write_text(SITE.format(pseudonyms=request.param))
    (tmp_path / "clip.mp4").touch()
    config = load_gate_config(tmp_path / "gate.toml")
    with caplog.at_level(logging.INFO), running_site(config) as service:
        see(service, "BAB1234", "KXY99")
    text = (tmp_path / "decisions.jsonl").read_text() + caplog.text
    yield request.param == "true", tmp_path, text


def test_a_site_with_pseudonyms_names_no_stranger(logs: tuple[bool, Path, str]) -> None:
    hidden, folder, text = logs
    assert "BAB1234" in text
    assert ("KXY99" not in text) is hidden
    config = load_gate_config(folder / "gate.toml")
    assert config.store is not None
    with open_store(config.store) as store:
        pseudonym = store.pseudonym("KXY99")
    assert (pseudonym is not None) is hidden
    assert pseudonym is None or text.count(pseudonym) == 2
