"""Reads a region from its file, `regions/<cc>.toml`, which `docs/formats.md` describes."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from lpr.errors import FormatError, did_you_mean
from lpr.formats.colours import parse_colours
from lpr.formats.pattern import (
    DEFAULT_CLASSES,
    ROW_BREAK,
    compile_pattern,
    parse_charset,
    parse_words,
    same_text,
)
from lpr.formats.region import CONFIDENCES, FONTS, Layout, PlateFormat, Region
from lpr.formats.syntax import Words

_REGION_KEYS: Final = {
    "code": str,
    "name": str,
    "vehicles": (int, float),
    "source": str,
    "confidence": str,
    "notes": str,
    "partial": bool,
    "classes": dict,
    "lists": dict,
    "format": list,
}
_SHARED_KEYS: Final = {
    "font": str,
    "band": str,
    "size": list,
    "two_row_size": list,
    "colours": list,
}
_FORMAT_KEYS: Final = {
    "name": str,
    "pattern": str,
    "also": list,
    "weight": (int, float),
    "catch_all": bool,
    "examples": list,
    "rejects": list,
    "confidence": str,
}
_DEFAULTS: Final[Mapping[str, Any]] = {
    "font": "generic",
    "band": "",
    "size": [520, 110],
    "two_row_size": [340, 200],
    "colours": ["black on white"],
    "confidence": "likely",
}


def parse_region(text: str, where: str) -> Region:
    """Read a region from the text of its file.

    Args:
        text: TOML, see `docs/formats.md`.
        where: Name of the file, for messages.

    Raises:
        FormatError: Not TOML, an unknown key, a wrong value, a bad pattern.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FormatError(f"{where}: not TOML: {error}") from error
    _check_keys(table, {**_REGION_KEYS, **_SHARED_KEYS}, where)
    for key in ("code", "name", "vehicles", "source", "format"):
        if not table.get(key):
            raise FormatError(f"{where}: {key} is missing")
    shared = {**_DEFAULTS, **table}
    try:
        classes = {**DEFAULT_CLASSES, **_classes(table.get("classes", {}))}
        lists = {
            name: parse_words(_text(words, f"lists.{name}"))
            for name, words in table.get("lists", {}).items()
        }
        formats = tuple(
            _format(entry, shared, classes, lists, f"format[{number}]")
            for number, entry in enumerate(table["format"])
        )
    except FormatError as error:
        raise FormatError(f"{where}: {error}") from error
    names = [plate_format.name for plate_format in formats]
    if len(set(names)) < len(names):
        raise FormatError(f"{where}: two formats bear the same name")
    return Region(
        code=table["code"],
        name=table["name"],
        vehicles=float(table["vehicles"]),
        formats=formats,
        source=table["source"],
        confidence=_one_of(shared["confidence"], CONFIDENCES, f"{where}: confidence"),
        notes=table.get("notes", ""),
        partial=table.get("partial", False),
    )


def _format(
    entry: Any,
    shared: Mapping[str, Any],
    classes: Mapping[str, str],
    lists: Mapping[str, Words],
    where: str,
) -> PlateFormat:
    _check_keys(entry, {**_FORMAT_KEYS, **_SHARED_KEYS}, where)
    for key in ("name", "pattern", "examples"):
        if not entry.get(key):
            raise FormatError(f"{where}.{key} is missing")
    merged = {**shared, "weight": 1.0, **entry}
    if not merged["weight"] > 0:
        raise FormatError(f"{where}.weight must be above 0, not {merged['weight']}")
    layouts = [_layout(entry["pattern"], merged, classes, lists, where)]
    for other in _texts(entry.get("also", ()), f"{where}.also"):
        if not same_text(entry["pattern"], other):
            raise FormatError(f"{where}.also: {other!r} differs in more than display marks")
        layouts.append(_layout(other, merged, classes, lists, where))
    return PlateFormat(
        region=shared["code"],
        name=entry["name"],
        layouts=tuple(layouts),
        colours=parse_colours(_texts(merged["colours"], f"{where}.colours"), f"{where}.colours"),
        font=_one_of(merged["font"], FONTS, f"{where}.font"),
        band=merged["band"] or None,
        weight=float(merged["weight"]),
        catch_all=entry.get("catch_all", False),
        examples=_texts(entry["examples"], f"{where}.examples"),
        rejects=_texts(entry.get("rejects", ()), f"{where}.rejects"),
        confidence=_one_of(merged["confidence"], CONFIDENCES, f"{where}.confidence"),
    )


def _layout(
    source: str,
    merged: Mapping[str, Any],
    classes: Mapping[str, str],
    lists: Mapping[str, Words],
    where: str,
) -> Layout:
    lines = 2 if ROW_BREAK in source else 1
    size = merged["two_row_size" if lines == 2 else "size"]
    if len(size) != 2 or not all(isinstance(side, int | float) and side > 0 for side in size):
        raise FormatError(f"{where}: a size is width and height in mm, not {size}")
    return Layout(compile_pattern(source, classes, lists), lines, (float(size[0]), float(size[1])))


def _classes(table: Mapping[str, Any]) -> dict[str, str]:
    for name in table:
        if not (len(name) == 1 and name.isascii() and name.isupper()):
            raise FormatError(f"classes.{name}: a class is named by one letter A-Z")
    return {name: parse_charset(_text(chars, f"classes.{name}")) for name, chars in table.items()}


def _text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise FormatError(f"{where} must be text, not {type(value).__name__}")
    return value


def _texts(values: Sequence[object], where: str) -> tuple[str, ...]:
    return tuple(_text(value, where) for value in values)


def _check_keys(table: Any, known: Mapping[str, Any], where: str) -> None:
    if not isinstance(table, dict):
        raise FormatError(f"{where} is no table")
    for key, value in table.items():
        if key not in known:
            raise FormatError(f"{where}: unknown key {key!r}{did_you_mean(key, known)}")
        if not isinstance(value, known[key]):
            raise FormatError(f"{where}: {key} has the wrong type, {type(value).__name__}")


def _one_of(value: str, known: Collection[str], where: str) -> str:
    if value not in known:
        raise FormatError(f"{where} is {value!r}; known: {', '.join(known)}")
    return value
