"""The pages agree with one another and with the command line."""

from __future__ import annotations

import builtins
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import pytest
import typer.main
from typer.testing import CliRunner

import lpr
from lpr.cli.app import app
from lpr.factory import build_still_reader
from lpr.gate.config import GateConfig
from lpr.settings import check_settings
from lpr.sinks import csv, picture_csv
from lpr.sources import open_source, read_image

ROOT = Path(__file__).resolve().parent.parent
PAGES = [
    page
    for folder in (".", "docs", "docs/adr", "samples", "models", "models/*")
    for page in sorted(ROOT.glob(f"{folder}/*.md" if folder != "." else "*.md"))
]
FOREIGN = {"--check", "--help"}
"""What other programs have, and what every command has."""


def prose(page: Path) -> str:
    """A page without its fenced blocks."""
    return re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)


def anchors(page: Path) -> set[str]:
    """What may stand behind `#` in a link to a page, made as code forges do."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    plain = [re.sub(r"[^\w\- ]", "", one.strip().lower()) for one in headings]
    return {one.replace(" ", "-") for one in plain}


def commands(node: Any, path: str = "lpr") -> Iterator[tuple[str, Any]]:
    """Every command of the command line with its path."""
    for name, child in getattr(node, "commands", {}).items():
        yield f"{path} {name}", child
        yield from commands(child, f"{path} {name}")


ALL = dict(commands(typer.main.get_command(app)))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        there = (page.parent / file).resolve() if file else page
        assert there.exists(), target
        assert there.is_relative_to(ROOT), f"{target} leads out of the repository"
        assert not anchor or anchor in anchors(there), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_named_in_code_marks_exists(page: Path) -> None:
    for name in re.findall(r"`((?:docs|lpr|bench|tests|samples)/[\w./-]+\.\w+)`", prose(page)):
        assert (ROOT / name).is_file(), name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_option_named_in_the_text_exists(page: Path) -> None:
    known = {option for node in ALL.values() for one in node.params for option in one.opts}
    benches = "".join(one.read_text(encoding="utf-8") for one in ROOT.glob("bench/**/*.py"))
    known |= set(re.findall(r'"(--[a-z][a-z0-9-]*)"', benches))
    inline = " ".join(re.findall(r"`([^`\n]+)`", prose(page)))
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", inline))
    assert named <= known | FOREIGN, named - known


def test_the_table_of_commands_is_whole() -> None:
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `lpr ")]
    for path in ALL:
        words = path.split()[1:3]
        row = [line for line in rows if line.startswith(f"| `lpr {words[0]}")]
        assert row, f"{path} is not in docs/cli.md"
        assert words[-1] in " ".join(row), f"{path} is not in the table of docs/cli.md"


def test_the_table_of_extras_is_whole() -> None:
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    table = page[page.index("| extra | for |") : page.index("## Exit codes")]
    named = {
        name
        for line in table.splitlines()[2:]
        for name in re.findall(r"`([a-z]+)`", line.split("|")[1] if line else "")
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert named == set(project["optional-dependencies"])


@pytest.fixture(scope="module")
def programmer(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the examples in Python name."""
    folder = tmp_path_factory.mktemp("programmer")
    (folder / "gate.mp4").symlink_to(samples / "day-approach.mp4")
    with open_source(samples / "day-approach.mp4") as source:
        [frame] = [frame for frame in source if frame.index == 45]
    [plate] = build_still_reader().read(frame.image)
    left, top, right, bottom = (int(side) for side in plate.quad.box)
    cv2.imwrite(str(folder / "car.jpg"), frame.image)
    cv2.imwrite(str(folder / "plate.jpg"), frame.image[top - 4 : bottom + 4, left - 8 : right + 8])
    return folder


def examples() -> Iterator[Any]:
    """The blocks of Python that need nothing but a picture or a video."""
    for name in ("python.md", "concepts.md", "events.md"):
        text = (ROOT / "docs" / name).read_text(encoding="utf-8")
        for number, code in enumerate(re.findall(r"```python\n(.*?)```", text, re.DOTALL), 1):
            yield pytest.param(code, id=f"{name}-{number}")


@pytest.mark.parametrize("code", list(examples()))
def test_the_examples_for_programmers_run(
    code: str,
    programmer: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(programmer)
    if "open(" in code:
        assert (
            CliRunner().invoke(app, ["run", "gate.mp4", "--jsonl", "events.jsonl"]).exit_code == 0
        )
    exec(compile(code, "example", "exec"), {"__name__": "example"})  # noqa: S102 - what is tested
    said = capsys.readouterr().out
    assert ("BGLJ73" in said) is ("print(" in code)
    assert "cv2.imwrite(" not in code or read_image("drawn.png").shape == (720, 1280, 3)
    if "JsonlSink(" in code:  # what is printed of it stands in the file
        assert '"text":"BGLJ73"' in Path("events.jsonl").read_text(encoding="utf-8")


def test_the_errors_of_the_page_for_programmers_are_as_it_says() -> None:
    page = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `lpr\.(\w+Error)` \|.*\| `(\w+)` \|$", page, re.MULTILINE)
    assert len(rows) == 4
    for name, builtin in rows:
        assert issubclass(getattr(lpr, name), (lpr.LprError,))
        assert issubclass(getattr(lpr, name), getattr(builtins, builtin))


def test_the_tables_of_the_events_page_are_the_codes() -> None:
    page = (ROOT / "docs" / "events.md").read_text(encoding="utf-8").partition("## CSV")[2]
    events, _, pictures = page.partition("`lpr read --csv`")
    named = re.findall(r"`([a-z_]+\d?)`", events.partition("`lpr run --csv`")[2])
    corners = {f"{axis}{corner}" for corner in range(1, 5) for axis in "xy"}
    assert set(named) | corners == set(csv.COLUMNS)
    columns = [row.split("|")[1] for row in pictures.splitlines() if row.startswith("| `")]
    found = [name for cell in columns for name in re.findall(r"`(\w+)`", cell)]
    assert tuple(found) == picture_csv.COLUMNS


def test_the_settings_of_the_privacy_page_are_right() -> None:
    page = (ROOT / "docs" / "privacy.md").read_text(encoding="utf-8")
    [block] = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    table = tomllib.loads(block) | {"gates": [{"name": "main", "cameras": ["north"]}]}
    site = check_settings(table, GateConfig, "docs/privacy.md")
    assert site.store is not None
    assert site.store.pseudonyms


def test_the_periods_of_the_privacy_page_are_the_defaults() -> None:
    from lpr.sinks.outbox_settings import OutboxSettings
    from lpr.store.settings import RetentionSettings

    page = (ROOT / "docs" / "privacy.md").read_text(encoding="utf-8")
    kept = RetentionSettings()
    assert f"[{kept.unmatched_days:g} day](store.md#retention) for plates on no list" in page
    assert kept.matched_days == kept.denied_days
    assert f"{kept.matched_days:g} days for listed and denied ones" in page
    assert f"| {kept.pictures_days:g} days at most |" in page
    assert f"| {OutboxSettings().max_age_days:g} days at most, then they are given up |" in page
    assert GateConfig.model_fields["decisions_rotation"].default is None
    assert GateConfig.model_fields["store"].default is None


def test_the_characters_of_the_training_page_are_the_readers() -> None:
    from lpr.recognize.alphabet import PLATE_CHARACTERS

    page = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
    [block] = re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    assert sorted(set(block.replace("\n", ""))) == sorted(PLATE_CHARACTERS)


def test_the_label_of_the_training_page_is_the_one_that_errors_show() -> None:
    from lpr.train.recognizer_labels import EXAMPLE

    assert EXAMPLE in (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
