"""Measures detectors, recognizers and whole engines on labelled pictures and clips.

Every figure comes with its sample size and a 95% interval. Parts are taken as protocols, so that
anything can be measured, fakes included.
"""

from __future__ import annotations

from lpr.evaluate.clip_report import ClipsReport
from lpr.evaluate.datasets import data_folder, load_clips, load_negatives, load_plates, load_scenes
from lpr.evaluate.detection import evaluate_detection
from lpr.evaluate.detection_report import DetectionReport
from lpr.evaluate.endtoend import EndToEndReport, evaluate_end_to_end
from lpr.evaluate.events import evaluate_clips
from lpr.evaluate.recognition import evaluate_recognition
from lpr.evaluate.recognition_report import RecognitionReport
from lpr.evaluate.report import Report, write_report
from lpr.evaluate.track_report import TracksReport
from lpr.evaluate.tracks import evaluate_tracks

__all__ = [
    "ClipsReport",
    "DetectionReport",
    "EndToEndReport",
    "RecognitionReport",
    "Report",
    "TracksReport",
    "data_folder",
    "evaluate_clips",
    "evaluate_detection",
    "evaluate_end_to_end",
    "evaluate_recognition",
    "evaluate_tracks",
    "load_clips",
    "load_negatives",
    "load_plates",
    "load_scenes",
    "write_report",
]
