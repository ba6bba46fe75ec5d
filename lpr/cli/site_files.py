"""The files of a site and of its event store: no output may take the place of one."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel

from lpr.errors import ConfigError

if TYPE_CHECKING:
    from lpr.gate import GateConfig
    from lpr.store import StoreSettings

_BESIDE_DATABASE: Final = ("", "-wal", "-shm", "-journal", ".key")


def site_files(config: Path) -> Iterator[Path]:
    """Yield a site's configuration and every file that it names; a mistake in it hides none.

    Those of its store where it is no whole site, but has a `[store]` alone: see `store_files`.
    """
    from lpr.gate import load_gate_config

    yield config
    try:
        site = load_gate_config(config)
    except ConfigError:
        yield from _mentioned(config)
    else:
        yield from _named(site)


def store_files(settings: StoreSettings) -> Iterator[Path]:
    """Yield the files of an event store: database, what SQLite puts beside it, keys."""
    yield from _paths(settings.key)
    if settings.url_file is not None:
        yield settings.url_file
    elif settings.url is None and settings.url_env is None:
        # SQLite puts its files beside the file that a link leads to.
        for database in (settings.database, Path(os.path.realpath(settings.database))):
            for ending in _BESIDE_DATABASE:
                yield database.with_name(database.name + ending)


def _named(site: GateConfig) -> Iterator[Path]:
    from lpr.gate.decision_lock import lock_file
    from lpr.sinks.rotated_files import older_files

    yield from _paths(site)
    log = site.decisions
    yield lock_file(log)
    yield from older_files(log)
    for camera in (camera for gate in site.gates for camera in gate.cameras):
        if camera.replay is not None and camera.source is not None:
            yield Path(camera.source)
    for webhook in site.webhooks:
        yield webhook.outbox_file(log.parent)
    if site.mqtt is not None:
        yield site.mqtt.outbox_file(log.parent)
    if site.store is not None:
        yield from store_files(site.store)


def _mentioned(config: Path) -> Iterator[Path]:
    """Yield the files that stand in a configuration that cannot be used, and those by default."""
    defaults = ("decisions.jsonl", "health.json")
    with suppress(OSError, ValueError):  # It may be no TOML at all.
        table = tomllib.loads(config.read_text(encoding="utf-8-sig"))
        for text in (*defaults, *_texts(table)):
            # A text need not be the name of a file, nor one that the system takes.
            with suppress(OSError):
                if (config.parent / text).is_file():
                    yield config.parent / text


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)


def _paths(value: Any) -> Iterator[Path]:
    """Yield every path of settings, those of the tables in them included."""
    if isinstance(value, Path):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _paths(getattr(value, name))
    elif isinstance(value, tuple):
        for one in value:
            yield from _paths(one)
