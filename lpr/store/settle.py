"""What a store and whoever opens it must agree on: the key and the confusable classes."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from lpr.formats.confusables import Confusables
from lpr.store.audit import AuditLog
from lpr.store.database import Database
from lpr.store.keys import Keys, active_key, register_key
from lpr.store.records import Requester
from lpr.store.schema import events, meta, plates

_BY: Final = Requester("lpr", "opening the store")
_BATCH: Final = 1000


def settle(database: Database, keys: Keys, confusables: Confusables, now: datetime) -> None:
    """Check the key, and fold every text anew where the classes are others; changes are audited.

    Raises:
        ConfigError: it is not the key that the store was written with.
        StoreError: the database failed.
    """
    classes = json.dumps(confusables.classes, ensure_ascii=False)
    with database.read() as connection:
        if active_key(connection) == keys.key_id and _classes(connection) == classes:
            return
    log = AuditLog(keys)
    with database.write() as connection:
        before = register_key(connection, keys, now)
        if before is not None:
            log.append(connection, now, _BY, "key", {"before": before, "after": keys.key_id})
        if (old := _classes(connection)) == classes:
            return
        connection.execute(meta.delete().where(meta.c.name == "confusables"))
        connection.execute(meta.insert().values(name="confusables", value=classes))
        if old is not None:
            rows = _fold(connection, confusables)
            log.append(connection, now, _BY, "fold", {"classes": classes, "rows": rows})


def _classes(connection: sa.Connection) -> str | None:
    wanted = sa.select(meta.c.value).where(meta.c.name == "confusables")
    return connection.execute(wanted).scalar()


def _fold(connection: sa.Connection, confusables: Confusables) -> int:
    """Fold what is there; pseudonyms cannot be folded again, their texts are gone."""
    rows = 0
    for table, text in ((events, events.c.text), (plates, plates.c.plate)):
        last = 0
        while True:
            wanted = sa.select(table.c.number, text.label("text"))
            wanted = wanted.where(table.c.number > last, text != "").order_by(table.c.number)
            batch = connection.execute(wanted.limit(_BATCH)).all()
            if not batch:
                break
            fold = table.update().where(table.c.number == sa.bindparam("row"))
            values = [{"row": row.number, "folded": confusables.fold(row.text)} for row in batch]
            connection.execute(fold, values)
            rows, last = rows + len(batch), batch[-1].number
    return rows
