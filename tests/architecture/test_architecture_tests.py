"""Every test runs: none lies in a folder that pytest is told to pass over."""

from __future__ import annotations

import tomllib
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_no_folder_of_tests_is_passed_over() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    passed_over = settings["tool"]["pytest"]["ini_options"]["norecursedirs"]
    folders = {path.parent for path in (ROOT / "tests").rglob("test_*.py")}
    assert ROOT / "tests" / "bench" in folders
    for folder in folders:
        for part in folder.relative_to(ROOT).parts:
            assert not any(fnmatch(part, pattern) for pattern in passed_over), folder
