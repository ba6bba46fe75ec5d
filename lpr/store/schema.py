"""The tables. `migrations/` makes them; a test holds both together."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import VARCHAR
from sqlalchemy.engine import Dialect

from lpr.store.records import MAX_NAME, MAX_TEXT


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """An aware moment: `timestamptz` in PostgreSQL, UTC text that sorts by time in SQLite."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Aware to UTC.

        Raises:
            ValueError: the moment has no time zone.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment in the store needs a time zone")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """UTC to aware."""
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


# Collation "C" compares code points, so that sorting and prefixes are the same in both databases
# and an index serves LIKE in PostgreSQL.
Name = sa.String(MAX_NAME).with_variant(VARCHAR(MAX_NAME, collation="C"), "postgresql")
PlateText = sa.String(MAX_TEXT).with_variant(VARCHAR(MAX_TEXT, collation="C"), "postgresql")
Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

VERSION_TABLE: Final = "lpr_store_version"
"""What names the schema's version, and a database as a store."""

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("number", Number, primary_key=True, autoincrement=True),
    sa.Column("event_id", sa.String(36), nullable=False, unique=True),
    sa.Column("camera", Name, nullable=False),
    sa.Column("run", Name, nullable=False),
    sa.Column("track_id", Number, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("at", UtcDateTime, nullable=False, index=True),
    sa.Column("time", sa.Double, nullable=False),
    sa.Column("first_seen", sa.Double, nullable=False),
    sa.Column("frame_index", Number, nullable=False),
    sa.Column("text", PlateText, nullable=False, index=True),
    sa.Column("folded", PlateText, nullable=False, index=True),
    sa.Column("raw_text", PlateText, nullable=False, index=True),
    sa.Column("confidence", sa.Double, nullable=False),
    sa.Column("char_scores", sa.JSON, nullable=False),
    sa.Column("alternatives", sa.JSON, nullable=False),
    sa.Column("region", sa.String(8)),
    sa.Column("readings", sa.Integer, nullable=False),
    sa.Column("agreeing", sa.Integer, nullable=False),
    sa.Column("quad", sa.JSON, nullable=False),
    sa.Column("reason", sa.String(32)),
    sa.Column("retention", sa.String(16), nullable=False),
    sa.Column("pseudonym", sa.String(64), index=True),
    sa.Column("folded_pseudonym", sa.String(64), index=True),
    sa.Column("erased_at", UtcDateTime),
    sa.Index("ix_events_passage", "camera", "run", "track_id"),
    sa.Index("ix_events_retention_at", "retention", "at"),
    sqlite_autoincrement=True,
)

decisions = sa.Table(
    "decisions",
    metadata,
    sa.Column("number", Number, primary_key=True, autoincrement=True),
    sa.Column("decision_id", sa.String(36), nullable=False, unique=True),
    sa.Column("camera", Name, nullable=False),
    sa.Column("run", Name, nullable=False),
    sa.Column("track_id", Number, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False, index=True),
    sa.Column("event_time", sa.Double, nullable=False),
    sa.Column("gate", Name, nullable=False),
    sa.Column("action", sa.String(16), nullable=False),
    sa.Column("reason", sa.String(64), nullable=False),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("text", PlateText, nullable=False, index=True),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("plate", PlateText, index=True),
    sa.Column("would", sa.String(16)),
    sa.Column("pass_key", sa.Text),
    sa.Column("direction", sa.String(8)),
    sa.Column("probability", sa.Double, nullable=False),
    sa.Column("agreeing", sa.Integer, nullable=False),
    sa.Column("suspicions", sa.JSON, nullable=False),
    sa.Column("retention", sa.String(16), nullable=False),
    sa.Column("pseudonym", sa.String(64), index=True),
    sa.Column("erased_at", UtcDateTime),
    sa.Index("ix_decisions_passage", "camera", "run", "track_id"),
    sa.Index("ix_decisions_retention_at", "retention", "at"),
    sqlite_autoincrement=True,
)

pictures = sa.Table(
    "pictures",
    metadata,
    sa.Column(
        "event_number",
        Number,
        sa.ForeignKey("events.number", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    sa.Column("at", UtcDateTime, nullable=False, index=True),
    sa.Column("mime", sa.String(16), nullable=False),
    sa.Column("data", sa.LargeBinary, nullable=False),
)

plates = sa.Table(
    "plates",
    metadata,
    sa.Column("number", Number, primary_key=True, autoincrement=True),
    sa.Column("plate", PlateText, nullable=False, index=True),
    sa.Column("folded", PlateText, nullable=False, index=True),
    sa.Column("list", sa.String(16), nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("valid_from", sa.String(32), nullable=False),
    sa.Column("valid_to", sa.String(32), nullable=False),
    sa.Column("schedule", sa.Text, nullable=False),
    sa.Column("timezone", sa.String(64), nullable=False),
    sa.Column("gates", sa.JSON, nullable=False),
    sa.Column("direction", sa.String(8), nullable=False),
    sa.Column("entries", sa.Integer),
    sqlite_autoincrement=True,
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("number", Number, primary_key=True, autoincrement=False),
    sa.Column("at", UtcDateTime, nullable=False, index=True),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("action", sa.String(32), nullable=False),
    sa.Column("plate", sa.String(64), index=True),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("key_id", sa.String(16), nullable=False),
    sa.Column("previous", sa.String(64), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Column("seal", sa.String(64), nullable=False),
)

keys = sa.Table(
    "keys",
    metadata,
    sa.Column("number", Number, primary_key=True, autoincrement=True),
    sa.Column("key_id", sa.String(16), nullable=False, unique=True),
    sa.Column("since", UtcDateTime, nullable=False),
    sqlite_autoincrement=True,
)

meta = sa.Table(
    "meta",
    metadata,
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)
