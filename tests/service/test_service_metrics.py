from __future__ import annotations

import logging
import socket
import struct
import time
import urllib.error
import urllib.request
from collections import Counter
from datetime import UTC, datetime

import pytest

from lpr.errors import ConfigError, OutputError
from lpr.gate.decision import Action, Decision, Reason
from lpr.gate.service_settings import MetricsSettings
from lpr.service.figures import BUCKETS, GateTally, Latency, OutputFigures, SiteFigures
from lpr.service.keeper import CameraFigures
from lpr.service.metrics import MetricsServer, try_port
from lpr.sources.status import CameraState, CameraStats, CameraStatus

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def figures() -> SiteFigures:
    latency = Latency()
    for seconds in (0.01, 0.06, 0.06, 9.0, -0.001):
        latency.add(seconds)
    tally = GateTally("main", armed=True)
    decision = Decision(Action.DENY, Reason.STALE_EVIDENCE, "rule", "AB123CX", "detail")
    tally.add(decision, at=NOW, latency=0.06)
    camera = CameraFigures(
        camera="north",
        status=CameraStatus(CameraState.OFFLINE, "no answer"),
        stats=CameraStats(frames=10, still=20, dropped=3, damaged=1, losses=2),
        fps=14.5,
        looked=9,
        frame_age=None,
        queue=4,
        pid=None,
        restarts=5,
    )
    return SiteFigures(
        now=NOW,
        uptime=60.0,
        cameras=(camera,),
        camera_gates={"north": "main"},
        frames={"north": latency},
        events={("north", "confirmed"): 2},
        gates=(tally.figures(),),
        outputs=(OutputFigures("office", 1, waiting=7, refused=1, dropped=2),),
        entries=Counter({"allow": 12}),
        lists_loaded=NOW,
        lists_problem="",
        list_failures=3,
        disk_free=5_000_000_000,
        problems=("camera north: offline: no answer",),
    )


def ask(server: MetricsServer, token: str = "", *, host: str = "127.0.0.1") -> str:
    request = urllib.request.Request(f"http://{host}:{server.port}/metrics")
    if token:
        request.add_header("Authorization", token)
    with urllib.request.urlopen(request, timeout=60) as answer:
        text: str = answer.read().decode()
    return text


def test_every_figure_is_served() -> None:
    server = MetricsServer(MetricsSettings(port=0), figures)
    try:
        text = ask(server)
    finally:
        server.close()
    for line in (
        'lpr_camera_state{camera="north",state="offline"} 1.0',
        'lpr_camera_state{camera="north",state="online"} 0.0',
        'lpr_camera_last_frame_age_seconds{camera="north"} NaN',
        'lpr_camera_dropped_total{camera="north"} 3.0',
        'lpr_camera_worker_restarts_total{camera="north"} 5.0',
        'lpr_events_total{camera="north",kind="confirmed"} 2.0',
        'lpr_frame_latency_seconds_bucket{camera="north",le="0.05"} 2.0',
        'lpr_frame_latency_seconds_bucket{camera="north",le="0.075"} 4.0',
        'lpr_frame_latency_seconds_bucket{camera="north",le="+Inf"} 5.0',
        'lpr_frame_latency_seconds_count{camera="north"} 5.0',
        'lpr_gate_armed{gate="main"} 1.0',
        'lpr_decisions_total{action="deny",gate="main",reason="stale_evidence"} 1.0',
        'lpr_output_waiting{output="office"} 7.0',
        'lpr_output_dropped_total{output="office"} 3.0',
        'lpr_list_entries{list="allow"} 12.0',
        "lpr_list_failures_total 3.0",
        "lpr_disk_free_bytes 5e+09",
        "lpr_problems 1.0",
    ):
        assert line in text.splitlines(), line
    assert "AB123CX" not in text
    assert "python_info" not in text, "nothing of other registries"


def test_others_must_show_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCRAPE", "s3cret")
    server = MetricsServer(MetricsSettings(port=0, token_env="SCRAPE"), figures)  # noqa: S106
    try:
        assert "lpr_uptime_seconds 60.0" in ask(server, "Bearer s3cret")
        for wrong in ("", "Bearer", "Bearer s3cre", "s3cret", "Bearer ünïcode"):
            with pytest.raises(urllib.error.HTTPError, match="401") as refused:
                ask(server, wrong)
            refused.value.close()
    finally:
        server.close()
    monkeypatch.delenv("SCRAPE")
    with pytest.raises(ConfigError, match="SCRAPE is not set"):
        MetricsServer(MetricsSettings(port=0, token_env="SCRAPE"), figures)  # noqa: S106


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 loopback")
def test_figures_are_served_over_ipv6() -> None:
    server = MetricsServer(MetricsSettings(host="::1", port=0), figures)
    try:
        assert "lpr_uptime_seconds 60.0" in ask(server, host="[::1]")
        with pytest.raises(OutputError, match=rf"\[::1\]:{server.port}: Address already in use"):
            try_port(MetricsSettings(host="::1", port=server.port))
    finally:
        server.close()


def test_a_taken_port_is_told() -> None:
    server = MetricsServer(MetricsSettings(port=0), figures)
    try:
        with pytest.raises(
            OutputError, match=rf"{server.port}: .*; in \[service.metrics\] give another"
        ):
            MetricsServer(MetricsSettings(port=server.port), figures)
    finally:
        server.close()


def test_quantiles_are_of_the_latest() -> None:
    latency = Latency()
    assert latency.share(0.95) is None
    for number in range(1000):
        latency.add(number / 1000)
    assert latency.share(0.5) == pytest.approx(0.7)
    assert sum(latency.counts) == 1000
    assert len(latency.counts) == len(BUCKETS) + 1


def test_a_caller_who_goes_away_is_no_failure(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """A scraper that is stopped, a port scanner: the service's log is for what is wrong."""
    server = MetricsServer(MetricsSettings(port=0), figures)
    try:
        with caplog.at_level(logging.DEBUG):
            with socket.create_connection(("127.0.0.1", server.port)) as caller:
                caller.sendall(b"GET /metrics HTTP/1.1\r\n")
                # Closing resets the connection.
                caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            deadline = time.monotonic() + 60
            while "a caller has gone" not in caplog.text:
                assert time.monotonic() < deadline
                time.sleep(0.01)
        assert "lpr_uptime_seconds 60.0" in ask(server)
    finally:
        server.close()
    assert capfd.readouterr().err == ""
    assert "Traceback" not in caplog.text
