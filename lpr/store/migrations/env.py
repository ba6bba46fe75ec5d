"""Alembic's entry: runs the migrations on the connection that `lpr.store.migrate` hands over."""

from __future__ import annotations

from alembic import context

from lpr.store.schema import VERSION_TABLE, metadata


def run() -> None:
    """Migrate inside the caller's transaction."""
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=metadata,
        version_table=VERSION_TABLE,
    )
    with context.begin_transaction():
        context.run_migrations()


# Alembic gives the module its configuration; an ordinary import of it runs nothing.
if hasattr(context, "config"):
    run()
