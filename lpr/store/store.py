"""The event store: events and decisions in, searches, exports, erasures and purges out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from threading import Lock
from types import TracebackType
from typing import Any, Self
from uuid import UUID, uuid4

import sqlalchemy as sa

from lpr.errors import ConfigError
from lpr.formats.confusables import Confusables
from lpr.store.audit import AuditCheck, AuditEntry, AuditLog
from lpr.store.database import Database
from lpr.store.keys import Keys
from lpr.store.migrate import Migration
from lpr.store.passages import Passage, PassageWriter, add_picture, picture_of
from lpr.store.picture import Picture
from lpr.store.plates import (
    add_plates,
    clear_plates,
    read_plates,
    remove_plate,
    typed_plate,
)
from lpr.store.query import SearchQuery
from lpr.store.records import (
    RETENTION_JOB,
    ListedPlate,
    Requester,
    StoredDecision,
    StoredEvent,
    event_identity,
)
from lpr.store.retention import PurgeReport, audit_detail, delete_expired
from lpr.store.rows import aware, clean_decision, clean_event, name_text, plate_text, stored_event
from lpr.store.schema import events
from lpr.store.scrub import Scrubber
from lpr.store.search import event_rows, find_events, knows_camera
from lpr.store.settings import StoreSettings
from lpr.store.subject import ErasureReport, audit_to_dict, collect, decisions_of, erase_texts
from lpr.store.summary import StoreSummary, count, holdings
from lpr.store.wall_clock import believe
from lpr.types import PlateEvent


@dataclass(frozen=True, slots=True)
class EventDetails:
    """One event with everything that belongs to it.

    Attributes:
        event: the event.
        decisions: what was decided about its passage, oldest first.
        picture: its picture, or that of the verdict before it; None where there is none.
        picture_of: UUID of the event that the picture is kept with; empty where there is none.
    """

    event: StoredEvent
    decisions: tuple[StoredDecision, ...]
    picture: Picture | None
    picture_of: str


class EventStore:
    """Keeps events and decisions in SQLite or PostgreSQL; made by `open_store`.

    Calls may come from several threads. After a fork, a child opens a store of its own. Every
    write is on the disk when its method returns, and has left no trace where it raises.

    Args:
        database: where to.
        settings: retention and pseudonyms.
        keys: what makes pseudonyms and seals.
        confusables: the characters that the reader does not tell apart.
        migration: what opening did to the schema.
        clock: the wall clock, aware.
    """

    def __init__(
        self,
        database: Database,
        settings: StoreSettings,
        keys: Keys,
        confusables: Confusables,
        *,
        migration: Migration,
        clock: Callable[[], datetime],
    ) -> None:
        self._database, self._settings, self._keys = database, settings, keys
        self._confusables, self._migration, self._clock = confusables, migration, clock
        self._audit, self._scrubber = AuditLog(keys), Scrubber(database)
        self._writer = PassageWriter(database, keys, confusables, pseudonyms=settings.pseudonyms)
        self._runs: dict[str, str] = {}
        self._lock = Lock()

    @property
    def name(self) -> str:
        """What the database is called, without secrets."""
        return self._database.name

    @property
    def migration(self) -> Migration:
        """What opening did to the schema."""
        return self._migration

    def pseudonym(self, text: str) -> str | None:
        """Return the keyed hash that stands for a plate on no list; None where texts are kept."""
        return self._keys.pseudonym(text) if self._settings.pseudonyms else None

    def start_run(self, camera: str) -> str:
        """Begin a run of a camera: call it when its engine is built anew and counts from 1 again.

        Returns:
            The run's name, a UUID. Events and decisions that name no run belong to it.
        """
        run = uuid4().hex
        with self._lock:
            self._runs[name_text(camera)] = run
        return run

    def add_event(
        self,
        event: PlateEvent,
        *,
        event_id: str | None = None,
        run: str | None = None,
        at: datetime | None = None,
        listed: bool | None = None,
        picture: Picture | None = None,
    ) -> str:
        """Store an event; one with a UUID that is there already changes nothing.

        Args:
            event: what happened.
            event_id: its UUID; by default made from camera, run, track, kind and media time.
            run: the run that the track belongs to; the camera's present one by default.
            at: wall clock at which it happened, aware; now by default.
            listed: whether its plate is on a list; None asks the lists in the store.
            picture: the best look at the plate.

        Returns:
            Its UUID.

        Raises:
            ConfigError: `event_id` is no UUID.
            StoreError: it is not stored; storing it again is harmless.
        """
        moment = self._now() if at is None else aware(at)
        event = clean_event(event)
        run = self._run(event.camera) if run is None else name_text(run)
        event_id = event_identity(event, run) if event_id is None else _uuid(event_id)
        with self._database.write() as connection:
            self._writer.add_event(
                connection,
                event,
                event_id=event_id,
                run=run,
                at=moment,
                listed=listed,
                picture=picture,
            )
        return event_id

    def add_picture(self, event_id: str, picture: Picture) -> bool:
        """Give an event its picture, in place of an earlier one.

        Returns:
            False where there is no such event, or its text is kept as a pseudonym or erased.

        Raises:
            StoreError: it is not stored.
        """
        with self._database.write() as connection:
            return add_picture(connection, event_id, picture)

    def add_decision(self, decision: StoredDecision) -> str:
        """Store a decision, the same one only once; returns its UUID.

        Raises:
            StoreError: it is not stored; the gate must stay shut.
        """
        clean = clean_decision(decision)
        clean = clean if clean.run else replace(clean, run=self._run(clean.camera))
        with self._database.write() as connection:
            self._writer.add_decision(connection, clean, clean.decision_id)
        return clean.decision_id

    def search(self, query: SearchQuery, by: Requester) -> tuple[StoredEvent, ...]:
        """Return the events that a query means, newest first; who asked and why is audited.

        Raises:
            StoreError: the database failed, or the audit log could not be written.
        """
        with self._database.write() as connection:
            found = find_events(connection, query, self._keys, self._confusables)
            # What is no camera's name may be a plate, and the log keeps what it is told for ever.
            known = query.camera is None or knows_camera(connection, query.camera)
            detail = {
                "match": query.match.value,
                "folded": query.folded,
                "length": None if query.text is None else len(query.text),
                "since": None if query.since is None else query.since.isoformat(),
                "until": None if query.until is None else query.until.isoformat(),
                "camera": query.camera if known else "",
                "kind": None if query.kind is None else query.kind.value,
                "action": query.action,
                "results": len(found),
            }
            self._note(connection, by, "search", detail, query.text)
        return found

    def show(self, event_id: str, by: Requester) -> EventDetails | None:
        """Return one event with its decisions and picture, None where it is not there; audited.

        Raises:
            ConfigError: `event_id` is no UUID. It may be a plate, and is not repeated.
            StoreError: the database failed, or the audit log could not be written.
        """
        event_id = _uuid(event_id)
        with self._database.write() as connection:
            wanted = event_rows().where(events.c.event_id == event_id)
            row = connection.execute(wanted).mappings().first()
            detail = {"event_id": event_id, "found": row is not None}
            found = None if row is None else stored_event(row)
            text = None if found is None else found.event.text or None
            self._note(connection, by, "show", detail, text)
            if found is None:
                return None
            passage = Passage(found.event.camera, found.run, found.event.track_id)
            kept = picture_of(connection, passage, found.number, found.event.text)
            return EventDetails(
                found,
                decisions_of(connection, passage),
                picture=None if kept is None else kept[1],
                picture_of="" if kept is None else kept[0],
            )

    def export(self, plate: str, by: Requester) -> dict[str, Any]:
        """Return everything that is stored of a plate as JSON, who looked for it included; audited.

        It counts with and without the dots of its umlauts.

        Raises:
            StoreError: the database failed, or the audit log could not be written.
        """
        text = plate_text(plate)
        with self._database.write() as connection:
            found = collect(connection, text, self._keys)
            requests = self._audit.entries(connection, plate=text)
            found["requests"] = [audit_to_dict(one) for one in requests]
            self._note(connection, by, "export", {"passages": len(found["passages"])}, text)
        return found

    def erase(self, plate: str, by: Requester) -> ErasureReport:
        """Erase a plate: its texts, pseudonyms and pictures; the audit log keeps a keyed hash.

        It is erased with and without the dots of its umlauts. Entries of the store's plate lists
        stay: they are taken out with `remove_plate`. An SQLite file is then made anew; nobody can
        write while that lasts.

        Raises:
            StoreError: the database failed; nothing was erased.
        """
        text = plate_text(plate)
        with self._database.write() as connection:
            counts = erase_texts(connection, text, self._keys, self._now())
            entry = self._note(connection, by, "erase", counts, text)
            self._scrubber.note(connection, entry.number)
        unscrubbed = self._scrubber.scrub(self._now(), at_once=True)
        return ErasureReport(**counts, audit_number=entry.number, unscrubbed=unscrubbed)

    def purge(
        self, by: Requester = RETENTION_JOB, *, now: datetime | None = None, rehearse: bool = False
    ) -> PurgeReport:
        """Delete what is older than its class allows; the counts go into the audit log.

        What is dated more than a day ahead was dated by a wrong clock, and goes too. A clock that
        may be wrong itself is believed a day later: until then some or all of it stays.

        Args:
            by: who and why.
            now: wall clock against which ages are measured, aware; the store's clock by default.
            rehearse: count only; nothing is deleted or audited.

        Raises:
            StoreError: the database failed, or counts before and after do not add up; nothing was
                deleted.
        """
        moment = self._now() if now is None else aware(now)
        retention = self._settings.retention
        with self._database.write() as connection:
            belief = believe(connection, moment)
            counts = delete_expired(connection, retention, moment, belief, rehearse=rehearse)
            held = not belief.ages
            if rehearse:
                return PurgeReport(moment, counts, 0, "", held=held)
            detail = {
                "counts": audit_detail(counts),
                "retention": retention.model_dump(),
                "held": held,
            }
            entry = self._note(connection, by, "purge", detail)
            if any(count.deleted for count in counts):
                self._scrubber.note(connection, entry.number)
        unscrubbed = self._scrubber.scrub(self._now(), at_once=False)
        return PurgeReport(
            moment,
            counts,
            entry.number,
            entry.hash,
            held=held,
            residue=self._scrubber.has_residue(),
            unscrubbed=unscrubbed,
        )

    def audit(
        self,
        *,
        plate: str | None = None,
        who: str | None = None,
        since: datetime | None = None,
        limit: int = 100,
    ) -> tuple[AuditEntry, ...]:
        """Return entries of the audit log, newest first; those about a plate where one is given.

        Raises:
            StoreError: the database failed.
        """
        text = None if plate is None else plate_text(plate)
        with self._database.read() as connection:
            return tuple(
                self._audit.entries(connection, plate=text, who=who, since=since, limit=limit)
            )

    def check_audit(self, *, expect: str | None = None) -> AuditCheck:
        """Check that the audit log is what was written.

        Args:
            expect: a head noted earlier; the log must still hold it.

        Raises:
            StoreError: the database failed.
        """
        with self._database.read() as connection:
            return self._audit.check(connection, expect=expect)

    def plates(self) -> tuple[ListedPlate, ...]:
        """Return the entries of the store's plate lists.

        Raises:
            StoreError: the database failed.
        """
        with self._database.read() as connection:
            return read_plates(connection)

    def add_plates(
        self, entries: Iterable[ListedPlate], by: Requester, *, replace_all: bool = False
    ) -> int:
        """Add entries to the store's plate lists, all or none; audited.

        Args:
            entries: what comes in, plates as people type them; what is there already is left out.
            by: who and why.
            replace_all: take the others out.

        Returns:
            How many came in.

        Raises:
            StoreError: the database failed; nothing was changed.
        """
        with self._database.write() as connection:
            gone = clear_plates(connection) if replace_all else 0
            new = add_plates(connection, entries, self._confusables)
            self._note(connection, by, "list", {"added": new, "removed": gone})
        return new

    def note_lists(
        self, by: Requester, *, added: int, removed: int, editors: Iterable[str]
    ) -> None:
        """Write into the audit log that lists kept in files have changed.

        Args:
            by: who noticed, and why.
            added: entries that came in.
            removed: entries that went.
            editors: accounts that own the files.

        Raises:
            StoreError: the audit log could not be written.
        """
        detail = {"added": added, "removed": removed, "editors": sorted(editors)}
        with self._database.write() as connection:
            self._note(connection, by, "list", detail)

    def remove_plate(self, plate: str, by: Requester) -> int:
        """Take a plate out of the store's lists; returns how many entries it had; audited.

        Args:
            plate: as people type it; entries with and without the dots of its umlauts go.
            by: who and why.

        Raises:
            StoreError: the database failed; nothing was changed.
        """
        with self._database.write() as connection:
            gone = remove_plate(connection, plate)
            text = typed_plate(plate_text(plate))
            self._note(connection, by, "list", {"added": 0, "removed": gone}, text)
        return gone

    def summary(self) -> StoreSummary:
        """Count what is stored; no plates.

        Raises:
            StoreError: the database failed.
        """
        with self._database.read() as connection:
            return StoreSummary(
                holdings(connection, self._settings.retention),
                pseudonyms=count(connection, events, events.c.pseudonym.is_not(None)),
                erased=count(connection, events, events.c.erased_at.is_not(None)),
                schema=self._migration.after,
                size=self._database.size(),
            )

    def close(self) -> None:
        """Close the store; closing twice is harmless."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _now(self) -> datetime:
        return self._clock().astimezone(UTC)

    def _run(self, camera: str) -> str:
        with self._lock:
            return self._runs.setdefault(camera, uuid4().hex)

    def _note(
        self,
        connection: sa.Connection,
        by: Requester,
        action: str,
        detail: dict[str, Any],
        plate: str | None = None,
    ) -> AuditEntry:
        return self._audit.append(connection, self._now(), by, action, detail, plate=plate)


def _uuid(event_id: str) -> str:
    """The event's number as it is stored; a plate given in its place is not repeated."""
    try:
        return str(UUID(event_id))
    except ValueError:
        raise ConfigError(
            "event: is no UUID; `lpr events search --json` prints an event's"
        ) from None
