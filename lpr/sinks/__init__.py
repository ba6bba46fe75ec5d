"""Where events go: JSON lines, CSV, webhooks, MQTT, several at once; and the JSON contract."""

from lpr.sinks.csv import CsvSink
from lpr.sinks.delivery import Delivery, Outcome, Transport
from lpr.sinks.delivery_sink import DeliverySink
from lpr.sinks.fanout import FanoutSink
from lpr.sinks.jsonl import JsonlSink
from lpr.sinks.message import OutboxMessage, decision_message, envelope, event_message
from lpr.sinks.mqtt_settings import MqttSettings
from lpr.sinks.mqtt_sink import MqttSink, build_mqtt
from lpr.sinks.outbox import Outbox, OutboxCounts
from lpr.sinks.outbox_settings import OutboxSettings
from lpr.sinks.output import LineOutput
from lpr.sinks.picture import PicturePlate, PictureResult, picture_to_json
from lpr.sinks.picture_csv import PictureCsv
from lpr.sinks.rotated_files import log_files, read_log
from lpr.sinks.rotation import RotatingOutput, RotationSettings
from lpr.sinks.safe import csv_cell, safe_text
from lpr.sinks.webhook import build_webhook
from lpr.sinks.webhook_settings import WebhookSettings
from lpr.sinks.wire import SCHEMA, event_from_json, event_to_json, from_line, to_line

__all__ = [
    "SCHEMA",
    "CsvSink",
    "Delivery",
    "DeliverySink",
    "FanoutSink",
    "JsonlSink",
    "LineOutput",
    "MqttSettings",
    "MqttSink",
    "Outbox",
    "OutboxCounts",
    "OutboxMessage",
    "OutboxSettings",
    "Outcome",
    "PictureCsv",
    "PicturePlate",
    "PictureResult",
    "RotatingOutput",
    "RotationSettings",
    "Transport",
    "WebhookSettings",
    "build_mqtt",
    "build_webhook",
    "csv_cell",
    "decision_message",
    "envelope",
    "event_from_json",
    "event_message",
    "event_to_json",
    "from_line",
    "log_files",
    "picture_to_json",
    "read_log",
    "safe_text",
    "to_line",
]
