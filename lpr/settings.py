"""TOML -> checked settings, with errors that name the key and suggest the right one."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, model_validator
from pydantic_core import ErrorDetails

from lpr.errors import ConfigError, did_you_mean

Settings = TypeVar("Settings")

_UNKNOWN: Final = ("extra_forbidden", "unexpected_keyword_argument")
_NO_LIST: Final = ("tuple_type", "list_type")
_NAMED: Final = 10
"""Wrong keys that are named; of a file that is another one altogether, all of them are."""
_YAML: Final = re.compile(r"---|- |%YAML|[\w.-]+ *:(\s|$)")
"""How the first line of a YAML file begins, and no line of a TOML file."""
_MISSING: Final = ("missing", "missing_argument", "missing_keyword_only_argument")


class StrictTable(BaseModel):
    """A table of a list or union: an unknown key is refused with a suggestion from its own keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, data: Any) -> Any:
        if isinstance(data, dict):
            unknown = [
                f"unknown key {key!r}{did_you_mean(str(key), cls.model_fields)}"
                for key in data
                if key not in cls.model_fields
            ]
            if unknown:
                raise ValueError("; ".join(unknown))
        return data


def load_settings(path: Path, kind: type[Settings]) -> Settings:
    """Read a TOML file into a checked record.

    Args:
        path: the file.
        kind: a pydantic model or a dataclass; unknown keys must be forbidden by it.

    Raises:
        ConfigError: the file cannot be read, is no TOML, or has a wrong or unknown key.
    """
    return check_settings(read_toml(path), kind, str(path))


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises:
        ConfigError: the file cannot be read or is no TOML; JSON and YAML are called by their names.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is no valid TOML: {error}") from error
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        other = _other_format(text)
        if other is None:
            raise ConfigError(f"{path}: is no valid TOML: {error}") from error
        raise ConfigError(
            f"{path}: is {other}, and TOML is wanted; "
            "`lpr config show --toml` prints an engine's settings in it"
        ) from error


def _other_format(text: str) -> str | None:
    """What a text that is no TOML looks like; None where it looks like TOML with a mistake."""
    first = next((line for line in text.splitlines() if line.strip() and line[0] != "#"), "")
    if first.startswith("{"):
        return "JSON"
    return "YAML" if _YAML.match(first) else None


def check_settings(data: dict[str, Any], kind: type[Settings], where: str) -> Settings:
    """Turn a parsed table into a checked record.

    Raises:
        ConfigError: one line that names the wrong keys, or the first ten and how many more.
    """
    try:
        return TypeAdapter(kind).validate_python(data)
    except ValidationError as error:
        problems = _independent(error.errors(), kind)
        messages = "; ".join(_explain(one, kind) for one in problems[:_NAMED])
        more = f" (and {len(problems) - _NAMED} more)" if len(problems) > _NAMED else ""
        raise ConfigError(f"{where}: {messages}{more}") from error


def _independent(problems: Sequence[ErrorDetails], kind: Any) -> list[ErrorDetails]:
    """Leave out what only follows from another problem; never empty.

    A list with a wrong entry is reported as too short as well, and a misspelt key as one that is
    missing and one that is unknown: the unknown one says more.
    """
    misspelt = {
        (*one["loc"][:-1], word)
        for one in problems
        if one["type"] in _UNKNOWN
        for word in get_close_matches(str(one["loc"][-1]), _siblings(one["loc"], kind), n=1)
    }
    return [
        one
        for one in problems
        if not (one["type"] in _MISSING and one["loc"] in misspelt)
        and not (
            one["type"] == "too_short"
            and any(
                len(other["loc"]) > len(one["loc"])
                and other["loc"][: len(one["loc"])] == one["loc"]
                for other in problems
            )
        )
    ]


def _siblings(loc: tuple[int | str, ...], kind: Any) -> list[str]:
    """The keys of the table that a key lies in."""
    return _keys(TypeAdapter(kind).json_schema(), [str(part) for part in loc[:-1]])


def _explain(problem: ErrorDetails, kind: Any) -> str:
    loc, code = problem["loc"], problem["type"]
    path = ".".join(str(part) for part in loc) or "(top level)"
    if code in _UNKNOWN:
        return f"unknown key {path!r}{did_you_mean(str(loc[-1]), _siblings(loc, kind))}"
    if code in _NO_LIST:
        return f"{path}: must be a list{_of_texts(problem, kind)}"
    if code == "union_tag_invalid":
        key, tag = (problem["ctx"][name].strip("'") for name in ("discriminator", "tag"))
        known = [one.strip("'") for one in problem["ctx"]["expected_tags"].split(", ")]
        hint = did_you_mean(tag, known).removesuffix("?")
        return f"{path}.{key}: there is no {tag!r}{hint}; known: {', '.join(known)}"
    return f"{path}: {problem['msg'].removeprefix('Value error, ')}"


def _of_texts(problem: ErrorDetails, kind: Any) -> str:
    """How a text is written where a list of them is wanted; nothing where it is none of texts."""
    node = _node(TypeAdapter(kind).json_schema(), [str(part) for part in problem["loc"]])
    text = problem["input"]
    if node.get("items", {}).get("type") != "string" or not isinstance(text, str):
        return ""
    return f" of texts, as {json.dumps([one.strip() for one in text.split(',')])}"


def _keys(schema: dict[str, Any], path: Iterable[str]) -> list[str]:
    """The keys that a table at `path` may have, by the JSON Schema."""
    return list(_resolve(schema, _node(schema, path)).get("properties", {}))


def _node(schema: dict[str, Any], path: Iterable[str]) -> dict[str, Any]:
    """What the JSON Schema says of the value at `path`; nothing where it does not know it."""
    node: Any = schema
    for part in path:
        node = _resolve(schema, node)
        node = node.get("properties", {}).get(part) or node.get("items") or {}
    return dict(node)


def _resolve(schema: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    for option in node.get("anyOf", [node]):
        if "$ref" in option:
            found: dict[str, Any] = schema["$defs"][option["$ref"].rsplit("/", 1)[-1]]
            return found
        if "properties" in option:
            return dict(option)
    return node
