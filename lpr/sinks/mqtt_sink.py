"""The sink that publishes events, decisions and the cameras' status to an MQTT broker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from lpr.sinks.delivery_sink import DeliverySink
from lpr.sinks.mqtt import MqttTransport
from lpr.sinks.mqtt_settings import MqttSettings


class MqttSink(DeliverySink):
    """Publishes events, decisions and the cameras' status.

    Args:
        path: the outbox file.
        transport: the connection; the sink closes it.
        settings: the broker.
        sources: address of each camera's source, without credentials; the camera's name elsewhere.

    Raises:
        OutputError: the outbox cannot be used.
    """

    def __init__(
        self,
        path: Path,
        transport: MqttTransport,
        *,
        settings: MqttSettings,
        sources: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(
            path,
            transport,
            settings=settings.outbox,
            name=transport.name,
            sources=sources,
            kinds=settings.events,
            decisions=settings.decisions,
            clear_text=settings.clear_text,
        )
        self._transport = transport

    def set_camera_status(self, camera: str, *, online: bool) -> None:
        """Publish whether a camera works, retained; never waits for the broker."""
        self._transport.set_camera_status(camera, online=online)


def build_mqtt(
    settings: MqttSettings,
    *,
    folder: Path,
    cameras: Sequence[str],
    sources: Mapping[str, str] | None = None,
) -> MqttSink:
    """Build the sink that publishes to a broker.

    Args:
        settings: the `[mqtt]` table.
        folder: where its outbox is, `mqtt.outbox` unless the settings name another file.
        cameras: names of the cameras: letters, digits, `_` and `-`.
        sources: address of each camera's source, without credentials; the camera's name elsewhere.

    Raises:
        ConfigError: the password or a certificate is missing or wrong.
        OutputError: the outbox cannot be used.
        MissingExtraError: paho-mqtt is not installed.
    """
    transport = MqttTransport(settings, cameras=cameras)
    return MqttSink(
        settings.outbox_file(folder),
        transport,
        settings=settings,
        sources=sources,
    )
