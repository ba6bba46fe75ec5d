"""The health file: one JSON object, put in place of the last one about once a second."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from lpr import __version__
from lpr.service.figures import GateFigures, SiteFigures
from lpr.service.keeper import CameraFigures

_LOG = logging.getLogger(__name__)

SCHEMA: Final = 1
_PACKAGES: Final = ("av", "numpy", "onnxruntime", "opencv-python-headless", "pydantic")


class HealthFile:
    """Writes what the service knows of itself. No plate is in it.

    Args:
        path: the file; readers see the old one or the new one, never half of one.
        models: task -> name of the network in use.
    """

    def __init__(self, path: Path, *, models: Mapping[str, str]) -> None:
        self._path = path
        self._models = dict(models)
        self._failed = False

    def write(self, figures: SiteFigures, *, state: str) -> None:
        """Write the file; a failure is told once, and tried again."""
        temporary = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        text = json.dumps(self._content(figures, state), indent=1, allow_nan=False)
        try:
            temporary.write_text(text + "\n", encoding="ascii")
            temporary.replace(self._path)
        except OSError as error:
            if not self._failed:
                _LOG.error("%s: cannot be written: %s", self._path, error.strerror)
            self._failed = True
            return
        self._failed = False

    def _content(self, figures: SiteFigures, state: str) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "time": figures.now.isoformat(),
            "pid": os.getpid(),
            "uptime": round(figures.uptime, 1),
            "state": state,
            "armed": any(gate.armed for gate in figures.gates),
            "problems": list(figures.problems),
            "cameras": [_camera(one, figures) for one in figures.cameras],
            "gates": [_gate(one) for one in figures.gates],
            "lists": {
                "entries": dict(figures.entries),
                "loaded": figures.lists_loaded.isoformat(),
                "problem": figures.lists_problem,
            },
            "outputs": [
                {
                    "name": one.name,
                    "failures": one.failures,
                    "waiting": one.waiting,
                    "refused": one.refused,
                    "dropped": one.dropped,
                    "problem": one.problem,
                }
                for one in figures.outputs
            ],
            "disk_free_mb": None if figures.disk_free is None else figures.disk_free // 1_000_000,
            "versions": {"lpr": __version__, **package_versions(), **self._models},
        }


@cache
def package_versions() -> Mapping[str, str]:
    """Name -> version of the packages that the figures depend on."""
    found: dict[str, str] = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _camera(one: CameraFigures, figures: SiteFigures) -> dict[str, Any]:
    latency = figures.frames[one.camera]
    return {
        "name": one.camera,
        "gate": figures.camera_gates[one.camera],
        "state": one.status.state.value,
        "reason": one.status.reason,
        "last_frame_age": _rounded(one.frame_age),
        "fps": one.fps,
        "frames": one.stats.frames,
        "looked_at": one.looked,
        "still": one.stats.still,
        "dropped": one.stats.dropped,
        "damaged": one.stats.damaged,
        "losses": one.stats.losses,
        "jumps": one.stats.jumps,
        "reader_restarts": one.stats.restarts,
        "worker_restarts": one.restarts,
        "worker_pid": one.pid,
        "queue": one.queue,
        "latency_p50": _rounded(latency.share(0.5)),
        "latency_p95": _rounded(latency.share(0.95)),
    }


def _gate(one: GateFigures) -> dict[str, Any]:
    return {
        "name": one.gate,
        "armed": one.armed,
        "decisions": sum(one.decisions.values()),
        "last_action": None if one.last is None else one.last.action.value,
        "last_reason": None if one.last is None else one.last.reason.value,
        "last_time": None if one.last_at is None else one.last_at.isoformat(),
        "decision_p95": _rounded(one.latency.share(0.95)),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
