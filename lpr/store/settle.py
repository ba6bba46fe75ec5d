"""What a store and whoever opens it must agree on: the key, and how texts are folded."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from lpr.formats.confusables import Confusables, folded
from lpr.store.audit import KEY_ACTION, AuditLog
from lpr.store.database import Database
from lpr.store.keys import Keys, active_key, register_key
from lpr.store.plates import typed_plate
from lpr.store.records import Requester
from lpr.store.schema import events, meta, plates

_BY: Final = Requester("lpr", "opening the store")
_BATCH: Final = 1000


def settle(database: Database, keys: Keys, confusables: Confusables, now: datetime) -> None:
    """Check the key, and fold every text anew where that is done otherwise; changes are audited.

    Raises:
        ConfigError: it is not the key that the store was written with.
        StoreError: the database failed.
    """
    rules = _rules(confusables)
    with database.read() as connection:
        if active_key(connection) == keys.key_id and _rules_of(connection) == rules:
            return
    log = AuditLog(keys)
    with database.write() as connection:
        before = register_key(connection, keys, now)
        if before is not None:
            log.append(connection, now, _BY, KEY_ACTION, {"before": before, "after": keys.key_id})
        if (old := _rules_of(connection)) == rules:
            return
        connection.execute(meta.delete().where(meta.c.name == "confusables"))
        connection.execute(meta.insert().values(name="confusables", value=rules))
        if old is not None:
            rows = _fold(connection, confusables)
            log.append(connection, now, _BY, "fold", {"rules": rules, "rows": rows})


def _rules(confusables: Confusables) -> str:
    # Stores of earlier versions have the classes alone: their texts kept the dots of umlauts.
    rules = {"classes": confusables.classes, "letters": "plain"}
    return json.dumps(rules, ensure_ascii=False)


def _rules_of(connection: sa.Connection) -> str | None:
    wanted = sa.select(meta.c.value).where(meta.c.name == "confusables")
    return connection.execute(wanted).scalar()


def _fold(connection: sa.Connection, confusables: Confusables) -> int:
    """Fold what is there and return how many rows changed.

    Pseudonyms cannot be folded again, their texts are gone.
    """
    rows = 0
    for table, text, as_read in (
        (events, events.c.text, str),
        (plates, plates.c.plate, typed_plate),
    ):
        last = 0
        while True:
            wanted = sa.select(table.c.number, text.label("text"), table.c.folded)
            wanted = wanted.where(table.c.number > last, text != "").order_by(table.c.number)
            batch = connection.execute(wanted.limit(_BATCH)).all()
            if not batch:
                break
            fold = table.update().where(table.c.number == sa.bindparam("row"))
            made = {row.number: folded(as_read(row.text), confusables) for row in batch}
            values = [
                {"row": row.number, "folded": made[row.number]}
                for row in batch
                if made[row.number] != row.folded
            ]
            if values:
                connection.execute(fold, values)
            rows, last = rows + len(values), batch[-1].number
    return rows
