"""The schema's versions: a new database gets the tables, an older one is brought up to date."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from lpr.errors import StoreError
from lpr.store.database import Database
from lpr.store.schema import VERSION_TABLE

_FOLDER: Final = Path(__file__).with_name("migrations")


@dataclass(frozen=True, slots=True)
class Migration:
    """What a migration did.

    Attributes:
        before: version of the schema that was found, None in a new database.
        after: version that it has now.
    """

    before: str | None
    after: str

    @property
    def changed(self) -> bool:
        """Whether anything was done."""
        return self.before != self.after


def migrate(database: Database, *, rehearse: bool = False) -> Migration:
    """Bring a database to this version's schema, whole or not at all.

    Args:
        database: the database.
        rehearse: only say what there is to do.

    Raises:
        StoreError: a newer version of lpr has written it, or it cannot be changed.
    """
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    scripts = ScriptDirectory.from_config(config)
    newest = scripts.get_current_head()
    assert newest is not None
    with database.read() as connection:
        found = _version(connection, scripts, database.name)
    if found == newest or rehearse:
        return Migration(found, newest)
    with database.write() as connection:
        # Another process may have been faster.
        found = _version(connection, scripts, database.name)
        if found != newest:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    return Migration(found, newest)


def _version(connection: sa.Connection, scripts: ScriptDirectory, name: str) -> str | None:
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    found = context.get_current_revision()
    known = {script.revision for script in scripts.walk_revisions()}
    if found is not None and found not in known:
        raise StoreError(
            f"{name}: was written by a newer version of lpr (schema {found!r}); update lpr"
        )
    return found
