"""`lpr read`: single pictures."""

from __future__ import annotations

import sys
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from lpr.cli.exit_codes import ExitCode, exit_code
from lpr.cli.failure import clean_exit, complain, reader_may_leave
from lpr.cli.interrupt import StopRequest
from lpr.cli.options import (
    Config,
    Jsonl,
    Quiet,
    Region,
    Threads,
    engine_config,
    keep_regions_apart,
)
from lpr.cli.shown import is_readable, shown_probability

if TYPE_CHECKING:
    from lpr.cli.named_pictures import NamedPicture
    from lpr.errors import LprError
    from lpr.sinks.picture import PicturePlate, PictureResult
    from lpr.stills import StillPlate, StillReader
    from lpr.types import Image


def read(
    pictures: Annotated[list[str], typer.Argument(help="Pictures, or folders of them.")],
    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="Open the subfolders of folders, too.")
    ] = False,
    crops: Annotated[
        bool, typer.Option("--crops", help="The pictures are plates already, cut out.")
    ] = False,
    jsonl: Jsonl = None,
    csv: Annotated[
        str | None,
        typer.Option(help="Write a table (CSV), a row per plate, to this file, or - for stdout."),
    ] = None,
    annotate: Annotated[
        Path | None,
        typer.Option(help="Write copies with quads and texts drawn in to this folder."),
    ] = None,
    region: Region = None,
    config: Config = None,
    threads: Threads = None,
    quiet: Quiet = False,
) -> None:
    """Read the plates of single pictures."""
    with clean_exit(), StopRequest() as stop:
        from lpr.cli.named_pictures import list_named
        from lpr.cli.picture_outputs import PictureOutputs, PicturePaths
        from lpr.factory import build_still_reader

        settings = engine_config(config, region, threads)
        keep_regions_apart(pictures, region)
        named = list_named(pictures, recursive=recursive, copies=annotate)
        if named.partly_read and not quiet:
            complain(f"{_first(named.partly_read)}: subfolders left out; `--recursive` reads them")
        paths = PicturePaths(jsonl, csv, annotate)
        outputs = PictureOutputs(paths, named.pictures, config)
        # What the files hold stays where a model is missing.
        reader = build_still_reader(settings)
        with outputs:
            good, last_error = 0, None
            for picture in named.pictures:
                if stop.requested:
                    break
                result, image, error = _read_one(reader, picture, crops)
                good, last_error = good + (error is None), error or last_error
                outputs.write(picture, image, result)
                if error is not None:
                    complain(str(error))
                elif not quiet and not paths.on_stdout:
                    with reader_may_leave(files=paths.files):
                        _show(result)
            with reader_may_leave(files=paths.files):
                sys.stdout.flush()
        stop.obey()
        if last_error is not None:
            raise typer.Exit(ExitCode.DAMAGED_INPUT if good else exit_code(last_error))


def _first(folders: tuple[str, ...]) -> str:
    more = len(folders) - 1
    return folders[0] + (f" and {more} more folder{'s' if more > 1 else ''}" if more else "")


def _read_one(
    reader: StillReader, picture: NamedPicture, crops: bool
) -> tuple[PictureResult, Image | None, LprError | None]:
    from lpr.errors import SourceError
    from lpr.sinks.picture import PictureResult
    from lpr.sources import read_image

    path, trouble = picture.path, picture.trouble
    if trouble is not None:
        return PictureResult(path, error=str(trouble)), None, trouble
    try:
        image = read_image(path)
    except SourceError as error:
        return PictureResult(path, error=str(error)), None, error
    started = perf_counter()
    plates = (reader.read_crop(image),) if crops else reader.read(image)
    ms = (perf_counter() - started) * 1000
    return PictureResult(path, tuple(map(_plate, plates)), ms), image, None


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
        alternatives=plate.alternatives,
    )


def _show(result: PictureResult) -> None:
    from lpr.sinks.safe import safe_text

    texts = ", ".join(_shown(plate) for plate in result.plates)
    print(f"{safe_text(result.source)}: {texts or 'no plate'}  ({result.ms:.1f} ms)")


def _shown(plate: PicturePlate) -> str:
    """A plate for people."""
    if not is_readable(plate.text, plate.confidence):
        return "(unreadable)"
    sure = shown_probability(plate.confidence)
    return f"{plate.text} {sure}" + (f" {plate.region}" if plate.region else "")
