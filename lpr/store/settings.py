"""What can be set about the event store: the table `[store]`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from lpr.errors import ConfigError
from lpr.settings import check_settings, read_toml


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RetentionSettings(_Section):
    """`[store.retention]`: for how long each class of passages is kept.

    A passage is *denied* where a gate denied it for what it is, not for a fault of the site,
    *matched* where its plate is on a list, and *unmatched* otherwise; the strictest word about any
    event of the passage counts for all of it.
    """

    matched_days: float | None = Field(
        default=30.0, gt=0, le=36500, description='Days for plates on a list, or "forever".'
    )
    unmatched_days: float | None = Field(
        default=1.0, gt=0, le=36500, description='Days for plates on no list, or "forever".'
    )
    denied_days: float | None = Field(
        default=30.0, gt=0, le=36500, description='Days for denied vehicles, or "forever".'
    )
    pictures_days: float | None = Field(
        default=7.0,
        gt=0,
        le=36500,
        description='Days for pictures of any class, at most, or "forever".',
    )

    @field_validator("*", mode="before")
    @classmethod
    def _forever(cls, value: Any) -> Any:
        """TOML has no word for None."""
        return None if value == "forever" else value


class KeySettings(_Section):
    """`[store.key]`: the secret behind pseudonyms and the seals of the audit log.

    Where neither `env` nor `file` is given, SQLite keeps a random key in a file beside the
    database (its name and `.key`), made when the store is; PostgreSQL needs one of the two.
    """

    env: str | None = Field(default=None, description="Environment variable that holds the key.")
    file: Path | None = Field(default=None, description="File that holds the key.")
    previous_envs: tuple[str, ...] = Field(
        default=(),
        description="Variables with earlier keys: what they made is still found.",
    )
    previous_files: tuple[Path, ...] = Field(
        default=(), description="Files with earlier keys: what they made is still found."
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.env is not None and self.file is not None:
            raise ValueError("give env or file, not both")
        return self

    def relative_to(self, folder: Path) -> KeySettings:
        """The same settings with relative paths taken from `folder`."""
        moved: dict[str, object] = {}
        if self.file is not None:
            moved["file"] = folder / self.file
        if self.previous_files:
            moved["previous_files"] = tuple(folder / one for one in self.previous_files)
        return self.model_copy(update=moved)


class StoreSettings(_Section):
    """`[store]`: where events are kept, for how long, and how plates on no list are written."""

    database: Path = Field(
        default=Path("events.db"),
        description="SQLite file, relative to the configuration; made when it is missing.",
    )
    url: str | None = Field(
        default=None,
        description="PostgreSQL instead: postgresql://user@host:port/name, without a password.",
    )
    url_env: str | None = Field(
        default=None, description="Environment variable with the PostgreSQL URL, password included."
    )
    url_file: Path | None = Field(
        default=None, description="File with the PostgreSQL URL, password included."
    )
    busy_timeout: float = Field(
        default=5.0,
        ge=0,
        le=60,
        description="Seconds to wait for a lock that another process holds, or for a connection.",
    )
    pseudonyms: bool = Field(
        default=False,
        description="Write a keyed hash in place of plates on no list, and no picture of them.",
    )
    retention: RetentionSettings = Field(
        default=RetentionSettings(), description="For how long passages and pictures are kept."
    )
    key: KeySettings = Field(
        default=KeySettings(), description="The secret behind pseudonyms and audit seals."
    )

    @model_validator(mode="after")
    def _one_database(self) -> Self:
        given = [name for name in ("url", "url_env", "url_file") if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"give one of {' and '.join(given)}, not both")
        if given and "database" in self.model_fields_set:
            raise ValueError(f"give database or {given[0]}, not both")
        return self

    def relative_to(self, folder: Path) -> StoreSettings:
        """The same settings with relative paths taken from `folder`."""
        moved: dict[str, object] = {"key": self.key.relative_to(folder)}
        if self.url_file is not None:
            moved["url_file"] = folder / self.url_file
        elif self.url is None and self.url_env is None:
            moved["database"] = folder / self.database
        return self.model_copy(update=moved)


def load_store_settings(path: Path) -> StoreSettings:
    """Read the table `[store]` of a TOML file; its other tables are left alone.

    Relative paths in it are taken from the file's folder.

    Raises:
        ConfigError: it cannot be read, has no such table, or a key is wrong or unknown.
    """
    data = read_toml(path)
    if "store" not in data:
        raise ConfigError(f"{path}: has no [store], so no events are kept")
    found = check_settings(data["store"], StoreSettings, f"{path}: [store]")
    return found.relative_to(path.parent)
