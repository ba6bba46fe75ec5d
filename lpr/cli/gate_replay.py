"""What `lpr gate simulate` replays: recorded events, or videos that are played now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lpr.cli.failure import complain
from lpr.cli.usage import UsageError

if TYPE_CHECKING:
    from lpr.gate import DecisionRecord, GateConfig
    from lpr.types import PlateEvent

# No recording is this long, and no camera's clock is older than 2001.
_UNIX_TIME: Final = 1e9


@dataclass(frozen=True, slots=True)
class Replay:
    """What is replayed.

    Attributes:
        events: of cameras of the site.
        renamed: the camera of the site that another one in the sources stands for.
        recorded: camera and track of the vehicles whose events come from a file.
    """

    events: tuple[PlateEvent, ...]
    renamed: Mapping[str, str]
    recorded: frozenset[tuple[str, int]]


def replayed_events(sources: Iterable[str], site: GateConfig, camera: str | None) -> Replay:
    """Return the events of all sources; videos are played one after the other.

    Args:
        sources: files of events, or videos.
        site: the site.
        camera: the camera that took the videos, or whose events are under another name; None for
            videos where the site has one only.

    Raises:
        UsageError: the camera is not known, or not said.
        SourceError: a source cannot be read, or a line is no event.
    """
    if camera is not None:
        _check_camera(camera, site.camera_names)
    recorded: list[PlateEvent] = []
    renamed: dict[str, str] = {}
    videos: list[str] = []
    told: dict[tuple[str, int], str] = {}
    for source in sources:
        if not source.endswith((".jsonl", ".json")):
            videos.append(source)
            continue
        events = _recorded(Path(source))
        renamed |= _renamed(source, events, site, camera)
        for name, track in {(event.camera, event.track_id) for event in events}:
            if (name, track) in told:
                raise UsageError(
                    f"{told[name, track]} and {source} both have a track {track} of {name!r}, and "
                    "two vehicles would be one; simulate one of them at a time"
                )
        told |= {(event.camera, event.track_id): source for event in events}
        recorded.extend(events)
    alike = {event.camera for event in recorded} & {*renamed, *renamed.values()}
    if len(alike) > 1:
        raise UsageError(
            f"--camera {camera}: the events are of {' and '.join(sorted(alike))}, and tracks of "
            "the same number would be one; give those of one camera"
        )
    recorded = [
        replace(event, camera=renamed.get(event.camera, event.camera)) for event in recorded
    ]
    played: list[PlateEvent] = []
    for video in videos:
        played.extend(_after(recorded, played, _played(video, site, camera)))
    vehicles = frozenset((event.camera, event.track_id) for event in recorded)
    return Replay((*recorded, *played), renamed, vehicles)


def tell_unsure(what: Replay, records: Iterable[DecisionRecord], site: GateConfig) -> None:
    """Say how many recorded vehicles the gate might have let in, had it heard more of them.

    Args:
        what: what was replayed.
        records: what was decided, in order.
        site: the site.
    """
    from lpr.gate import Reason

    last = {
        (record.camera, record.track_id): record.decision.reason
        for record in records
        if record.decision.reason is not Reason.DEPARTED
    }
    unsure = (Reason.LOW_PROBABILITY, Reason.FEW_READINGS)
    count = sum(last.get(vehicle) in unsure for vehicle in what.recorded)
    if count:
        needed = max(gate.policy.min_probability for gate in site.gates)
        agreeing = max(gate.policy.min_agreeing for gate in site.gates)
        complain(
            f"{count} of {len(what.recorded)} vehicles ended in low_probability or few_readings; "
            "`lpr gate run` has a verdict said again when it is surer, `lpr run` only with "
            f"sure_probability = {needed:g}, early_probability = {needed:g} and "
            f"min_agreeing = {agreeing} in [voter] of its configuration"
        )


def replay_start(given: str | None, timezone: str, events: Sequence[PlateEvent]) -> datetime:
    """Return the wall clock at second 0 of the events; those of live cameras carry Unix time.

    Raises:
        ConfigError: it does not go with the events, or they do not go together.
        UsageError: it cannot be read.
    """
    from lpr.cli.usage import given_time
    from lpr.errors import ConfigError
    from lpr.gate.schedule import time_zone

    dated = {event.time >= _UNIX_TIME for event in events}
    if len(dated) > 1:
        raise ConfigError("events of live cameras and of recordings have no common time")
    if True in dated:
        if given is not None:
            raise ConfigError(
                "--start: the events are a live camera's and have dates; leave it out"
            )
        return datetime.fromtimestamp(0, UTC)
    return datetime.now(UTC) if given is None else given_time("--start", given, time_zone(timezone))


def read_labels(
    path: Path, cameras: Iterable[str], renamed: Mapping[str, str]
) -> dict[tuple[str, int], str]:
    """Return the labels of a file: (camera, track) -> plate.

    Args:
        path: the file.
        cameras: those of the site.
        renamed: what other names in it stand for.

    Raises:
        ConfigError: a line is no label, or is of none of the cameras.
        SourceError: the file cannot be read.
    """
    from lpr.gate import parse_labels

    known = sorted({*cameras, *renamed})
    return parse_labels(text_lines(path), name=str(path), cameras=known, renamed=renamed)


def _recorded(path: Path) -> list[PlateEvent]:
    from lpr.errors import SourceError
    from lpr.gate import read_events

    lines = text_lines(path)
    try:
        return list(read_events(lines))
    except SourceError as error:
        raise SourceError(f"{path}: {error}") from error


def text_lines(path: Path) -> list[str]:
    """Return the lines of a text file.

    Raises:
        SourceError: it cannot be read.
    """
    from lpr.errors import SourceError

    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SourceError(f"{path}: is no UTF-8 text; is it a file of events?") from error


def _played(source: str, site: GateConfig, camera: str | None) -> list[PlateEvent]:
    from lpr.factory import build_engine
    from lpr.roi import leaves
    from lpr.service.build import camera_engines, engine_config
    from lpr.sources import open_source
    from lpr.sources.address import redact_one, scheme_of

    shown = redact_one(source) if scheme_of(source) else source
    name = _camera(camera, site.camera_names, shown)
    settings = camera_engines(site, engine_config(site))[name]
    media = open_source(source)
    engine = build_engine(settings, camera=name)
    events: list[PlateEvent] = []
    for number, result in enumerate(engine.run(media)):
        # Only its first picture tells whether a video is turned.
        if number == 0 and leaves(settings.roi, media.info.width, media.info.height):
            size = f"{media.info.width}x{media.info.height}"
            complain(f"{shown}: camera {name!r}: roi reaches beyond the picture, which is {size}")
        events.extend(result.events)
    return events


def _after(
    recorded: Sequence[PlateEvent], played: Sequence[PlateEvent], events: Iterable[PlateEvent]
) -> list[PlateEvent]:
    """Return the events of a video that begins where the one played before it ended.

    Each video counts its tracks from 1; the same number would make two vehicles one.
    """
    time = max((event.time for event in played), default=0.0)
    track = max((event.track_id for event in (*recorded, *played)), default=0)
    return [
        replace(
            event,
            track_id=event.track_id + track,
            first_seen=event.first_seen + time,
            time=event.time + time,
        )
        for event in events
    ]


def _renamed(
    source: str, events: Iterable[PlateEvent], site: GateConfig, camera: str | None
) -> dict[str, str]:
    """What cameras that the site does not have stand for: `lpr run` names them by their file.

    Silence would deny every vehicle, and call no opening false.
    """
    known = site.camera_names
    unknown = {event.camera for event in events} - set(known)
    if not unknown:
        return {}
    if camera is None:
        names = " and ".join(repr(name) for name in sorted(unknown))
        raise UsageError(
            f"{source}: the site has no camera {names}; say which one it is: "
            f"--camera, {' or '.join(known)}"
        )
    return dict.fromkeys(unknown, _camera(camera, known, source))


def _camera(wanted: str | None, known: tuple[str, ...], source: str) -> str:
    """The camera that a source is taken to be of."""
    if wanted is not None:
        return wanted
    if len(known) == 1:
        return known[0]
    raise UsageError(f"{source}: say which camera took it: --camera, {' or '.join(known)}")


def _check_camera(wanted: str, known: tuple[str, ...]) -> None:
    """Whatever is replayed: where nothing needs the name, a wrong one would go unnoticed."""
    from lpr.errors import did_you_mean

    if wanted not in known:
        hint = did_you_mean(wanted, known)
        raise UsageError(
            f"--camera: there is no camera {wanted!r}{hint}; known: {', '.join(known)}"
        )
