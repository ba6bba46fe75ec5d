"""What plates the vehicles of a recording really had: JSON lines, written by people."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from lpr.errors import ConfigError, did_you_mean
from lpr.gate.plate_text import PlateTextError, normalise

Label = tuple[str, int]
"""Camera and track."""

_FORM: Final = '{"camera": "north", "track_id": 3, "text": "AB123CD"}'
_KEYS: Final = ("camera", "track_id", "text")


def parse_labels(
    lines: Iterable[str],
    *,
    name: str = "labels",
    cameras: Collection[str] | None = None,
    renamed: Mapping[str, str] = MappingProxyType({}),
) -> dict[Label, str]:
    """Read labels: an object a line, `{"camera": "north", "track_id": 3, "text": "AB123CD"}`.

    Further keys are left alone: a line of an events file, its text put right, is a label.

    Args:
        lines: the lines of the file; empty ones are left out.
        name: what to call it in errors.
        cameras: those that there are; None takes any.
        renamed: the camera that another name stands for.

    Returns:
        (camera, track) -> plate, without separators.

    Raises:
        ConfigError: a line is no label, of no camera, or says another plate of a vehicle than the
            line before; the message has the line's number and the key.
    """
    labels: dict[Label, str] = {}
    first: dict[Label, int] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        where = f"{name}:{number}"
        (camera, track), plate = _parse(line, where, cameras)
        label = (renamed.get(camera, camera), track)
        known = labels.setdefault(label, plate)
        if known != plate:
            raise ConfigError(
                f"{where}: text: {plate}, but line {first[label]} has {known} "
                f"for the same vehicle, {label[0]}#{label[1]}"
            )
        first.setdefault(label, number)
    return labels


def _parse(line: str, where: str, cameras: Collection[str] | None) -> tuple[Label, str]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{where}: is no JSON ({error}); write {_FORM}") from error
    if not isinstance(record, dict):
        raise ConfigError(f"{where}: is no object; write {_FORM}")
    for key in _KEYS:
        if key not in record:
            close = [one for one in record if did_you_mean(one, [key])]
            hint = f", but {close[0]!r} is there" if close else f"; write {_FORM}"
            raise ConfigError(f"{where}: {key}: is missing{hint}")
    camera, track, text = (record[key] for key in _KEYS)
    if not isinstance(camera, str):
        raise ConfigError(f"{where}: camera: must be a text, the camera's name")
    if cameras is not None and camera not in cameras:
        hint = did_you_mean(camera, cameras) or f"; known: {', '.join(cameras)}"
        raise ConfigError(f"{where}: camera: there is no camera {camera!r}{hint}")
    if type(track) is not int:
        raise ConfigError(f"{where}: track_id: must be a whole number, as in the events")
    return (camera, track), _plate(text, where)


def _plate(text: Any, where: str) -> str:
    if not isinstance(text, str):
        raise ConfigError(f"{where}: text: must be a text, the plate")
    try:
        return normalise(text)
    except PlateTextError as error:
        raise ConfigError(f"{where}: text: {error}") from error
