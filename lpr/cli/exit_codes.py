"""The exit codes of every `lpr` command; docs/cli.md shows this table.

| code | meaning |
|---|---|
| 0 | done |
| 1 | done, and found wanting: a budget, a camera, a site, an audit log, or the answer no |
| 2 | the command line is wrong |
| 3 | a source could not be read at all |
| 4 | an output cannot be written |
| 5 | a model is missing or does not match its manifest |
| 6 | the configuration, a region or a plate list is wrong |
| 7 | done, but a part of the input was damaged and left out; `lpr read`: some pictures (all: 3) |
| 8 | an optional dependency is missing |
| 9 | training or export failed |
| 10 | the gate cannot work safely |
| 130 | interrupted with Ctrl-C; everything up to then was written |
"""

from __future__ import annotations

from enum import IntEnum

from lpr import errors
from lpr.cli.usage import UsageError


class ExitCode(IntEnum):
    """What a command ends with."""

    OK = 0
    LIMIT_MISSED = 1
    USAGE = 2
    SOURCE = 3
    OUTPUT = 4
    MODEL = 5
    CONFIG = 6
    DAMAGED_INPUT = 7
    MISSING_EXTRA = 8
    TRAINING = 9
    GATE = 10
    INTERRUPTED = 130


_CODES: tuple[tuple[type[errors.LprError], ExitCode], ...] = (
    (errors.SourceError, ExitCode.SOURCE),
    (errors.OutputError, ExitCode.OUTPUT),
    (errors.ModelError, ExitCode.MODEL),
    (errors.ConfigError, ExitCode.CONFIG),
    (errors.MissingExtraError, ExitCode.MISSING_EXTRA),
    (errors.TrainingError, ExitCode.TRAINING),
    (errors.GateError, ExitCode.GATE),
    (UsageError, ExitCode.USAGE),
)


def exit_code(error: errors.LprError) -> ExitCode:
    """The exit code of an error."""
    for kind, code in _CODES:
        if isinstance(error, kind):
            return code
    return ExitCode.LIMIT_MISSED
