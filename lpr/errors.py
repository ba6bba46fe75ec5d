"""Every error that `lpr` raises on purpose.

```
LprError
├── ConfigError            (ValueError)   a configuration key, value or region is wrong
│   └── FormatError                       a plate format or region is unknown or malformed
├── SourceError            (OSError)      a source cannot be opened or read further
│   └── ImageError                        one picture cannot be decoded; others may go on
├── OutputError            (OSError)      an output cannot be written
│   └── StoreError                        the event store cannot be opened, read or written
├── ModelError             (RuntimeError) a model cannot be used
│   ├── ModelNotFoundError                no such model name or folder
│   └── ModelIntegrityError               the file does not match its manifest
├── MissingExtraError      (ImportError)  an optional dependency is not installed
├── TrainingError          (RuntimeError) training or export failed
└── GateError              (RuntimeError) the gate cannot work safely
```

Each message is one line that names the thing and the remedy. An absence is never an error:
"no plate" is an empty tuple, and the end of a source ends its iteration.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class LprError(Exception):
    """Base of every error that `lpr` raises on purpose."""


class ConfigError(LprError, ValueError):
    """A configuration key, value or region is wrong."""


class FormatError(ConfigError):
    """A plate format or region is unknown or malformed."""


class SourceError(LprError, OSError):
    """A source cannot be opened or cannot be read further."""


class ImageError(SourceError):
    """One picture cannot be decoded; the pictures beside it still can."""


class OutputError(LprError, OSError):
    """An output cannot be written."""


class StoreError(OutputError):
    """The event store cannot be opened, read or written; what was committed is still there."""


class ModelError(LprError, RuntimeError):
    """A model cannot be used."""


class ModelNotFoundError(ModelError):
    """There is no model of that name or at that path."""


class ModelIntegrityError(ModelError):
    """A model file does not match its manifest."""


class MissingExtraError(LprError, ImportError):
    """An optional dependency is not installed.

    Args:
        package: what could not be imported.
        extra: the extra of `lpr` that brings it.
    """

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(
            f"{package} is not installed; run: pip install 'lpr[{extra}]', "
            f"or in a checkout: pip install '.[{extra}]'"
        )
        self.package = package
        self.extra = extra

    def __reduce__(self) -> tuple[type[MissingExtraError], tuple[str, str]]:
        """Cross from one process to another: what it was made of, not its message."""
        return type(self), (self.package, self.extra)


class TrainingError(LprError, RuntimeError):
    """Training or export failed."""


class GateError(LprError, RuntimeError):
    """The gate cannot work safely."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `"; did you mean 'x'?"` for the closest known word, or an empty string."""
    close = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""
