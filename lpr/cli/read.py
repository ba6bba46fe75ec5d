"""`lpr read`: single pictures."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from lpr.cli.exit_codes import ExitCode, exit_code
from lpr.cli.failure import clean_exit, complain, reader_may_leave
from lpr.cli.interrupt import StopRequest
from lpr.cli.options import Config, Jsonl, Quiet, Region, Threads, engine_config
from lpr.cli.shown import shown_probability

if TYPE_CHECKING:
    from lpr.errors import LprError
    from lpr.sinks.picture import PicturePlate, PictureResult
    from lpr.stills import StillPlate, StillReader


def read(
    pictures: Annotated[list[str], typer.Argument(help="Pictures, or folders of them.")],
    crops: Annotated[
        bool, typer.Option("--crops", help="The pictures are plates already, cut out.")
    ] = False,
    jsonl: Jsonl = None,
    region: Region = None,
    config: Config = None,
    threads: Threads = None,
    quiet: Quiet = False,
) -> None:
    """Read the plates of single pictures."""
    with clean_exit(), StopRequest() as stop:
        from lpr.cli.overwrite import keep_inputs
        from lpr.factory import build_still_reader
        from lpr.sinks.output import LineOutput, check_writable
        from lpr.sinks.picture import picture_to_json
        from lpr.sinks.wire import to_line

        settings = engine_config(config, region, threads)
        listed = tuple(_listed(pictures))
        keep_inputs([*(path for path, _ in listed), config], [jsonl])
        if jsonl not in (None, "-"):
            check_writable(Path(jsonl))
        # What the file holds stays where a model is missing.
        reader = build_still_reader(settings)
        output = LineOutput(jsonl) if jsonl is not None else None
        try:
            good, last_error = 0, None
            for path, trouble in listed:
                if stop.requested:
                    break
                result, error = _read_one(reader, path, trouble, crops)
                good, last_error = good + (error is None), error or last_error
                if output is not None:
                    output.write(to_line(picture_to_json(result)))
                if error is not None:
                    complain(str(error))
                elif not quiet and jsonl != "-":
                    with reader_may_leave(files=jsonl is not None):
                        _show(result)
            with reader_may_leave(files=jsonl not in (None, "-")):
                sys.stdout.flush()
        finally:
            if output is not None:
                output.close()
        stop.obey()
        if last_error is not None:
            raise typer.Exit(ExitCode.DAMAGED_INPUT if good else exit_code(last_error))


def _listed(pictures: Iterable[str]) -> Iterator[tuple[str, LprError | None]]:
    """Every picture in the order given, folders opened; what is missing comes with its error."""
    from lpr.errors import SourceError
    from lpr.sources.pictures import list_pictures

    for name in pictures:
        path = Path(name)
        if not name:
            yield name, SourceError("the empty path: no such file or folder")
        elif not _is_folder(path):
            yield str(path), None
        else:
            try:
                yield from ((str(found), None) for found in list_pictures(path))
            except SourceError as error:
                yield str(path), error


def _is_folder(path: Path) -> bool:
    """False, too, where that cannot be found out: reading it says why."""
    try:
        return path.is_dir()
    except OSError:
        return False


def _read_one(
    reader: StillReader, path: str, trouble: LprError | None, crops: bool
) -> tuple[PictureResult, LprError | None]:
    from lpr.errors import SourceError
    from lpr.sinks.picture import PictureResult
    from lpr.sources import read_image

    if trouble is not None:
        return PictureResult(path, error=str(trouble)), trouble
    try:
        image = read_image(path)
    except SourceError as error:
        return PictureResult(path, error=str(error)), error
    started = perf_counter()
    plates = (reader.read_crop(image),) if crops else reader.read(image)
    ms = (perf_counter() - started) * 1000
    return PictureResult(path, tuple(map(_plate, plates)), ms), None


def _plate(plate: StillPlate) -> PicturePlate:
    from lpr.sinks.picture import PicturePlate

    return PicturePlate(
        quad=plate.quad,
        score=plate.score,
        lines=plate.lines,
        text=plate.reading.text,
        confidence=plate.reading.confidence,
        char_scores=plate.reading.char_scores,
        region=plate.region,
        raw_text=plate.raw_text,
    )


def _show(result: PictureResult) -> None:
    from lpr.sinks.safe import safe_text

    texts = ", ".join(_shown(plate) for plate in result.plates)
    print(f"{safe_text(result.source)}: {texts or 'no plate'}  ({result.ms:.1f} ms)")


def _shown(plate: PicturePlate) -> str:
    """A plate for people: what is as good as surely misread is no text to them."""
    sure = shown_probability(plate.confidence)
    if not plate.text or sure == "0.00":
        return "(unreadable)"
    return f"{plate.text} {sure}" + (f" {plate.region}" if plate.region else "")
