"""No output takes the place of what is read, or of another output."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from lpr.cli.explanations import explanation_path
from lpr.errors import OutputError
from lpr.sinks.output import STDOUT


def explained(jsonl: str | None) -> Path | None:
    """Where the explanations of `--jsonl` go; None for nowhere."""
    return None if jsonl is None or jsonl == STDOUT else explanation_path(Path(jsonl))


def keep_inputs(inputs: Iterable[str | Path | None], outputs: Iterable[str | Path | None]) -> None:
    """Refuse outputs that would overwrite an input or each other, whatever they are called.

    Args:
        inputs: sources and configuration files; what is no file is passed over.
        outputs: files to be written, "-" for standard output, None for those not wanted.

    Raises:
        OutputError: two of them are the same file.
    """
    read = {_identity(Path(one)) for one in inputs if one is not None and Path(one).exists()}
    written: set[object] = set()
    for output in outputs:
        if output is None:
            continue
        itself = STDOUT if str(output) == STDOUT else _identity(Path(output))
        if itself in read:
            raise OutputError(f"{output}: is a source; name another file for the output")
        if itself in written:
            raise OutputError(f"{output}: two outputs go there; name another file for one of them")
        if not Path(output).exists() or Path(output).is_file() or itself == STDOUT:
            written.add(itself)


def _identity(path: Path) -> object:
    """The same for two names of one file, links of either kind included."""
    try:
        status = path.stat()
    except OSError:
        return path.resolve()
    return status.st_dev, status.st_ino
