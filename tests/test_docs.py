"""The pages agree with one another and with the command line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from lpr.cli.app import app
from lpr.gate.config import GateConfig
from lpr.settings import check_settings

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
