from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from lpr.errors import ConfigError
from lpr.settings import StrictTable, check_settings, load_settings


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


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('{"threads": 2}', "JSON"),
        ('{\n  "threads": 2\n}\n', "JSON"),
        ("threads: 2\n", "YAML"),
        ("# ours\n\ndetector:\n  threshold: 0.5\n", "YAML"),
        ("---\nthreads: 2\n", "YAML"),
        ("- threads\n", "YAML"),
    ],
)
def test_another_format_is_called_by_its_name(tmp_path: Path, text: str, name: str) -> None:
    file = tmp_path / "lpr.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_settings(file, Outer)
    assert str(caught.value) == (
        f"{file}: is {name}, and TOML is wanted; "
        "`lpr config show --toml` prints an engine's settings in it"
    )


@pytest.mark.parametrize("text", ["threads = 2:\n", "[detector\n", "a:b = 1\n", "12:30\n", '"{\n'])
def test_a_mistake_in_toml_is_no_other_format(tmp_path: Path, text: str) -> None:
    file = tmp_path / "lpr.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match="is no valid TOML: "):
        load_settings(file, Outer)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml: cannot be read"):
        load_settings(tmp_path / "nowhere.toml", Outer)


def test_several_problems_are_named() -> None:
    with pytest.raises(ConfigError) as failure:
        check_settings({"thread": 1, "detector": {"threshold": 7}}, Outer, "here")
    text = str(failure.value)
    assert text.startswith("here: detector.threshold: ")
    assert "1; unknown key 'thread'; did you mean 'threads'?" in text
    with pytest.raises(ConfigError, match=r"unknown key 'k9' \(and 2 more\)"):
        check_settings({f"k{number}": 1 for number in range(12)}, Outer, "here")


class Cat(StrictTable):
    type: Literal["cat"]
    lives: int = 9


class Dog(StrictTable):
    type: Literal["dog"]


class House(BaseModel):
    regions: tuple[str, ...] = ()
    corners: tuple[int, ...] | None = None
    pet: Annotated[Cat | Dog, Field(discriminator="type")] | None = None


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"regions": "DE, FR"}, 'regions: must be a list of texts, as ["DE", "FR"]'),
        ({"regions": 5}, "regions: must be a list"),
        ({"corners": "1,2"}, "corners: must be a list"),
        (
            {"pet": {"type": "cut"}},
            "pet.type: there is no 'cut'; did you mean 'cat'; known: cat, dog",
        ),
        ({"pet": {"type": 5}}, "pet.type: there is no '5'; known: cat, dog"),
        (
            {"pet": {"type": "cat", "live": 1, "paws": 4}},
            "pet.cat: unknown key 'live'; did you mean 'lives'?; unknown key 'paws'",
        ),
    ],
)
def test_what_may_be_written_is_told(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as failure:
        check_settings(settings, House, "here")
    assert str(failure.value) == f"here: {message}"


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
            "unknown key 'entries.0.nam'; did you mean 'name'?; unknown key 'entries.0.sise'; did",
        ),
        ([{"colour": 1}], "entries.0.name: Field required; unknown key 'entries.0.colour'"),
    ],
)
def test_only_problems_of_their_own_are_named(entries: list[object], message: str) -> None:
    with pytest.raises(ConfigError) as failure:
        check_settings({"entries": entries}, Lists, "here")
    text = str(failure.value)
    assert text.startswith(f"here: {message}")
    assert text.count("entries.0") == message.count("entries.0")


def test_dataclasses_serve_as_well() -> None:
    @dataclass(frozen=True)
    class Options:
        __pydantic_config__ = ConfigDict(extra="forbid")
        size: int = field(default=3)

    assert check_settings({"size": 4}, Options, "here").size == 4
    with pytest.raises(ConfigError, match="unknown key 'sise'; did you mean 'size'"):
        check_settings({"sise": 4}, Options, "here")
