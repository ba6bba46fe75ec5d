"""Under which conditions a run was timed: figures of other ones say nothing of the code."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from lpr.errors import SourceError
from lpr.latency.measure import LatencyRun


class Conditions(BaseModel):
    """What a latency run was made of.

    Attributes:
        clip: name of the clip, without its folder.
        sha256: of its content; of a folder, of all files in it; empty for a device.
        width: of its first frame, pixels.
        height: of its first frame, pixels.
        frames: counted frames of a pass.
        warmup: frames processed before counting.
        passes: passes of which the best counted.
        threads: threads of each network.
        engine: hash of the engine's configuration; empty where it is not known.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    clip: str
    sha256: str
    width: int
    height: int
    frames: int
    warmup: int
    passes: int
    threads: int
    engine: str = ""

    def differences(self, then: Conditions) -> tuple[str, ...]:
        """What was otherwise then, for people."""
        found = []
        if self.sha256 != then.sha256:
            same_name = "another file of that name" if self.clip == then.clip else self.clip
            found.append(f"clip {then.clip}, now {same_name}")
        size, before = (f"{one.width}x{one.height}" for one in (self, then))
        if size != before:
            found.append(f"frames of {before}, now {size}")
        for name, words in _COUNTS.items():
            count, past = getattr(self, name), getattr(then, name)
            if count != past:
                found.append(f"{words} {past}, now {count}")
        if self.engine != then.engine and self.engine and then.engine:
            found.append("another configuration of the engine")
        return tuple(found)


_COUNTS = {
    "frames": "timed frames",
    "warmup": "warm-up",
    "passes": "passes",
    "threads": "threads",
}


def conditions_of(run: LatencyRun, clip: Path, threads: int, engine: str = "") -> Conditions:
    """Write down what a run was made of.

    Args:
        run: the run.
        clip: what was played.
        threads: of each network.
        engine: what else the engine was, in any words that are the same for the same engine.

    Raises:
        SourceError: the clip can no longer be read.
    """
    return Conditions(
        clip=clip.name.encode("utf-8", "backslashreplace").decode("utf-8"),
        sha256=_digest(clip),
        width=run.width,
        height=run.height,
        frames=run.frames,
        warmup=run.warmup,
        passes=len(run.repetitions),
        threads=threads,
        engine=hashlib.sha256(engine.encode()).hexdigest() if engine else "",
    )


def _digest(clip: Path) -> str:
    try:
        if not clip.is_dir():
            return _content(clip).hex()
        digest = hashlib.sha256()
        for path in sorted(clip.iterdir()):
            digest.update(path.name.encode("utf-8", "surrogateescape") + _content(path))
        return digest.hexdigest()
    except OSError as error:
        raise SourceError(f"{clip}: cannot be read: {error.strerror or error}") from error


def _content(path: Path) -> bytes:
    if not path.is_file():  # A device has no end.
        return b""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
