"""What is in a video, as a name: one that was rendered anew under its old name is another."""

from __future__ import annotations

import hashlib
from pathlib import Path

from lpr.errors import SourceError


def content_of(video: Path) -> str:
    """The first 12 hexadecimal digits of a file's SHA-256.

    Raises:
        SourceError: it cannot be read.
    """
    try:
        with video.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:12]
    except OSError as error:
        raise SourceError(f"{video}: cannot be read: {error.strerror or error}") from error
