"""Where events go: JSON lines, CSV, several at once; and the JSON contract itself."""

from lpr.sinks.csv import CsvSink
from lpr.sinks.fanout import FanoutSink
from lpr.sinks.jsonl import JsonlSink
from lpr.sinks.output import LineOutput
from lpr.sinks.picture import PicturePlate, PictureResult, picture_to_json
from lpr.sinks.safe import csv_cell, safe_text
from lpr.sinks.wire import SCHEMA, event_from_json, event_to_json, from_line, to_line

__all__ = [
    "SCHEMA",
    "CsvSink",
    "FanoutSink",
    "JsonlSink",
    "LineOutput",
    "PicturePlate",
    "PictureResult",
    "csv_cell",
    "event_from_json",
    "event_to_json",
    "from_line",
    "picture_to_json",
    "safe_text",
    "to_line",
]
