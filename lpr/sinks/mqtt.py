"""Messages to an MQTT broker, acknowledged one by one; a last will tells when we are gone."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Sequence
from importlib import import_module, metadata
from typing import Any, Final

from lpr.errors import ConfigError, MissingExtraError, OutputError
from lpr.secret import read_secret
from lpr.sinks.delivery import DELIVERED, Delivery, Outcome
from lpr.sinks.home_assistant import OFFLINE, ONLINE, birth_topic, discovery
from lpr.sinks.message import OutboxMessage, envelope
from lpr.sinks.mqtt_settings import MqttSettings
from lpr.sinks.tls import tls_context
from lpr.sinks.topics import Topics

_log = logging.getLogger(__name__)

_LONGEST_RECONNECT: Final = 30
_CLOSE_WAIT: Final = 2.0
_OVERHEAD: Final = 32
"""Bytes of a packet beside topic and body, at most."""
_CAMERA: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_MAY_PASS: Final = frozenset({0x80, 0x83, 0x97})
"""Reason codes of MQTT 5: unspecified error, implementation specific error, quota exceeded."""
_NO_MESSAGES_FAULT: Final = frozenset({0x89, 0x8B, 0x8D, 0x8E, 0x98, 0x9C, 0x9D, 0x9F, 0xA0})
"""Reason codes with which a connection ends, whatever was sent: busy, shutting down, keep alive
timeout, session taken over, administrative action, another server, server moved, rate, time."""
_LOOK_EVERY: Final = 0.2


class MqttTransport:
    """Publishes messages with QoS 1; the connection is kept by a thread of its own.

    `PREFIX/status` is `online`, or `offline` by the last will, retained. The cameras are announced
    to Home Assistant at each connection and whenever it starts. A message for which the broker
    closes the connection, twice, counts as refused: in MQTT 3.1.1 it cannot say no otherwise.

    Args:
        settings: the broker.
        cameras: the cameras that have a status and are announced.

    Raises:
        ConfigError: the password or a certificate is missing or wrong, or a camera's name has
            more than letters, digits, `_` and `-`.
        MissingExtraError: paho-mqtt is not installed.
    """

    def __init__(self, settings: MqttSettings, *, cameras: Sequence[str]) -> None:
        self._paho = _import_paho()
        self._settings, self._topics = settings, Topics(settings.prefix)
        self._port = settings.port or (1883 if settings.tls is None else 8883)
        self.name = f"mqtt {settings.host}:{self._port}"
        for camera in cameras:
            if not _CAMERA.fullmatch(camera):
                raise ConfigError(
                    f"{self.name}: camera {camera!r:.80}: a name has letters, digits, _ and -"
                )
        self._cameras = dict.fromkeys(cameras, True)
        self._lock = threading.Lock()
        self._connected, self._broke = threading.Event(), threading.Event()
        self._blamed, self._suspect = False, ""
        self._refused: dict[int, Delivery] = {}
        self._problem = ""
        self._largest: int | None = None
        self._sent: dict[str, Any] = {}
        self._states: set[int] = set()
        self._stale: set[int] = set()
        self._reached: Callable[[], None] = lambda: None
        self._started = self._closed = False
        self._secret = self._password()
        self._tls = None if settings.tls is None else tls_context(settings.tls)
        self._client = self._make_client()

    def start(self, reached: Callable[[], None]) -> None:
        """Begin to connect, and go on until it succeeds."""
        self._reached, self._started = reached, True
        self._connect()

    def deliver(self, message: OutboxMessage) -> Delivery:
        """Publish one message and wait until the broker has acknowledged it."""
        if self._sent and self._broke.is_set():
            blamed = self._blamed and message.key in self._sent
            return self._begin_anew(message.key if blamed else "")
        if not self._connected.is_set():
            return Delivery(Outcome.UNREACHABLE, "not connected")
        try:
            topic = self._topics.messages(message.camera, message.kind)
        except OutputError as error:
            return Delivery(Outcome.REFUSED, str(error))
        body = envelope(message)
        if self._largest is not None and len(topic) + len(body) + _OVERHEAD > self._largest:
            return Delivery(Outcome.REFUSED, f"the broker takes {self._largest} bytes at most")
        self._drop_other_refusals()
        info = self._sent.pop(message.key, None)
        if info is None:
            self._broke.clear()
            info = self._client.publish(topic, body, qos=1)
        try:
            acknowledged = self._await(info)
        except (RuntimeError, ValueError):
            return self._begin_anew("")
        if acknowledged:
            with self._lock:
                return self._refused.pop(info.mid, DELIVERED)
        if self._broke.is_set():
            return self._begin_anew(message.key if self._blamed else "")
        self._sent[message.key] = info
        return Delivery(Outcome.UNREACHABLE, "no acknowledgement in time")

    def set_camera_status(self, camera: str, *, online: bool) -> None:
        """Publish whether a camera works, retained; at once, or when the broker is there.

        Raises:
            ValueError: there is no such camera.
        """
        with self._lock:
            if camera not in self._cameras:
                raise ValueError(f"{self.name}: there is no camera {camera!r}")
            self._cameras[camera] = online
        if self._connected.is_set():
            self._publish_camera(camera, online)

    def close(self) -> None:
        """Publish `offline` and disconnect, in about two seconds; closing twice is harmless."""
        with self._lock:
            if self._closed or not self._started:
                return
            self._closed = True
        if self._connected.is_set():
            info = self._publish(self._topics.status, OFFLINE)
            try:
                info.wait_for_publish(_CLOSE_WAIT)
            except (RuntimeError, ValueError) as error:
                _log.debug("%s: the last status was not sent: %s", self.name, error)
        _end(self._client).join(_CLOSE_WAIT)

    def _connect(self) -> None:
        self._client.connect_async(
            self._settings.host,
            self._port,
            keepalive=self._settings.keepalive,
            **({"clean_start": True} if self._settings.protocol == "5" else {}),
        )
        self._client.loop_start()

    def _await(self, info: Any) -> bool:
        """Wait until a message is acknowledged, the connection breaks or it takes too long."""
        deadline = time.monotonic() + self._settings.timeout
        while not info.is_published() and not self._broke.is_set():
            left = deadline - time.monotonic()
            if left <= 0:
                break
            info.wait_for_publish(min(left, _LOOK_EVERY))
        return bool(info.is_published())

    def _begin_anew(self, blamed: str) -> Delivery:
        """Connect with a client that knows of no message: paho sends for ever what it knows of.

        Args:
            blamed: key of the message for which the broker may have closed the connection; empty
                where there is none.
        """
        with self._lock:
            if not self._closed:
                _end(self._client)
                self._connected.clear()
                for old in (self._sent, self._refused, self._states, self._stale):
                    old.clear()
                self._client = self._make_client()
                self._connect()
        # Once may be chance: a broker that stops does not acknowledge either.
        if blamed and blamed == self._suspect:
            return Delivery(Outcome.REFUSED, "the broker closed the connection for it")
        self._suspect = blamed or self._suspect
        return Delivery(Outcome.UNREACHABLE, "the connection broke")

    def _make_client(self) -> Any:
        settings, paho = self._settings, self._paho
        client = paho.Client(
            paho.CallbackAPIVersion.VERSION2,
            client_id=settings.client_id or f"lpr-{self._topics.site}",
            protocol=paho.MQTTv5 if settings.protocol == "5" else paho.MQTTv311,
            **({} if settings.protocol == "5" else {"clean_session": True}),
        )
        if settings.username is not None:
            client.username_pw_set(settings.username, self._secret)
        if self._tls is not None:
            client.tls_set_context(self._tls)
        client.will_set(self._topics.status, OFFLINE, qos=1, retain=True)
        client.connect_timeout = settings.timeout
        client.reconnect_delay_set(1, _LONGEST_RECONNECT)
        client.on_connect, client.on_disconnect = self._on_connect, self._on_disconnect
        client.on_connect_fail, client.on_publish = self._on_connect_fail, self._on_publish
        client.on_message = self._on_message
        return client

    def _password(self) -> str | None:
        settings = self._settings
        if settings.password_env is None and settings.password_file is None:
            return None
        return read_secret(settings.password_env, settings.password_file, f"{self.name}: password")

    def _on_connect(self, client: Any, _data: Any, _flags: Any, code: Any, more: Any) -> None:
        if client is not self._client:
            return
        if code.is_failure:
            self._complain(f"refused the connection: {code}")
            return
        self._problem = ""
        # MQTT 5 tells it; in 3.1.1 a broker can only close the connection.
        self._largest = getattr(more, "MaximumPacketSize", None)
        _log.info("%s: connected", self.name)
        if self._settings.home_assistant.enabled:
            client.subscribe(birth_topic(self._settings.home_assistant), qos=1)
        with self._lock:
            self._stale |= self._states
            self._states.clear()
        self._announce()
        self._connected.set()
        self._reached()

    def _on_disconnect(self, client: Any, _data: Any, _flags: Any, code: Any, _more: Any) -> None:
        if client is not self._client:
            return
        was_connected = self._connected.is_set()
        self._connected.clear()
        with self._lock:
            # A state that was not acknowledged either may be to blame as well.
            self._blamed = code.value not in _NO_MESSAGES_FAULT and not self._states
        self._broke.set()
        if was_connected and not self._closed:
            self._complain(f"disconnected: {code}")

    def _on_connect_fail(self, _client: Any, _data: Any) -> None:
        self._complain("cannot be reached")

    def _complain(self, problem: str) -> None:
        """Log a problem once, until it is another one."""
        if problem != self._problem:
            self._problem = problem
            _log.warning("%s: %s", self.name, problem)

    def _on_publish(self, client: Any, _data: Any, mid: int, code: Any, _more: Any) -> None:
        with self._lock:
            if client is not self._client:
                return
            stale = mid in self._stale
            self._states.discard(mid)
            self._stale.discard(mid)
            if code.is_failure:
                outcome = Outcome.BUSY if code.value in _MAY_PASS else Outcome.REFUSED
                self._refused[mid] = Delivery(outcome, f"the broker refuses: {code}")
        if stale:
            # A state from before the connection broke came after the newer one.
            self._announce()

    def _drop_other_refusals(self) -> None:
        """Forget refusals of states, so that none is taken for that of a later message."""
        waiting = {info.mid for info in self._sent.values()}
        with self._lock:
            others = [mid for mid in self._refused if mid not in waiting]
            dropped = [self._refused.pop(mid) for mid in others]
        if dropped:
            self._complain(f"a status was not taken: {dropped[0].reason}")

    def _on_message(self, _client: Any, _data: Any, message: Any) -> None:
        """Home Assistant has started: it may have forgotten us."""
        if message.payload == ONLINE.encode() and not message.retain:
            self._announce()

    def _announce(self) -> None:
        with self._lock:
            cameras = dict(self._cameras)
        if self._settings.home_assistant.enabled:
            for camera in cameras:
                for topic, payload in discovery(
                    self._settings.home_assistant,
                    self._topics,
                    camera,
                    decisions=self._settings.decisions,
                    version=_version(),
                ).items():
                    self._publish(topic, payload)
        for camera, online in cameras.items():
            self._publish_camera(camera, online)
        self._publish(self._topics.status, ONLINE)

    def _publish_camera(self, camera: str, online: bool) -> None:
        self._publish(self._topics.camera_status(camera), ONLINE if online else OFFLINE)

    def _publish(self, topic: str, payload: str) -> Any:
        """Publish a retained state."""
        info = self._client.publish(topic, payload, qos=1, retain=True)
        with self._lock:
            self._states.add(info.mid)
        return info


def _end(client: Any) -> threading.Thread:
    """Disconnect; a thread waits for its network thread, which may be busy connecting.

    Both die with the process.
    """
    client.disconnect()
    stopping = threading.Thread(target=client.loop_stop, daemon=True)
    stopping.start()
    return stopping


def _version() -> str:
    try:
        return metadata.version("lpr")
    except metadata.PackageNotFoundError:
        return "unknown"


def _import_paho() -> Any:
    try:
        return import_module("paho.mqtt.client")
    except ImportError as error:
        raise MissingExtraError("paho-mqtt", "gate") from error
