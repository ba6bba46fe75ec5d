"""The examples of docs/store.md run."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lpr.settings import check_settings
from lpr.store import StoreSettings

if TYPE_CHECKING:
    from tests.store.conftest import MakeEvent

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "store.md").read_text(encoding="utf-8")


def block(kind: str, after: str = "") -> str:
    found = re.search(rf"```{kind}\n(.*?)```", PAGE[PAGE.index(after) :], re.DOTALL)
    assert found is not None, kind
    return found.group(1)


def test_the_example_stores_and_finds(
    tmp_path: Path,
    event: MakeEvent,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    code = block("python", "<!-- run: example -->")
    exec(compile(code, "store.md", "exec"), {"events": [event("AB123"), event("XY1")]})  # noqa: S102
    assert capsys.readouterr().out.count("AB123 None unmatched") == 1


def test_the_lists_example_adds_an_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    exec(compile(block("python", "<!-- run: lists -->"), "store.md", "exec"), {})  # noqa: S102
    assert "'plate': 'BAB1234', 'list': 'allow', 'owner': 'Ms Ode'" in capsys.readouterr().out


def test_the_settings_in_the_page_are_the_defaults() -> None:
    table = tomllib.loads(block("toml"))["store"]
    key = table.pop("key")
    assert check_settings(table, StoreSettings, "page") == StoreSettings()
    assert set(key) <= set(StoreSettings().key.model_dump())


def test_the_classes_in_the_page_are_those_of_the_code() -> None:
    from lpr.formats.confusables import READER_CLASSES

    assert "(" + ", ".join(f"`{one}`" for one in READER_CLASSES) + ")" in PAGE
