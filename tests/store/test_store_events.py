from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING
from uuid import UUID

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lpr.errors import ConfigError, StoreError
from lpr.gate.decision import Reason
from lpr.geometry import Quad
from lpr.protocols import EventSink
from lpr.store import (
    EventStore,
    Picture,
    Requester,
    RetentionClass,
    SearchQuery,
    StoredDecision,
    StoredEvent,
    StoreSink,
)
from lpr.store.passages import class_of
from lpr.types import EventKind, UnreadReason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.store.conftest import MakeEvent, Site

NOON = datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=1)))
HOSTILE = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        [
            "'; DROP TABLE events; --",
            "' OR '1'='1",
            '"); DELETE FROM audit; --',
            "%_\\*?[]",
            "\x00AB\x1b[2J",
            "\ud800",
            ":text",
            "%(text)s",
            "京A12345",
        ]
    ),
)


def decision(
    text: str = "AB123", *, action: str = "deny", reason: str = "not_listed", track_id: int = 1
) -> StoredDecision:
    return StoredDecision(
        at=NOON,
        gate="main",
        camera="north",
        track_id=track_id,
        event_time=10.0,
        action=action,
        reason=reason,
        rule="policy.on_not_listed",
        text=text,
        detail=f"{text} is on no allow list",
        would="ask",
        direction="in",
        probability=0.98,
        agreeing=4,
        suspicions=(("not_registered", f"{text} is on no list"),),
    )


def all_events(store: EventStore, by: Requester) -> tuple[StoredEvent, ...]:
    return store.search(SearchQuery(limit=1000), by)


def test_an_event_comes_back_as_it_was(
    store: EventStore, event: MakeEvent, guard: Requester
) -> None:
    given_event = event(raw_text="A8123", alternatives=("AB123", "A8123"))
    event_id = store.add_event(given_event, at=NOON)
    (found,) = all_events(store, guard)
    assert found.event == given_event
    assert found.at == NOON
    assert found.at.tzinfo is UTC
    assert found.event_id == event_id == str(UUID(event_id))
    assert found.retention is RetentionClass.UNMATCHED
    assert (found.action, found.pseudonym, found.erased) == (None, None, False)


def test_an_unread_event_comes_back_as_it_was(
    store: EventStore, event: MakeEvent, guard: Requester
) -> None:
    unread = replace(event("", kind=EventKind.UNREAD), reason=UnreadReason.BLURRED, region=None)
    store.add_event(unread)
    (found,) = store.search(SearchQuery(kind=EventKind.UNREAD), guard)
    assert found.event == unread


def test_the_same_event_twice_is_stored_once(
    store: EventStore, event: MakeEvent, guard: Requester
) -> None:
    one = event()
    assert store.add_event(one) == store.add_event(one)
    assert len(all_events(store, guard)) == 1


def test_what_makes_an_event_another_one(
    store: EventStore, event: MakeEvent, guard: Requester
) -> None:
    one = event(track_id=1)
    others = [
        replace(one, track_id=2),
        replace(one, kind=EventKind.REVISED),
        replace(one, kind=EventKind.REVISED, time=11.0),
        replace(one, camera="south"),
    ]
    ids = {store.add_event(each) for each in (one, *others, one)}
    store.start_run("north")
    ids.add(store.add_event(one))
    ids.add(store.add_event(one, run="other"))
    ids.add(store.add_event(one, event_id="6a2f1d7c-0d1f-4a57-a3c5-4f1b0f0d9d11"))
    assert len(ids) == len(all_events(store, guard)) == 8


def test_two_stores_write_the_same_event_once(
    site: Site, event: MakeEvent, guard: Requester
) -> None:
    one = event()
    with site.open() as first, site.open() as second:
        assert first.add_event(one, run="r1") == second.add_event(one, run="r1")
        assert len(all_events(second, guard)) == 1


def test_a_decision_comes_back_as_it_was_and_only_once(
    store: EventStore, event: MakeEvent, guard: Requester
) -> None:
    event_id = store.add_event(event(track_id=1), run="r1")
    given_decision = replace(decision(), run="r1", plate="AB123")
    given_decision = replace(given_decision, pass_key="AB123//")  # noqa: S106
    assert store.add_decision(given_decision) == store.add_decision(given_decision)
    details = store.show(event_id, guard)
    assert details is not None
    assert details.decisions == (given_decision,)
    assert details.event.action == "deny"


def test_a_decision_without_a_run_belongs_to_the_present_one(
    store: EventStore, event: MakeEvent, guard: Requester
) -> None:
    old = store.add_event(event(track_id=1))
    run = store.start_run("north")
    new = store.add_event(event(track_id=1))
    store.add_decision(decision())
    found = {one.event_id: one for one in all_events(store, guard)}
    assert (found[old].action, found[new].action, found[new].run) == (None, "deny", run)


def test_each_reason_of_a_gate_is_about_the_vehicle_or_not() -> None:
    about = {one for one in Reason if class_of(decision(reason=one)) is RetentionClass.DENIED}
    faults = {
        Reason.UNREAD,
        Reason.LOW_PROBABILITY,
        Reason.FEW_READINGS,
        Reason.STALE_EVIDENCE,
        Reason.MALFORMED_EVIDENCE,
        Reason.RATE_LIMIT,
        Reason.CLOCK_JUMP,
        Reason.UNKNOWN_CAMERA,
        Reason.NOT_RECORDED,
        Reason.ACTUATOR_FAILED,
        Reason.INTERNAL_ERROR,
    }
    never_denied = {
        Reason.EXACT_MATCH,
        Reason.CONFUSABLE_MATCH,
        Reason.DEPARTED,
        Reason.DRY_RUN,
        Reason.ALREADY_OPENED,
        Reason.STILL_PRESENT,
        Reason.COOL_DOWN,
        Reason.STARTING,
    }
    assert about == set(Reason) - faults - never_denied


@pytest.mark.parametrize("decided_first", [False, True])
@pytest.mark.parametrize(
    ("given_decision", "expected"),
    [
        (decision(action="deny"), RetentionClass.DENIED),
        (replace(decision(action="deny"), would="open", plate="AB123"), RetentionClass.MATCHED),
        (replace(decision(action="open"), plate="AB123"), RetentionClass.MATCHED),
        (decision(action="deny", reason="stale_evidence"), RetentionClass.UNMATCHED),
        (decision(action="deny", reason="internal_error"), RetentionClass.UNMATCHED),
        (
            replace(decision(action="deny", reason="stale_evidence"), plate="AB123"),
            RetentionClass.MATCHED,
        ),
        (decision(action="ask"), RetentionClass.UNMATCHED),
        (decision(action="ignore", reason="departed"), RetentionClass.UNMATCHED),
    ],
)
def test_the_decision_gives_the_class_of_its_passage(
    store: EventStore,
    event: MakeEvent,
    guard: Requester,
    given_decision: StoredDecision,
    expected: RetentionClass,
    decided_first: bool,
) -> None:
    if decided_first:
        store.add_decision(given_decision)
    store.add_event(event(track_id=1))
    if not decided_first:
        store.add_decision(given_decision)
    store.add_event(event(track_id=1, kind=EventKind.DEPARTED, time=12.0))
    store.add_event(event(track_id=2))
    classes = {(one.event.track_id, one.retention) for one in all_events(store, guard)}
    assert classes == {(1, expected), (2, RetentionClass.UNMATCHED)}


def test_a_passage_stays_denied(store: EventStore, event: MakeEvent, guard: Requester) -> None:
    store.add_event(event(track_id=1))
    store.add_decision(decision(action="deny"))
    store.add_decision(replace(decision(action="open"), plate="AB123"))
    (found,) = all_events(store, guard)
    assert (found.retention, found.action) == (RetentionClass.DENIED, "open")


@pytest.mark.parametrize(
    ("decided", "expected"),
    [
        ((("ask", "low_probability"), ("open", "exact_match")), "open"),
        ((("open", "exact_match"), ("deny", "actuator_failed")), "deny"),
        ((("ask", "few_readings"), ("ignore", "dry_run")), "ignore"),
        ((), "ignore"),
    ],
)
def test_what_a_vehicle_got_is_told_after_it_has_left(
    store: EventStore,
    event: MakeEvent,
    guard: Requester,
    decided: Sequence[tuple[str, str]],
    expected: str,
) -> None:
    store.add_event(event(track_id=1))
    later = [*decided, ("ignore", "already_opened"), ("ignore", "departed")]
    for second, (action, reason) in enumerate(later):
        made = decision(action=action, reason=reason)
        store.add_decision(replace(made, event_time=made.event_time + second))
    (found,) = all_events(store, guard)
    assert found.action == expected


def test_a_picture_goes_with_its_event(
    store: EventStore, event: MakeEvent, guard: Requester
) -> None:
    image = np.full((20, 80, 3), 128, np.uint8)
    kinds = [Picture.encode(image), Picture.encode(image, "png"), Picture.encode(image, "webp")]
    assert [one.mime for one in kinds] == ["image/jpeg", "image/png", "image/webp"]
    event_id = store.add_event(event(), picture=kinds[0])
    for picture in kinds:
        assert store.add_picture(event_id, picture)
        details = store.show(event_id, guard)
        assert details is not None
        assert details.picture == picture
        assert details.event.has_picture
    assert not store.add_picture("no such event", kinds[0])
    assert store.show(str(UUID(int=1)), guard) is None


def test_what_is_no_picture_is_refused() -> None:
    with pytest.raises(ConfigError, match="PNG, JPEG or WebP"):
        Picture(b"<svg onload=alert(1)>")
    with pytest.raises(ConfigError, match="too large"):
        Picture(b"\xff\xd8\xff" + bytes(4 * 1024 * 1024))


def test_the_store_is_a_sink(store: EventStore, event: MakeEvent, guard: Requester) -> None:
    picture = Picture.encode(np.zeros((8, 16, 3), np.uint8))
    sink = StoreSink(store, listed=lambda one: one.text == "AB123", picture=lambda _: picture)
    assert isinstance(sink, EventSink)
    listed, other = event("AB123"), event("XY9")
    for one in (listed, other, listed):
        sink.emit(one)
    sink.close()
    sink.close()
    found = {one.event.text: one for one in all_events(store, guard)}
    assert found["AB123"].retention is RetentionClass.MATCHED
    assert found["XY9"].retention is RetentionClass.UNMATCHED
    assert all(one.has_picture for one in found.values())


def test_numbers_that_are_none_are_refused(store: EventStore, event: MakeEvent) -> None:
    with pytest.raises(StoreError, match="no finite number"):
        store.add_event(event(time=float("nan")))
    with pytest.raises(StoreError, match="no finite number"):
        store.add_decision(replace(decision(), probability=float("inf")))


def test_numbers_of_numpy_are_numbers(
    store: EventStore, event: MakeEvent, guard: Requester
) -> None:
    given_event = event("AB1", track_id=np.int64(7), time=np.float32(2.5))
    scores = tuple(np.float32(0.5) for _ in "AB1")
    corners = Quad(*((np.float32(x), np.float32(1)) for x in (1, 2, 2, 1)))  # type: ignore[arg-type]
    store.add_event(replace(given_event, char_scores=scores, quad=corners))  # type: ignore[arg-type]
    (found,) = all_events(store, guard)
    assert (found.event.track_id, found.event.time) == (7, 2.5)
    assert found.event.char_scores == (0.5, 0.5, 0.5)


def test_a_moment_needs_a_time_zone(store: EventStore, event: MakeEvent) -> None:
    naive = datetime(2026, 3, 2)
    with pytest.raises(StoreError, match="needs a time zone"):
        store.add_event(event(), at=naive)
    with pytest.raises(StoreError, match="needs a time zone"):
        store.add_decision(replace(decision(), at=naive))
    with pytest.raises(ConfigError, match=r"since: .* needs a time zone"):
        SearchQuery(since=naive)


def test_threads_write_at_once(store: EventStore, event: MakeEvent, guard: Requester) -> None:
    batches = [[event(f"T{row}N{number}") for number in range(10)] for row in range(4)]

    def work(batch: list[object]) -> None:
        for one in batch:
            store.add_event(one)  # type: ignore[arg-type]

    threads = [threading.Thread(target=work, args=(batch,)) for batch in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({one.event.text for one in all_events(store, guard)}) == 40


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=HOSTILE, raw_text=HOSTILE, camera=HOSTILE, detail=HOSTILE)
def test_hostile_text_is_only_text(
    store: EventStore,
    event: MakeEvent,
    guard: Requester,
    text: str,
    raw_text: str,
    camera: str,
    detail: str,
) -> None:
    hostile = event(text, camera=camera, raw_text=raw_text, alternatives=(text, raw_text))
    event_id = store.add_event(hostile)
    store.add_decision(
        replace(decision(text), camera=camera, track_id=hostile.track_id, detail=detail)
    )
    found = {one.event_id: one for one in store.search(SearchQuery(text, limit=1000), guard)}
    kept = text.replace("\x00", "\ufffd").replace("\ud800", "\ufffd")
    assert kept == found[event_id].event.text
    assert found[event_id].action == "deny"
    assert json.dumps(store.export(text, guard))
    store.erase(text, guard)
    if text:
        assert store.search(SearchQuery(text, limit=1000), guard) == ()
    assert store.check_audit().broken_at is None


def test_long_texts_are_cut(store: EventStore, event: MakeEvent, guard: Requester) -> None:
    store.add_event(event("A" * 5000))
    (found,) = all_events(store, guard)
    assert found.event.text == "A" * 128


def test_an_event_is_found_however_its_number_is_written(
    store: EventStore, event: MakeEvent, guard: Requester
) -> None:
    event_id = store.add_event(event(), event_id=str(UUID(int=0xABCDEF)).upper())
    for written in (event_id, event_id.upper(), event_id.replace("-", "")):
        assert store.show(written, guard) is not None
    with pytest.raises(ConfigError, match="is no UUID"):
        store.add_event(event(), event_id="evt-17")
