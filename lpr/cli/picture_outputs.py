"""The files that `lpr read` writes: checked before the work starts, closed whatever happens."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from lpr.cli.named_pictures import NamedPicture
from lpr.cli.overwrite import keep_inputs
from lpr.errors import OutputError
from lpr.sinks.output import STDOUT, LineOutput, check_writable
from lpr.sinks.picture import PictureResult, picture_to_json
from lpr.sinks.picture_csv import PictureCsv
from lpr.sinks.wire import to_line
from lpr.types import Image

if TYPE_CHECKING:
    from lpr.cli.annotated_copies import AnnotatedCopies


@dataclass(frozen=True, slots=True)
class PicturePaths:
    """Where the outputs go; None for those not wanted, "-" for standard output."""

    jsonl: str | None = None
    csv: str | None = None
    annotate: Path | None = None

    @property
    def on_stdout(self) -> bool:
        """Whether standard output carries one of them, and nothing else then."""
        return STDOUT in (self.jsonl, self.csv)

    @property
    def files(self) -> bool:
        """Whether there is one that is not on standard output."""
        lines = [one for one in (self.jsonl, self.csv) if one not in (None, STDOUT)]
        return bool(lines) or self.annotate is not None


class PictureOutputs:
    """Every output of `lpr read`; what the files hold stays until it is entered.

    Args:
        paths: where to.
        pictures: all that will be read.
        config: the configuration file, which no output may replace.

    Raises:
        OutputError: one of them cannot be written, or would replace what is read.
    """

    def __init__(
        self, paths: PicturePaths, pictures: tuple[NamedPicture, ...], config: Path | None = None
    ) -> None:
        keep_inputs([*(one.path for one in pictures), config], [paths.jsonl, paths.csv])
        self._paths = paths
        # First: the lines may go into the folder that is made for the copies.
        self._copies = _copies(paths, pictures, config)
        for path in (paths.jsonl, paths.csv):
            if path is not None and path != STDOUT:
                check_writable(Path(path))
        self._lines: LineOutput | None = None
        self._table: PictureCsv | None = None
        self._closing = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            if self._paths.jsonl is not None:
                self._lines = LineOutput(self._paths.jsonl)
                opened.callback(self._lines.close)
            if self._paths.csv is not None:
                self._table = PictureCsv(self._paths.csv)
                opened.callback(self._table.close)
            self._closing = opened.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.close()

    def write(self, picture: NamedPicture, image: Image | None, result: PictureResult) -> None:
        """Write what one picture brought to all of them.

        Args:
            picture: one of those announced.
            image: its pixels; None where they could not be had.
            result: what was read.

        Raises:
            OutputError: one could not be written; the others have it.
        """
        lines, table, copies = self._lines, self._table, self._copies
        failures: list[OutputError] = []
        if lines is not None:
            _try(failures, lambda: lines.write(to_line(picture_to_json(result))))
        if table is not None:
            _try(failures, lambda: table.write(result))
        if copies is not None and image is not None:
            _try(failures, lambda: copies.write(picture, image, result))
        if failures:
            raise failures[0]


def _try(failures: list[OutputError], write: Callable[[], object]) -> None:
    try:
        write()
    except OutputError as error:
        failures.append(error)


def _copies(
    paths: PicturePaths, pictures: tuple[NamedPicture, ...], config: Path | None
) -> AnnotatedCopies | None:
    if paths.annotate is None:
        return None
    # What draws is imported where it is wanted: a start must be short.
    from lpr.cli.annotated_copies import AnnotatedCopies

    return AnnotatedCopies(paths.annotate, pictures, [config, paths.jsonl, paths.csv])
