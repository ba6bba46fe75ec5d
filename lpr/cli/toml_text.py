"""Checked settings as TOML that is accepted again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any


def toml_text(table: Mapping[str, Any]) -> str:
    """Return a table of settings as TOML; what is None, which TOML cannot say, as a comment.

    Args:
        table: texts, numbers, truth values, lists of them, and tables of all of these.

    >>> print(toml_text({"threads": 2, "roi": None, "detector": {"far": True}}), end="")
    threads = 2
    # roi is not set
    <BLANKLINE>
    [detector]
    far = true
    """
    return "\n".join(_lines(table, ())) + "\n"


def _lines(table: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    # What stands behind a table's header belongs to it: a table's own keys come first.
    inner = {key: value for key, value in table.items() if isinstance(value, Mapping)}
    for key, value in table.items():
        if value is None:
            yield f"# {key} is not set"
        elif key not in inner:
            yield f"{key} = {_value(value)}"
    for key, value in inner.items():
        here = (*path, key)
        yield ""
        yield f"[{'.'.join(here)}]"
        yield from _lines(value, here)


def _value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, float):
        return repr(value)
    # JSON's texts, whole numbers and truth values are TOML's, but for one control character.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
