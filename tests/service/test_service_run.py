"""`lpr gate run` as it is used: one process started, signals sent, files looked at."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import time
import urllib.error
import urllib.request
from contextlib import closing
from typing import TYPE_CHECKING, Any

import psutil
import pytest

if TYPE_CHECKING:
    from tests.service.conftest import MjpegCamera, Relay, Site


def camera(health: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in health["cameras"] if one["name"] == name)
    return found


def decided(health: dict[str, Any]) -> int:
    return sum(int(gate["decisions"]) for gate in health["gates"])


def metrics_address(site: Site) -> str:
    found = re.search(r"metrics on (http://\S+)", site.read_log())
    assert found is not None
    return found.group(1)


def test_two_cameras_one_killed_lists_changed_and_a_clean_stop(site: Site) -> None:
    """The life of a service: it decides, survives a worker's death, loads lists and ends."""
    site.write_replays("two-plates", "day-approach", head='regions = ["de"]', tail="[store]")
    site.start()
    health = site.wait(lambda one: all(gate["decisions"] for gate in one["gates"]))
    assert health["armed"] is False
    assert [one["state"] for one in health["cameras"]] == ["online", "online"]
    assert camera(health, "camera0")["latency_p95"] > 0

    # One camera's worker dies: the other one's goes on, and a new one comes.
    north, south = camera(health, "camera0")["worker_pid"], camera(health, "camera1")["worker_pid"]
    reader = psutil.Process(north).children()
    os.kill(north, signal.SIGKILL)
    health = site.wait(
        lambda one: (
            camera(one, "camera0")["worker_restarts"] == 1
            and camera(one, "camera0")["state"] == "online"
        )
    )
    assert camera(health, "camera1")["worker_pid"] == south
    assert camera(health, "camera1")["worker_restarts"] == 0
    assert not [one for one in reader if one.is_running()]
    assert "was ended by SIGKILL" in site.read_log()

    # A broken list is refused, a right one taken.
    plates = site.folder / "plates.csv"
    plates.write_text("plate,list,owner\nAB 1;DROP,allow,x\n")
    health = site.wait(lambda one: one["lists"]["problem"])
    assert "plates.csv:2" in health["lists"]["problem"]
    assert health["state"] == "degraded"
    plates.write_text("plate,list,owner\nHZ354PM,allow,Ms Ode\nDAGR023,deny,Nobody\n")
    site.wait(lambda one: not one["lists"]["problem"] and one["lists"]["entries"]["deny"] == 1)
    before = site.read_log().count("lists loaded")
    site.send(signal.SIGHUP)
    deadline = time.monotonic() + 60
    while site.read_log().count("lists loaded") == before:
        assert time.monotonic() < deadline

    # The figures can be scraped, by this computer alone.
    with urllib.request.urlopen(metrics_address(site), timeout=60) as answer:
        text = answer.read().decode()
    assert 'lpr_camera_worker_restarts_total{camera="camera0"} 1.0' in text
    assert 'lpr_camera_state{camera="camera1",state="online"} 1.0' in text
    assert re.search(r'lpr_frame_latency_seconds_bucket\{camera="camera0",le="\+Inf"\} [1-9]', text)
    assert "HZ354PM" not in text
    wrong = metrics_address(site).replace("/metrics", "/../etc/passwd")
    with pytest.raises(urllib.error.HTTPError, match="404") as refused:
        urllib.request.urlopen(wrong, timeout=60)
    refused.value.close()

    processes = psutil.Process(site.process.pid if site.process else 0).children(recursive=True)
    assert site.stop() == 0
    assert not [one for one in processes if one.is_running()]
    assert site.health()["state"] == "stopped"
    assert "open" not in {one["action"] for one in site.decisions()}
    assert "HZ354PM" not in (site.folder / "health.json").read_text()
    with closing(sqlite3.connect(site.folder / "events.db")) as store:
        counts = [
            store.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
            for table in ("events", "decisions", "pictures")
        ]
    assert counts[0] >= 4
    assert counts[1] == len(site.decisions())
    assert counts[2] >= 2


ARMED = """
[[gates]]
name = "main"
cameras = [{{ name = "camera0", source = "{url}", timeout = 5 }}]
[gates.actuator]
type = "http"
url = "http://127.0.0.1:{relay}/open"
[policy]
start_hold = 0.5
min_agreeing = 2
min_probability = 0.8
"""


def _verdicts(site: Site) -> list[dict[str, Any]]:
    """What was decided on the listed car; that it has left may be told at any time."""
    found = (one for one in site.decisions() if one["text"] == "DAGR023")
    return [one for one in found if one["reason"] != "departed"]


def test_an_armed_gate_opens_once_whatever_happens(
    site: Site, two_plates: MjpegCamera, relay: Relay
) -> None:
    """The listed car comes: one pulse. It stays through a cut and a restart: no other one."""
    site.write(
        ARMED.format(url=two_plates.url, relay=relay.port),
        plates="DAGR023,allow,Ms Ode\n",
        head="armed = true",
    )
    site.start()
    site.wait(lambda one: camera(one, "camera0")["looked_at"] >= 3)
    time.sleep(1.0)
    two_plates.play.set()
    site.wait(lambda one: relay.pulses)
    opened = [one for one in site.decisions() if one["action"] == "open"]
    assert [one["text"] for one in opened] == ["DAGR023"]

    verdicts = _verdicts(site)
    viewers = two_plates.viewers
    two_plates.cut.set()
    health = site.wait(lambda one: camera(one, "camera0")["losses"] >= 1)
    two_plates.cut.clear()
    looked = camera(health, "camera0")["looked_at"]
    health = site.wait(lambda one: camera(one, "camera0")["looked_at"] >= looked + 4)
    assert two_plates.viewers > viewers
    assert camera(health, "camera0")["worker_restarts"] == 0
    # Out of sight for long, or on the track of the other one, it is told again: it has not left.
    later = [one["reason"] for one in _verdicts(site) if one not in verdicts]
    assert set(later) <= {"still_present"}
    assert site.stop() == 0
    assert relay.pulses == 1

    site.start()
    site.wait(lambda one: one["state"] != "stopped" and decided(one))
    assert site.stop() == 0
    assert relay.pulses == 1


def test_a_relay_that_hangs_holds_nothing_up_and_is_told(
    site: Site, two_plates: MjpegCamera, relay: Relay
) -> None:
    relay.hangs = True
    gates = ARMED.format(url=two_plates.url, relay=relay.port)
    gates = gates.replace('type = "http"', 'type = "http"\ntimeout = 30')
    site.write(gates, plates="DAGR023,allow,Ms Ode\n", head="armed = true")
    site.start()
    site.wait(lambda one: camera(one, "camera0")["looked_at"] >= 3)
    time.sleep(1.0)
    two_plates.play.set()
    health = site.wait(lambda one: relay.pulses)
    looked, uptime = camera(health, "camera0")["looked_at"], health["uptime"]
    health = site.wait(
        lambda one: camera(one, "camera0")["looked_at"] > looked and one["uptime"] > uptime + 1
    )
    assert [one["action"] for one in site.decisions()].count("open") == 1
    assert not [one for one in site.decisions() if one["reason"] == "actuator_failed"]
    relay.let_go.set()
    site.wait(lambda _: [one for one in site.decisions() if one["reason"] == "actuator_failed"])
    assert site.stop() == 0
    failed = [one for one in site.decisions() if one["reason"] == "actuator_failed"]
    assert [one["detail"].endswith("refused with status 503") for one in failed] == [True]
    assert (failed[0]["action"], failed[0]["would"], relay.pulses) == ("deny", "open", 1)


def test_the_second_signal_does_not_wait(site: Site) -> None:
    site.write_replays("two-plates")
    site.start()
    health = site.wait(lambda one: camera(one, "camera0")["looked_at"] > 1)
    # A worker that is stopped cannot tell what is due.
    os.kill(camera(health, "camera0")["worker_pid"], signal.SIGSTOP)
    site.send(signal.SIGTERM)
    time.sleep(0.5)
    site.send(signal.SIGTERM)
    assert site.process is not None
    assert site.process.wait(60) == 130
    assert "had to be killed" in site.read_log()


def test_a_worker_that_hangs_is_replaced(site: Site) -> None:
    site.write_replays("two-plates", service="worker_timeout = 2")
    site.start()
    health = site.wait(lambda one: camera(one, "camera0")["looked_at"] > 1)
    os.kill(camera(health, "camera0")["worker_pid"], signal.SIGSTOP)
    health = site.wait(lambda one: camera(one, "camera0")["worker_restarts"] == 1)
    assert "said nothing" in site.read_log()
    site.wait(lambda one: camera(one, "camera0")["state"] == "online")
    assert site.stop() == 0


def test_a_full_disk_denies_and_says_so(site: Site) -> None:
    """The decision log cannot grow any more; everything else is small enough."""
    site.write_replays("two-plates")
    (site.folder / "decisions.jsonl").write_text("x" * (60 << 10) + "\n")
    site.start("bash", "-c", 'ulimit -f 60; exec "$0" "$@"')
    health = site.wait(decided)
    assert health["gates"][0]["last_action"] == "deny"
    assert health["gates"][0]["last_reason"] == "not_recorded"
    assert any("could not be recorded" in one for one in health["problems"])
    assert site.stop() == 0
