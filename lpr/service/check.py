"""What `lpr gate check` tries out: disk, store, outputs, relays, cameras. Nothing is opened."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from lpr.errors import LprError, MissingExtraError, OutputError
from lpr.gate.camera_settings import CameraSettings
from lpr.gate.config import GateConfig
from lpr.gate.decision_lock import is_held
from lpr.gate.gpio_relay import GpioRelaySettings
from lpr.gate.http_relay import HttpRelay, HttpRelaySettings
from lpr.gate.secret_variables import secret_variables
from lpr.gate.serial_relay import SerialRelaySettings
from lpr.registry import find_model
from lpr.roi import leaves
from lpr.secret import read_secret
from lpr.service.build import camera_engines, engine_config, site_models, site_plates
from lpr.service.metrics import try_port
from lpr.service.service import free_bytes
from lpr.service.setup import live_address
from lpr.sinks.mqtt import MqttTransport
from lpr.sinks.webhook import WebhookTransport
from lpr.sinks.webhook_settings import WebhookSettings
from lpr.sources import CameraSource, LiveOptions, open_source
from lpr.store import StoreSettings, open_store

if TYPE_CHECKING:
    from lpr.store import EventStore

_PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried.

    Attributes:
        what: what it is.
        good: whether it works.
        text: what was found, without secrets.
    """

    what: str
    good: bool
    text: str

    def __str__(self) -> str:
        return f"{self.what}: {'' if self.good else 'FAILED: '}{self.text}"


def check_site(config: GateConfig) -> Iterator[Finding]:
    """Yield what is found, as it is found; slow things come last.

    Args:
        config: the site.
    """
    yield from _check_models(config)
    yield from _check_secrets(config)
    if config.service.metrics.enabled:
        yield _check_metrics(config)
    yield _check_disk(config)
    if config.store is not None:
        yield _check_store(config)
    for webhook in config.webhooks:
        if webhook.url is not None:
            yield _check_port(f"webhook {webhook.name}", webhook.url)
    if config.mqtt is not None:
        port = config.mqtt.port or (1883 if config.mqtt.tls is None else 8883)
        yield _check_port("mqtt", f"mqtt://{config.mqtt.host}:{port}")
    yield from _check_relays(config)
    rois, secrets = _rois(config), secret_variables(config)
    for gate in config.gates:
        for camera in gate.cameras:
            yield _check_camera(camera, rois.get(camera.name), secrets)


def _check_models(config: GateConfig) -> Iterator[Finding]:
    try:
        engine = engine_config(config)
        camera_engines(config, engine)
        for name in site_models(engine).values():
            find_model(name)
            yield Finding(f"model {name}", good=True, text="found")
    except LprError as error:
        yield Finding("engine", good=False, text=str(error))


def _check_secrets(config: GateConfig) -> Iterator[Finding]:
    """Whether what `lpr gate run` logs in with is there; the store and cameras tell of theirs."""
    metrics = config.service.metrics
    if metrics.enabled and metrics.guarded:
        token = partial(read_secret, metrics.token_env, metrics.token_file, "metrics: token")
        yield _check_secret("metrics", token)
    for webhook in config.webhooks:
        yield _check_secret(f"webhook {webhook.name}", partial(_make_webhook, webhook))
    if config.mqtt is not None:
        # It connects when it is started, not before.
        yield _check_secret("mqtt", partial(MqttTransport, config.mqtt, cameras=()))
    for name, relay in _http_relays(config):
        yield _check_secret(f"gate {name}", partial(_make_relay, relay, name))


def _http_relays(config: GateConfig) -> Iterator[tuple[str, HttpRelaySettings]]:
    """The relays of the gates that open, with the gates' names."""
    for gate in config.gates:
        if config.opens(gate) and isinstance(gate.actuator, HttpRelaySettings):
            yield gate.name, gate.actuator


def _check_relays(config: GateConfig) -> Iterator[Finding]:
    """Whether the relays of the gates that open could be pulled; no relay is told anything."""
    for gate in config.gates:
        relay, what = gate.actuator, f"gate {gate.name}: relay"
        if not config.opens(gate):
            continue
        if isinstance(relay, HttpRelaySettings):
            yield _check_port(what, relay.url)
        elif isinstance(relay, SerialRelaySettings):
            yield _check_package(what, "serial", "pyserial", "gate")
            yield _check_serial_port(what, relay.port)
        elif isinstance(relay, GpioRelaySettings):
            yield _check_package(what, "gpiozero", "gpiozero", "gpio")


def _check_package(what: str, module: str, package: str, extra: str) -> Finding:
    try:
        import_module(module)
    except ImportError:
        return Finding(what, good=False, text=str(MissingExtraError(package, extra)))
    return Finding(what, good=True, text=f"{package} is installed")


def _check_serial_port(what: str, port: str) -> Finding:
    """Whether a serial port is there and ours; to open it would move its control lines."""
    if os.name == "nt":
        return Finding(what, good=True, text=f"{port}: only `lpr gate run` tries it")
    if not Path(port).exists():
        text = f"{port}: does not exist; is the relay plugged in?"
        return Finding(what, good=False, text=text)
    if not os.access(port, os.R_OK | os.W_OK):
        text = f"{port}: may not be written; is this user in the group that may (dialout)?"
        return Finding(what, good=False, text=text)
    return Finding(what, good=True, text=f"{port} can be written")


def _make_webhook(settings: WebhookSettings) -> None:
    WebhookTransport(settings).close()


def _make_relay(settings: HttpRelaySettings, gate: str) -> None:
    HttpRelay(settings, gate=gate).close()


def _check_secret(what: str, use: Callable[[], object]) -> Finding:
    try:
        use()
    except LprError as error:
        return Finding(what, good=False, text=str(error))
    return Finding(what, good=True, text="its secrets are there")


def _check_metrics(config: GateConfig) -> Finding:
    """Whether the figures can be served; the site's own service may do so at the moment."""
    settings, what = config.service.metrics, "metrics port"
    installed = _check_package(what, "prometheus_client", "prometheus-client", "gate")
    if not installed.good:
        return installed
    where = f"{settings.url_host}:{settings.port}"
    try:
        try_port(settings)
    except OutputError as error:
        if is_held(config.decisions):
            return Finding(what, good=True, text=f"{where}: taken, and this site is running")
        return Finding(what, good=False, text=str(error).removeprefix("metrics: "))
    return Finding(what, good=True, text=f"{where} is free")


def _check_disk(config: GateConfig) -> Finding:
    """Whether decisions can be written, and how much room there is."""
    folder = config.decisions.parent
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"lpr")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return Finding("disk", good=False, text=f"{folder}: cannot be written: {error.strerror}")
    free = free_bytes(config.decisions)
    if free is None:
        return Finding("disk", good=True, text="can be written; the free space is not known")
    enough = free >= config.service.min_free_mb * 1_000_000
    return Finding("disk", good=enough, text=f"{free // 1_000_000} MB are free")


def _check_store(config: GateConfig) -> Finding:
    """Whether the store opens. The service makes its files and changes its key, not the check.

    Whoever checks may be another account, and a service may be running under the key before.
    """
    settings = config.store
    assert settings is not None
    try:
        if _is_new(settings):
            return _check_new_store(settings)
        with open_store(settings, rehearse=True) as store:
            return _check_open_store(config, store)
    except LprError as error:
        return Finding("store", good=False, text=str(error))


def _is_new(settings: StoreSettings) -> bool:
    """Whether the store is an SQLite file that is yet to be made."""
    if settings.url is not None or settings.url_env is not None or settings.url_file is not None:
        return False
    try:
        return settings.database.stat().st_size == 0
    except FileNotFoundError:
        return True
    except OSError:
        return False


def _check_new_store(settings: StoreSettings) -> Finding:
    """Make the store beside its place, and take it away again."""
    place = settings.database
    try:
        with tempfile.TemporaryDirectory(dir=place.parent, prefix=".lpr-check-") as folder:
            trial = settings.model_copy(update={"database": Path(folder) / place.name})
            open_store(trial).close()
    except OSError as error:
        text = f"{place.parent}: cannot be written: {error.strerror}"
        return Finding("store", good=False, text=text)
    return Finding("store", good=True, text=f"{place} can be made")


def _check_open_store(config: GateConfig, store: EventStore) -> Finding:
    entries = ""
    if store.migration.changed:
        entries = ", and is brought up to date by the service"
    elif config.store_lists:
        site_plates(config, store)
        entries = f", {len(store.plates())} list entries"
    return Finding("store", good=True, text=f"{store.name} opens{entries}")


def _check_port(what: str, address: str) -> Finding:
    """Whether something listens; nothing is sent."""
    parts = urlsplit(address)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    where = f"{parts.hostname}:{port}"
    try:
        with socket.create_connection((parts.hostname or "", port), _PATIENCE):
            return Finding(what, good=True, text=f"{where} can be reached")
    # The name cannot even be asked for: a part of it is empty or too long.
    except UnicodeError:
        return Finding(what, good=False, text=f"{where}: is no host name")
    except OSError as error:
        return Finding(what, good=False, text=f"{where}: {error.strerror or error}")


def _rois(config: GateConfig) -> dict[str, tuple[int, int, int, int] | None]:
    try:
        engines = camera_engines(config, engine_config(config))
    except LprError:  # `_check_models` has told of it
        return {camera.name: camera.roi for gate in config.gates for camera in gate.cameras}
    return {name: engine.roi for name, engine in engines.items()}


def _check_camera(
    camera: CameraSettings, roi: tuple[int, int, int, int] | None, secrets: frozenset[str]
) -> Finding:
    what = f"camera {camera.name}"
    if camera.source is None:
        return Finding(what, good=False, text="has no source; `lpr gate run` needs it")
    options = LiveOptions(timeout=camera.timeout, transport=camera.transport, withheld=secrets)
    try:
        if camera.replay is not None:
            with open_source(camera.source, live=options) as clip:
                if not clip.info.live:  # only its first picture tells whether a video is turned
                    next(iter(clip), None)
                size = clip.info
        else:
            with CameraSource(live_address(camera.address()), options=options) as live:
                size = live.info
    except LprError as error:
        return Finding(what, good=False, text=str(error))
    rate = f", {size.fps:.3g} pictures a second" if size.fps else ""
    text = f"{size.address} answers: {size.width}x{size.height}{rate}"
    if leaves(roi, size.width, size.height):
        return Finding(what, good=False, text=f"{text}; roi reaches beyond the picture")
    return Finding(what, good=True, text=text)
