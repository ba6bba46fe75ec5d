"""Which variables of the environment hold a site's secrets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel


def secret_variables(settings: BaseModel) -> frozenset[str]:
    """Return the variables that settings name as holding a secret, those of their tables included.

    By rule a field is called so: `env`, `..._env` or `..._envs`.
    """
    return frozenset(_variables(settings))


def _variables(value: Any) -> Iterator[str]:
    if isinstance(value, tuple):
        for one in value:
            yield from _variables(one)
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            found = getattr(value, name)
            if not f"_{name}".endswith(("_env", "_envs")):
                yield from _variables(found)
            elif found is not None:
                yield from (found,) if isinstance(found, str) else found
