"""Which machine a figure was taken on: absolute times are compared on one machine only."""

from __future__ import annotations

import hashlib
import os
import platform
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("numpy", "onnxruntime", "opencv-python-headless", "av")


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine and the libraries behind a measurement.

    Attributes:
        cpu: the processor's model name.
        cores: logical cores that this process may use.
        memory_gb: installed memory, gigabytes, rounded to whole ones.
        system: operating system and architecture.
        python: version of Python.
        packages: versions of the libraries that do the work, name then version.
    """

    cpu: str
    cores: int
    memory_gb: int
    system: str
    python: str
    packages: tuple[tuple[str, str], ...] = ()

    @property
    def id(self) -> str:
        """Short name of the hardware and system; library versions may differ within it."""
        key = f"{self.cpu}|{self.cores}|{self.memory_gb}|{self.system}"
        return hashlib.sha256(key.encode()).hexdigest()[:12]

    def as_json(self) -> dict[str, object]:
        """The fields, and the id, ready for JSON."""
        return {"id": self.id, **asdict(self), "packages": dict(self.packages)}


def this_machine() -> Machine:
    """Describe the machine that this process runs on; no host or user name is taken."""
    return Machine(
        cpu=_cpu_model(),
        cores=usable_cores(),
        memory_gb=_memory_gb(),
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        packages=tuple((name, _version(name)) for name in PACKAGES),
    )


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def usable_cores() -> int:
    """Logical cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory_gb() -> int:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9)
    except (AttributeError, OSError, ValueError):
        return 0


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"
