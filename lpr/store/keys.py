"""The secret behind pseudonyms and audit seals: it never enters the database.

A plain hash of a plate is no protection, since all plates can be hashed and looked up; a keyed one
(HMAC, RFC 2104) is, as long as the key is kept elsewhere.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from lpr.errors import ConfigError, StoreError
from lpr.secret import read_secret
from lpr.store.database import Database
from lpr.store.schema import keys as keys_table
from lpr.store.settings import StoreSettings

MIN_CHARACTERS: Final = 16


class Keys:
    """The key in use and earlier ones.

    Args:
        secret: the key in use.
        previous: earlier keys, so that what they made is still found and checked.

    Raises:
        ConfigError: one is shorter than 16 characters.
    """

    def __init__(self, secret: str, previous: Sequence[str] = ()) -> None:
        self._keys = [_Key(one) for one in dict.fromkeys((secret, *previous))]

    @property
    def key_id(self) -> str:
        """Name of the key in use, 16 hexadecimal digits; says nothing about the key."""
        return self._keys[0].key_id

    @property
    def known(self) -> tuple[str, ...]:
        """Names of all keys, the one in use first."""
        return tuple(key.key_id for key in self._keys)

    def pseudonym(self, text: str) -> str:
        """The keyed hash that stands for a text, 32 hexadecimal digits."""
        return self._keys[0].pseudonym(text)

    def pseudonyms(self, *texts: str) -> tuple[str, ...]:
        """What may stand for any of the texts in rows that any of the keys made."""
        return tuple(key.pseudonym(text) for text in texts for key in self._keys)

    def seal(self, digest: str) -> str:
        """The seal of an audit entry's hash, 64 hexadecimal digits."""
        return self._keys[0].seal(digest)

    def holds(self, key_id: str, digest: str, seal: str) -> bool | None:
        """Whether a seal is right; None where its key is not known here."""
        for key in self._keys:
            if key.key_id == key_id:
                return hmac.compare_digest(key.seal(digest), seal)
        return None


class _Key:
    """One secret and what is derived from it; each purpose has a key of its own."""

    def __init__(self, secret: str) -> None:
        if len(secret) < MIN_CHARACTERS:
            raise ConfigError(
                f"store.key: has {len(secret)} characters, {MIN_CHARACTERS} are needed; "
                "make one with: openssl rand -hex 32"
            )
        master = secret.encode()
        self._pseudonym = _mac(master, "lpr store pseudonym 1")
        self._seal = _mac(master, "lpr store audit seal 1")
        self.key_id = _mac(master, "lpr store key name 1").hex()[:16]

    def pseudonym(self, text: str) -> str:
        return _mac(self._pseudonym, text).hex()[:32]

    def seal(self, digest: str) -> str:
        return _mac(self._seal, digest).hex()


def load_keys(settings: StoreSettings, database: Database) -> Keys:
    """Read the keys; SQLite's own key file is made with a new store.

    Raises:
        ConfigError: a key is missing or too short.
        StoreError: the database or the key file failed.
    """
    given = settings.key
    previous = [
        *(read_secret(env, None, "store.key.previous_envs") for env in given.previous_envs),
        *(read_secret(None, file, "store.key.previous_files") for file in given.previous_files),
    ]
    if given.env is not None or given.file is not None:
        return Keys(read_secret(given.env, given.file, "store.key"), previous)
    if database.path is None:
        raise ConfigError(
            "store.key: PostgreSQL needs env or file with a key; make one: openssl rand -hex 32"
        )
    file = database.path.with_name(database.path.name + ".key")
    if not file.exists():
        with database.read() as connection:
            registered = active_key(connection) is not None
        if registered:
            raise ConfigError(f"store.key: {file} is missing; restore it from a copy")
        _make_key_file(file)
    return Keys(read_secret(None, file, "store.key"), previous)


def active_key(connection: sa.Connection) -> str | None:
    """Name of the key that the store was last written with, None for a new store."""
    newest = sa.select(keys_table.c.key_id).order_by(keys_table.c.number.desc()).limit(1)
    return connection.execute(newest).scalar()


def check_key(connection: sa.Connection, keys: Keys) -> str | None:
    """Notice a wrong key.

    Returns:
        Name of the key that the store was last written with, None for a new store.

    Raises:
        ConfigError: it is not the key that the store was written with.
    """
    active = active_key(connection)
    if keys.key_id == active:
        return active
    registered = sa.select(keys_table.c.key_id).where(keys_table.c.key_id == keys.key_id)
    if connection.execute(registered).first() is not None:
        raise ConfigError("store.key: was replaced by a newer key; give that one")
    if active is not None and active not in keys.known:
        raise ConfigError(
            "store.key: is not the key that this store was written with; "
            "to replace it, give the old one in previous_envs or previous_files"
        )
    return active


def register_key(connection: sa.Connection, keys: Keys, now: datetime) -> str | None:
    """Note which key is in use, and notice a wrong one.

    Returns:
        Name of the key that was in use before, where this one takes its place.

    Raises:
        ConfigError: it is not the key that the store was written with.
    """
    active = check_key(connection, keys)
    if keys.key_id == active:
        return None
    connection.execute(keys_table.insert().values(key_id=keys.key_id, since=now))
    return active


def _make_key_file(file: Path) -> None:
    """Put a random key in place, whole or not at all; a faster process wins."""
    try:
        descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as new:
                new.write(secrets.token_hex(32) + "\n")
                new.flush()
                os.fsync(new.fileno())
            file.hardlink_to(temporary)
        except FileExistsError:
            return
        finally:
            temporary.unlink()
    except OSError as error:
        raise StoreError(f"{file}: the key cannot be written: {error.strerror}") from error


def _mac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
