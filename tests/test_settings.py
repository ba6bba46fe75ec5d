from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field

from lpr.errors import ConfigError
from lpr.settings import check_settings, load_settings


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    threshold: float = Field(default=0.5, ge=0, le=1)


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    detector: Inner = Inner()
    threads: int = 1


def test_good_settings_pass(tmp_path: Path) -> None:
    file = tmp_path / "lpr.toml"
    file.write_text("threads = 2\n[detector]\nthreshold = 0.25\n")
    assert load_settings(file, Outer) == Outer(detector=Inner(threshold=0.25), threads=2)


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    file = tmp_path / "lpr.toml"
    file.write_text("threads = 2\n", encoding="utf-8-sig")
    assert load_settings(file, Outer).threads == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("thread = 2", r"unknown key 'thread'; did you mean 'threads'\?"),
        (
            "[detector]\nthreshhold = 1",
            r"unknown key 'detector.threshhold'; did you mean 'threshold'\?",
        ),
        ("[detector]\nthreshold = 7", r"detector.threshold: .* less than or equal to 1"),
        ("threads = [", "no valid TOML"),
    ],
)
def test_wrong_settings_name_the_key(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "lpr.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=message):
        load_settings(file, Outer)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml: cannot be read"):
        load_settings(tmp_path / "nowhere.toml", Outer)


def test_several_problems_are_counted() -> None:
    with pytest.raises(ConfigError, match=r"\(and 1 more\)"):
        check_settings({"a": 1, "b": 2}, Outer, "here")


class Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    size: int = 0


class Lists(BaseModel):
    model_config = ConfigDict(extra="forbid")
    entries: tuple[Entry, ...] = Field(min_length=1)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([{"name": "a", "sise": 1}], "unknown key 'entries.0.sise'; did you mean 'size'?"),
        ([{"nam": "a"}], "unknown key 'entries.0.nam'; did you mean 'name'?"),
        ([{"name": "a", "size": "x"}], "entries.0.size: Input should be a valid integer"),
        ([{"size": 1}], "entries.0.name: Field required"),
        ([], "entries: Tuple should have at least 1 item"),
        (
            [{"nam": "a", "sise": 1}],
            "unknown key 'entries.0.nam'; did you mean 'name'? (and 1 more)",
        ),
        ([{"colour": 1}], "entries.0.name: Field required (and 1 more)"),
    ],
)
def test_only_problems_of_their_own_are_counted(entries: list[object], message: str) -> None:
    with pytest.raises(ConfigError) as failure:
        check_settings({"entries": entries}, Lists, "here")
    text = str(failure.value)
    assert text.startswith(f"here: {message}")
    assert ("more)" in text) == ("more)" in message)


def test_dataclasses_serve_as_well() -> None:
    @dataclass(frozen=True)
    class Options:
        __pydantic_config__ = ConfigDict(extra="forbid")
        size: int = field(default=3)

    assert check_settings({"size": 4}, Options, "here").size == 4
    with pytest.raises(ConfigError, match="unknown key 'sise'; did you mean 'size'"):
        check_settings({"sise": 4}, Options, "here")
