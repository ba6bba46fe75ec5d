"""The first schema: events, decisions, pictures, plates, audit log, keys."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import VARCHAR

revision = "0001"
down_revision = None

_AUDIT_SQLITE = (
    """CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
    """CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
    # Also stops INSERT OR REPLACE, which deletes without asking the trigger above.
    """CREATE TRIGGER audit_in_order BEFORE INSERT ON audit
    WHEN NEW.number IS NOT (SELECT coalesce(max(number), 0) + 1 FROM audit)
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
)
_AUDIT_POSTGRES = (
    """CREATE FUNCTION lpr_audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$""",
    """CREATE TRIGGER audit_no_update BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION lpr_audit_append_only()""",
    """CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION lpr_audit_append_only()""",
    """CREATE FUNCTION lpr_audit_in_order() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF NEW.number IS DISTINCT FROM (SELECT coalesce(max(number), 0) + 1 FROM audit) THEN
        RAISE EXCEPTION 'the audit log is append-only';
      END IF;
      RETURN NEW;
    END $$""",
    """CREATE TRIGGER audit_in_order BEFORE INSERT ON audit
    FOR EACH ROW EXECUTE FUNCTION lpr_audit_in_order()""",
)


def _text(length: int) -> Any:
    return sa.String(length).with_variant(VARCHAR(length, collation="C"), "postgresql")


def _number(name: str = "number", **options: Any) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), **options)


def _moment(name: str, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    """Make every table and its guards."""
    _events()
    _decisions()
    _pictures_and_plates()
    _audit()
    op.create_table(
        "keys",
        _number(autoincrement=True),
        sa.Column("key_id", sa.String(16), nullable=False),
        _moment("since"),
        sa.PrimaryKeyConstraint("number", name="pk_keys"),
        sa.UniqueConstraint("key_id", name="uq_keys_key_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "meta",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_meta"),
    )


def _events() -> None:
    op.create_table(
        "events",
        _number(autoincrement=True),
        sa.Column("event_id", sa.String(36), nullable=False),
        sa.Column("camera", _text(256), nullable=False),
        sa.Column("run", _text(256), nullable=False),
        _number("track_id", nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        _moment("at"),
        sa.Column("time", sa.Double, nullable=False),
        sa.Column("first_seen", sa.Double, nullable=False),
        _number("frame_index", nullable=False),
        sa.Column("text", _text(128), nullable=False),
        sa.Column("folded", _text(128), nullable=False),
        sa.Column("raw_text", _text(128), nullable=False),
        sa.Column("confidence", sa.Double, nullable=False),
        sa.Column("char_scores", sa.JSON, nullable=False),
        sa.Column("alternatives", sa.JSON, nullable=False),
        sa.Column("region", sa.String(8)),
        sa.Column("readings", sa.Integer, nullable=False),
        sa.Column("agreeing", sa.Integer, nullable=False),
        sa.Column("quad", sa.JSON, nullable=False),
        sa.Column("reason", sa.String(32)),
        sa.Column("retention", sa.String(16), nullable=False),
        sa.Column("pseudonym", sa.String(64)),
        sa.Column("folded_pseudonym", sa.String(64)),
        _moment("erased_at", nullable=True),
        sa.PrimaryKeyConstraint("number", name="pk_events"),
        sa.UniqueConstraint("event_id", name="uq_events_event_id"),
        sqlite_autoincrement=True,
    )
    for column in ("at", "text", "folded", "raw_text", "pseudonym", "folded_pseudonym"):
        op.create_index(f"ix_events_{column}", "events", [column])
    op.create_index("ix_events_passage", "events", ["camera", "run", "track_id"])
    op.create_index("ix_events_retention_at", "events", ["retention", "at"])


def _decisions() -> None:
    op.create_table(
        "decisions",
        _number(autoincrement=True),
        sa.Column("decision_id", sa.String(36), nullable=False),
        sa.Column("camera", _text(256), nullable=False),
        sa.Column("run", _text(256), nullable=False),
        _number("track_id", nullable=False),
        _moment("at"),
        sa.Column("event_time", sa.Double, nullable=False),
        sa.Column("gate", _text(256), nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(64), nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("text", _text(128), nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("plate", _text(128)),
        sa.Column("would", sa.String(16)),
        sa.Column("pass_key", sa.Text),
        sa.Column("direction", sa.String(8)),
        sa.Column("probability", sa.Double, nullable=False),
        sa.Column("agreeing", sa.Integer, nullable=False),
        sa.Column("suspicions", sa.JSON, nullable=False),
        sa.Column("retention", sa.String(16), nullable=False),
        sa.Column("pseudonym", sa.String(64)),
        _moment("erased_at", nullable=True),
        sa.PrimaryKeyConstraint("number", name="pk_decisions"),
        sa.UniqueConstraint("decision_id", name="uq_decisions_decision_id"),
        sqlite_autoincrement=True,
    )
    for column in ("at", "text", "plate", "pseudonym"):
        op.create_index(f"ix_decisions_{column}", "decisions", [column])
    op.create_index("ix_decisions_passage", "decisions", ["camera", "run", "track_id"])
    op.create_index("ix_decisions_retention_at", "decisions", ["retention", "at"])


def _pictures_and_plates() -> None:
    op.create_table(
        "pictures",
        _number("event_number", nullable=False, autoincrement=False),
        _moment("at"),
        sa.Column("mime", sa.String(16), nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("event_number", name="pk_pictures"),
        sa.ForeignKeyConstraint(
            ["event_number"],
            ["events.number"],
            name="fk_pictures_event_number",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_pictures_at", "pictures", ["at"])
    op.create_table(
        "plates",
        _number(autoincrement=True),
        sa.Column("plate", _text(128), nullable=False),
        sa.Column("folded", _text(128), nullable=False),
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
        sa.PrimaryKeyConstraint("number", name="pk_plates"),
        sqlite_autoincrement=True,
    )
    for column in ("plate", "folded"):
        op.create_index(f"ix_plates_{column}", "plates", [column])


def _audit() -> None:
    op.create_table(
        "audit",
        _number(nullable=False, autoincrement=False),
        _moment("at"),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("plate", sa.String(64)),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("key_id", sa.String(16), nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("seal", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_audit"),
    )
    for column in ("at", "plate"):
        op.create_index(f"ix_audit_{column}", "audit", [column])
    sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in _AUDIT_SQLITE if sqlite else _AUDIT_POSTGRES:
        op.execute(sa.text(statement))
