"""The audit log: who looked at what and why. Append-only, chained and sealed.

Each entry holds the hash of the one before (as in Haber and Stornetta, "How to time-stamp a
digital document", 1991) and a keyed seal, so that a change shows even where somebody may write to
the database and recomputes the whole chain. No entry holds a plate, only its keyed hash.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa

from lpr.store.account import account
from lpr.store.keys import Keys
from lpr.store.records import Requester
from lpr.store.schema import audit
from lpr.store.spellings import spellings

GENESIS: Final = "0" * 64
"""What the first entry has in place of the hash before it."""

KEY_ACTION: Final = "key"
"""Action of the entry that tells of a new key; `before` of its detail names the one replaced."""

_BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the audit log.

    Attributes:
        number: from 1, without gaps.
        at: wall clock, aware.
        who: who asked.
        why: and why.
        action: what was done, for example `search`.
        plate: keyed hash of the plate that it was about, None where it was about none.
        detail: what else there is to know, JSON: `account` (of the operating system) and, by
            action, more; never a plate.
        key_id: name of the key that made `plate` and `seal`.
        previous: hash of the entry before.
        hash: SHA-256 over everything above.
        seal: keyed hash of `hash`.
    """

    number: int
    at: datetime
    who: str
    why: str
    action: str
    plate: str | None
    detail: str
    key_id: str
    previous: str
    hash: str
    seal: str


@dataclass(frozen=True, slots=True)
class AuditCheck:
    """What a check of the whole log found.

    Attributes:
        entries: how many entries were read.
        head: hash of the last one; note it elsewhere, then a log that was cut short shows too.
        unsealed: entries of earlier keys that are not given here: a later change of the key vouches
            for them, but of their own only the chain was checked, not the seal.
        broken_at: number of the first entry that is not what was written, or of whose key nothing
            is known; None where there is none.
        problem: what is wrong there; empty where nothing is.
    """

    entries: int
    head: str
    unsealed: int
    broken_at: int | None
    problem: str


class AuditLog:
    """Writes and checks entries.

    Args:
        keys: what seals them.
    """

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def append(
        self,
        connection: sa.Connection,
        now: datetime,
        by: Requester,
        action: str,
        detail: Mapping[str, Any],
        *,
        plate: str | None = None,
    ) -> AuditEntry:
        """Write one entry; the account of this process goes into its detail.

        Args:
            connection: a writing transaction.
            now: wall clock, aware.
            by: who and why.
            action: what is done.
            detail: what else there is to know; no plates.
            plate: the plate that it is about; only its keyed hash is written.
        """
        newest = sa.select(audit.c.number, audit.c.hash).order_by(audit.c.number.desc()).limit(1)
        last = connection.execute(newest).first()
        fields = (
            last.number + 1 if last else 1,
            now.astimezone(UTC),
            by.who,
            by.why,
            action,
            None if plate is None else self._keys.pseudonym(plate),
            json.dumps({**detail, "account": account()}, sort_keys=True, ensure_ascii=True),
            self._keys.key_id,
            last.hash if last else GENESIS,
        )
        digest = _digest(*fields)
        entry = AuditEntry(*fields, hash=digest, seal=self._keys.seal(digest))
        connection.execute(audit.insert().values(**_row(entry)))
        return entry

    def entries(
        self,
        connection: sa.Connection,
        *,
        plate: str | None = None,
        who: str | None = None,
        since: datetime | None = None,
        limit: int | None = None,
    ) -> Iterator[AuditEntry]:
        """Yield entries, newest first; of one plate, one person or a time where wanted."""
        wanted = sa.select(audit).order_by(audit.c.number.desc())
        if plate is not None:
            wanted = wanted.where(audit.c.plate.in_(self._keys.pseudonyms(*spellings(plate))))
        if who is not None:
            wanted = wanted.where(audit.c.who == who)
        if since is not None:
            wanted = wanted.where(audit.c.at >= since)
        if limit is not None:
            wanted = wanted.limit(limit)
        for row in connection.execute(wanted):
            yield AuditEntry(**row._mapping)

    def check(self, connection: sa.Connection, *, expect: str | None = None) -> AuditCheck:
        """Read the whole log and check that it is what was written.

        An entry of a key that is not given counts only where a later entry tells that this key was
        replaced: one that is sealed by a given key, or by one that is vouched for so in turn.

        Args:
            connection: any transaction.
            expect: a head noted earlier; the log must still hold it.
        """
        previous, count, unsealed, met = GENESIS, 0, 0, expect in (None, GENESIS)
        unvouched = _Unvouched()
        wanted = sa.select(audit).order_by(audit.c.number).execution_options(yield_per=_BATCH)
        with connection.execute(wanted) as rows:
            for row in rows:
                entry = AuditEntry(**row._mapping)
                problem = self._problem(entry, count + 1, previous)
                if problem:
                    return AuditCheck(count, previous, unsealed, count + 1, problem)
                count, previous = count + 1, entry.hash
                known = entry.key_id in self._keys.known
                unvouched.take(entry, known=known)
                unsealed += not known
                met = met or entry.hash == expect
        if unvouched.first is not None:
            problem = "its key is not given, and no change of the key vouches for it"
            return AuditCheck(count, previous, unsealed, unvouched.first, problem)
        if not met:
            return AuditCheck(count, previous, unsealed, count + 1, "the expected head is missing")
        return AuditCheck(count, previous, unsealed, None, "")

    def _problem(self, entry: AuditEntry, number: int, previous: str) -> str:
        if entry.number != number:
            return f"entry {number} is missing"
        if entry.previous != previous:
            return "it does not follow the entry before"
        if entry.hash != _digest(*(getattr(entry, name) for name in _SEALED)):
            return "it was changed"
        if self._keys.holds(entry.key_id, entry.hash, entry.seal) is False:
            return "its seal is forged"
        return ""


class _Unvouched:
    """Entries of keys that are not given, until a change of the key vouches for them."""

    def __init__(self) -> None:
        self._first: dict[str, int] = {}

    @property
    def first(self) -> int | None:
        """Number of the first entry that nothing vouches for; None where there is none."""
        return min(self._first.values(), default=None)

    def take(self, entry: AuditEntry, *, known: bool) -> None:
        """Take the next entry, whose chain was checked, and its seal where its key is known."""
        vouched = self._first.pop(_replaced(entry), None)
        if known:
            return
        # What it vouches for stands and falls with it: anybody can make up a key.
        first = entry.number if vouched is None else vouched
        self._first[entry.key_id] = min(first, self._first.get(entry.key_id, first))


def _replaced(entry: AuditEntry) -> str:
    """Name of the key that an entry says was replaced; empty where it says no such thing."""
    if entry.action != KEY_ACTION:
        return ""
    try:
        before = json.loads(entry.detail)["before"]
    except (ValueError, TypeError, KeyError):
        return ""
    return before if isinstance(before, str) else ""


_SEALED: Final = ("number", "at", "who", "why", "action", "plate", "detail", "key_id", "previous")


def _digest(
    number: int,
    at: datetime,
    who: str,
    why: str,
    action: str,
    plate: str | None,
    detail: str,
    key_id: str,
    previous: str,
) -> str:
    parts = [number, at.isoformat(), who, why, action, plate, detail, key_id, previous]
    return hashlib.sha256(json.dumps(parts).encode("ascii")).hexdigest()


def _row(entry: AuditEntry) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in entry.__slots__}
