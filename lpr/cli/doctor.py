"""`lpr doctor`: will this camera read plates?"""

from __future__ import annotations

import math
import re
import statistics
import time
from typing import TYPE_CHECKING, Annotated

import typer

from lpr.cli.exit_codes import ExitCode
from lpr.cli.failure import clean_exit, complain
from lpr.cli.options import Config, engine_config

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from lpr.sources import MediaSource
    from lpr.types import Frame


def doctor(
    source: Annotated[
        str | None, typer.Argument(help="A video or camera to measure; geometry options without.")
    ] = None,
    distance: Annotated[float, typer.Option(help="Metres to the plate.")] = 20.0,
    camera_height: Annotated[float, typer.Option(help="Metres above the plate.")] = 2.0,
    fov: Annotated[float, typer.Option(help="Horizontal angle of view, degrees.")] = 60.0,
    resolution: Annotated[str, typer.Option(help="Picture size.")] = "1920x1080",
    speed: Annotated[float, typer.Option(help="Fastest vehicle, km/h.")] = 20.0,
    exposure: Annotated[float, typer.Option(help="Shutter time, seconds.")] = 0.004,
    seconds: Annotated[float, typer.Option(help="How long to look at a source.", min=0.1)] = 60.0,
    config: Config = None,
) -> None:
    """Say whether a camera can read plates, measured from video or computed; exit 1 if not."""
    with clean_exit():
        _require_finite(
            {
                "--distance": distance,
                "--camera-height": camera_height,
                "--fov": fov,
                "--speed": speed,
                "--exposure": exposure,
                "--seconds": seconds,
            }
        )
        if source is None:
            advice = _compute(distance, camera_height, fov, resolution, speed, exposure)
        else:
            advice = _measure(source, seconds, config)
        for line in advice:
            print(f"- {line}")
        if not advice:
            print("it will read")
    if advice:
        raise typer.Exit(ExitCode.LIMIT_MISSED)


def _require_finite(options: Mapping[str, float]) -> None:
    """What is no number compares as no worse than any limit."""
    from lpr.cli.usage import UsageError

    for name, value in options.items():
        if not math.isfinite(value):
            raise UsageError(f"{name} {value}: must be a finite number")


def _compute(
    distance: float, height: float, fov: float, resolution: str, speed: float, exposure: float
) -> Sequence[str]:
    from lpr.cli.usage import UsageError
    from lpr.doctor.geometry import Mounting, see

    size = re.fullmatch(r"([1-9]\d{1,4})x[1-9]\d{1,4}", resolution.lower())
    if size is None:
        raise UsageError(f"--resolution {resolution}: is no picture size like 1920x1080")
    try:
        width = int(size[1])
        view = see(Mounting(height, distance, fov, width, speed, exposure))
    except ValueError as error:
        raise UsageError(f"the camera's geometry is not possible: {error}") from error
    print(
        f"at {distance:g} m under {fov:g} degrees: plate {view.plate_width:.0f} pixels wide, "
        f"characters {view.character_height:.1f} high, blur {view.blur:.1f}"
    )
    return view.advice


def _frames(media: MediaSource, seconds: float) -> Iterator[Frame]:
    """A source's frames; a camera that is lost meanwhile is waited for no longer than this."""
    from lpr.sources import CameraSource

    if not isinstance(media, CameraSource) or not media.info.live:
        yield from media
        return
    end = time.monotonic() + seconds
    while not media.ended and time.monotonic() < end:
        frame = media.poll()
        if frame is not None:
            yield frame


def _measure(source: str, seconds: float, config: Path | None) -> Sequence[str]:
    from lpr.doctor.measure import CameraCheck
    from lpr.errors import SourceError
    from lpr.factory import build_engine
    from lpr.sources import PictureSource, open_source

    media = open_source(source)
    engine = build_engine(engine_config(config, None, None), camera=media.info.name)
    check = CameraCheck()
    start: float | None = None
    with media:
        for frame in _frames(media, seconds):
            check.add(engine.process(frame))
            start = frame.time if start is None else start
            if not frame.time - start < seconds:
                break
    check.note(engine.finish())
    report = check.report()
    for problem in media.problems:
        # Those of pictures name the picture.
        complain(
            problem if isinstance(media, PictureSource) else f"{media.info.address}: {problem}"
        )
    if start is None:
        raise SourceError(f"{media.info.address}: no picture came in {seconds:g} s")
    print(
        f"{report.frames} frames in {report.seconds:.1f} s "
        f"({report.frames_per_second:.1f} a second), {report.dropped} dropped"
    )
    noun = "plate" if report.plates == 1 else "plates"
    print(f"{report.plates} {noun} seen, {report.read} read")
    if report.widths:
        print(
            f"plate width {statistics.median(report.widths):.0f} pixels, character height "
            f"{report.character_height:.0f}, sharpness {statistics.median(report.sharpness):.2f}, "
            f"contrast {statistics.median(report.contrast):.2f}, exposure "
            f"{statistics.median(report.exposure):.2f} (medians of the largest looks)"
        )
    return report.advice
