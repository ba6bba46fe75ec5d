"""Figures for Prometheus, over HTTP on loopback unless callers must show a token."""

from __future__ import annotations

import hmac
import http.server
import logging
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

from lpr import __version__
from lpr.errors import MissingExtraError, OutputError
from lpr.gate.pull import log_failure
from lpr.gate.service_settings import MetricsSettings
from lpr.secret import read_secret
from lpr.service.figures import BUCKETS, Latency, SiteFigures
from lpr.service.keeper import CameraFigures
from lpr.sources.status import CameraState

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.metrics_core import Metric

_LOG = logging.getLogger(__name__)
_TIMEOUT = 10.0

_Table = tuple[tuple[str, str, Callable[[CameraFigures], float]], ...]

_GAUGES: Final[_Table] = (
    ("lpr_camera_fps", "Pictures that come a second", lambda one: one.fps),
    ("lpr_camera_queue", "Reports that wait for the service", lambda one: one.queue),
    (
        "lpr_camera_last_frame_age_seconds",
        "Seconds since the last picture that was looked at; NaN before the first",
        lambda one: float("nan") if one.frame_age is None else one.frame_age,
    ),
)
_COUNTERS: Final[_Table] = (
    ("lpr_camera_frames", "Pictures handed over", lambda one: one.stats.frames),
    ("lpr_camera_looked_at", "Pictures looked at", lambda one: one.looked),
    ("lpr_camera_still", "Pictures without motion, left out", lambda one: one.stats.still),
    (
        "lpr_camera_dropped",
        "Pictures replaced by a newer one before they were looked at",
        lambda one: one.stats.dropped,
    ),
    ("lpr_camera_damaged", "Packets that do not decode", lambda one: one.stats.damaged),
    ("lpr_camera_losses", "Connections lost", lambda one: one.stats.losses),
    ("lpr_camera_jumps", "Jumps of the camera's timestamps", lambda one: one.stats.jumps),
    ("lpr_camera_reader_restarts", "Readers replaced", lambda one: one.stats.restarts),
    ("lpr_camera_worker_restarts", "Workers replaced", lambda one: one.restarts),
)


class SiteCollector:
    """Turns the latest figures into metrics each time they are asked for.

    Args:
        figures: returns the latest figures; called in another thread.
    """

    def __init__(self, figures: Callable[[], SiteFigures]) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        """Yield every metric."""
        figures = self._figures()
        yield from _camera_metrics(figures)
        yield from _gate_metrics(figures)
        yield from _site_metrics(figures)


def site_registry(figures: Callable[[], SiteFigures]) -> CollectorRegistry:
    """Return a registry of its own for a site: nothing of other parts of the program is in it.

    Raises:
        MissingExtraError: prometheus-client is not installed.
    """
    try:
        from prometheus_client import CollectorRegistry
    except ImportError as error:
        raise MissingExtraError("prometheus-client", "gate") from error
    registry = CollectorRegistry(auto_describe=False)
    registry.register(SiteCollector(figures))
    return registry


class MetricsServer:
    """Serves `/metrics` until it is closed.

    Args:
        settings: where, and to whom.
        figures: returns the latest figures; called in another thread.

    Raises:
        ConfigError: the token is missing.
        MissingExtraError: prometheus-client is not installed.
        OutputError: the port is taken, or the address is not this computer's.
    """

    def __init__(self, settings: MetricsSettings, figures: Callable[[], SiteFigures]) -> None:
        token = ""
        if settings.guarded:
            token = read_secret(settings.token_env, settings.token_file, "metrics: token")
        handler = _handler(site_registry(figures), token)
        self._server = _listen(settings, handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.2,), name="lpr-metrics", daemon=True
        )
        self._thread.start()
        _LOG.info("metrics on http://%s:%d/metrics", settings.url_host, self.port)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def try_port(settings: MetricsSettings) -> None:
    """Listen for a moment, and answer nobody.

    Raises:
        OutputError: the port is taken, or the address is not this computer's.
    """
    _listen(settings, http.server.BaseHTTPRequestHandler).server_close()


class _Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a caller who has gone: the base would print where, in twenty lines."""
        error = sys.exception()
        if isinstance(error, OSError):
            _LOG.debug("metrics: a caller has gone: %s", error)
        elif isinstance(error, Exception):
            log_failure(_LOG, "metrics", error)


class _ServerV6(_Server):
    address_family = socket.AF_INET6


def _listen(
    settings: MetricsSettings, handler: type[http.server.BaseHTTPRequestHandler]
) -> http.server.ThreadingHTTPServer:
    server = _ServerV6 if ":" in settings.host else _Server
    try:
        return server((settings.host, settings.port), handler)
    except OSError as error:
        raise OutputError(
            f"metrics: cannot listen on {settings.url_host}:{settings.port}: {error.strerror}; "
            "in [service.metrics] give another port, which each site on a machine needs, "
            "or enabled = false"
        ) from error


def _handler(registry: CollectorRegistry, token: str) -> type[http.server.BaseHTTPRequestHandler]:
    from prometheus_client.exposition import choose_encoder

    class Handler(http.server.BaseHTTPRequestHandler):
        timeout = _TIMEOUT
        server_version = "lpr"
        sys_version = ""

        def do_GET(self) -> None:
            given = self.headers.get("Authorization", "")
            wanted = f"Bearer {token}"
            if token and not hmac.compare_digest(given.encode(), wanted.encode()):
                self.send_response(401)
                self.send_header("WWW-Authenticate", "Bearer")
                self.end_headers()
                return
            if self.path.split("?")[0] != "/metrics":
                self.send_error(404)
                return
            encode, kind = choose_encoder(self.headers.get("Accept", ""))
            body = encode(registry)
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
            _LOG.debug("metrics: %s", format % args)

    return Handler


def _camera_metrics(figures: SiteFigures) -> Iterator[Metric]:
    from prometheus_client.core import (
        CounterMetricFamily,
        GaugeMetricFamily,
        HistogramMetricFamily,
    )

    cameras = figures.cameras
    state = GaugeMetricFamily(
        "lpr_camera_state", "1 for the state that the camera is in", labels=["camera", "state"]
    )
    for one in cameras:
        for known in CameraState:
            state.add_metric([one.camera, known.value], float(one.status.state is known))
    yield state
    for name, text, value in _GAUGES:
        gauge = GaugeMetricFamily(name, text, labels=["camera"])
        for one in cameras:
            gauge.add_metric([one.camera], value(one))
        yield gauge
    for name, text, value in _COUNTERS:
        counter = CounterMetricFamily(name, text, labels=["camera"])
        for one in cameras:
            counter.add_metric([one.camera], value(one))
        yield counter
    events = CounterMetricFamily("lpr_events", "Plate events", labels=["camera", "kind"])
    for (camera, kind), count in figures.events.items():
        events.add_metric([camera, kind], count)
    yield events
    latency = HistogramMetricFamily(
        "lpr_frame_latency_seconds", "From frame to service", labels=["camera"]
    )
    for one in cameras:
        _add_latency(latency, [one.camera], figures.frames[one.camera])
    yield latency


def _gate_metrics(figures: SiteFigures) -> Iterator[Metric]:
    from prometheus_client.core import (
        CounterMetricFamily,
        GaugeMetricFamily,
        HistogramMetricFamily,
    )

    armed = GaugeMetricFamily("lpr_gate_armed", "1 where the gate opens", labels=["gate"])
    decisions = CounterMetricFamily(
        "lpr_decisions", "Decisions", labels=["gate", "action", "reason"]
    )
    latency = HistogramMetricFamily(
        "lpr_decision_latency_seconds", "From frame to decision", labels=["gate"]
    )
    for gate in figures.gates:
        armed.add_metric([gate.gate], float(gate.armed))
        for (action, reason), count in gate.decisions.items():
            decisions.add_metric([gate.gate, action, reason], count)
        _add_latency(latency, [gate.gate], gate.latency)
    yield armed
    yield decisions
    yield latency


def _site_metrics(figures: SiteFigures) -> Iterator[Metric]:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily

    entries = GaugeMetricFamily("lpr_list_entries", "Entries in use", labels=["list"])
    for kind, count in figures.entries.items():
        entries.add_metric([kind], count)
    yield entries
    yield CounterMetricFamily(
        "lpr_list_failures", "New lists that were refused", value=figures.list_failures
    )
    failures = CounterMetricFamily(
        "lpr_output_failures", "What an output could not take", labels=["output"]
    )
    waiting = GaugeMetricFamily(
        "lpr_output_waiting", "Messages that wait for their receiver", labels=["output"]
    )
    dropped = CounterMetricFamily(
        "lpr_output_dropped", "Messages given up or refused for good", labels=["output"]
    )
    for output in figures.outputs:
        failures.add_metric([output.name], output.failures)
        if output.waiting is not None:
            waiting.add_metric([output.name], output.waiting)
            dropped.add_metric([output.name], output.dropped + output.refused)
    yield failures
    yield waiting
    yield dropped
    free = float("nan") if figures.disk_free is None else float(figures.disk_free)
    yield GaugeMetricFamily("lpr_disk_free_bytes", "Free where decisions are kept", value=free)
    yield GaugeMetricFamily("lpr_problems", "Things that are wrong", value=len(figures.problems))
    yield GaugeMetricFamily("lpr_uptime_seconds", "Since the start", value=figures.uptime)
    yield InfoMetricFamily("lpr_build", "What runs", value={"version": __version__})


def _add_latency(family: Any, labels: list[str], latency: Latency) -> None:
    total = 0
    buckets: list[tuple[str, float]] = []
    for end, count in zip((*BUCKETS, float("inf")), latency.counts, strict=True):
        total += count
        buckets.append(("+Inf" if end == float("inf") else f"{end:g}", total))
    family.add_metric(labels, buckets=buckets, sum_value=latency.total)
