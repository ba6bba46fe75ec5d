"""What docs/integrations.md shows is right."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from lpr.settings import check_settings
from lpr.sinks.delivery_sink import DeliverySink
from lpr.sinks.message import OutboxMessage, envelope
from lpr.sinks.mqtt_settings import MqttSettings
from lpr.sinks.outbox_settings import OutboxSettings
from lpr.sinks.rotation import RotationSettings
from lpr.sinks.tls import TlsSettings
from lpr.sinks.webhook_settings import WebhookSettings
from lpr.types import PlateEvent

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "integrations.md").read_text("utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)


def toml(kind: str) -> dict[str, Any]:
    (text,) = blocks(f"toml {kind}")
    return tomllib.loads(text)


def test_the_webhooks_are_right() -> None:
    backend, home = toml("webhooks")["webhooks"]
    settings = check_settings(backend, WebhookSettings, "webhooks")
    # The page says that these are the defaults.
    assert settings.outbox == OutboxSettings()
    assert settings.signed
    assert not check_settings(home, WebhookSettings, "webhooks").signed


def test_the_broker_and_the_log_are_right() -> None:
    mqtt = check_settings(toml("mqtt")["mqtt"], MqttSettings, "mqtt")
    assert mqtt.home_assistant.enabled
    assert mqtt.tls is not None
    assert check_settings(toml("rotation"), RotationSettings, "log").keep == 30


def test_every_setting_is_on_the_page_and_the_other_way_round() -> None:
    webhooks, mqtt = (
        {
            name
            for row in PAGE.split(f"## {title}", 1)[1].split("\n## ", 1)[0].splitlines()
            if row.startswith("| `") and "lpr/" not in row and row.count("|") == 4
            for name in re.findall(r"`([a-z_]+)`", row.split("|")[1])
        }
        for title in ("Webhooks", "MQTT")
    )
    envelope_keys = set(json.loads(blocks("json message")[0]))
    assert webhooks - envelope_keys == set(WebhookSettings.model_fields) - envelope_keys
    assert mqtt == set(MqttSettings.model_fields)
    for name in (*TlsSettings.model_fields, *RotationSettings.model_fields):
        assert name in PAGE or name == "sync_seconds"


def test_the_message_is_one() -> None:
    shown = json.loads(blocks("json message")[0])
    message = OutboxMessage(
        shown["type"], shown["camera"], json.dumps(shown["data"]), shown["created"], shown["id"]
    )
    assert json.loads(envelope(message)) == shown


def test_the_python_runs(
    tmp_path: Path,
    event: PlateEvent,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LPR_WEBHOOK_SECRET", "a secret of thirty-two characters")
    # The receiver of the page does not exist; nothing is to look for it.
    monkeypatch.setattr(DeliverySink, "deliver", lambda self, message: self._outbox.append(message))
    _, webhook, log = blocks("python")
    exec(webhook, {"event": event, "decision": {"action": "open"}})  # noqa: S102 - the page's own
    assert "waiting=2" in capsys.readouterr().out
    exec(log, {"event": event})  # noqa: S102 - the page's own
    assert '"text":"AB123CD"' in capsys.readouterr().out
