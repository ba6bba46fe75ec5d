from __future__ import annotations

import json
import random
import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lpr.errors import ConfigError
from lpr.formats.confusables import READER_CLASSES, Confusables
from lpr.gate.confusion import default_confusables
from lpr.store import EventStore, Match, Requester, SearchQuery, StoredDecision
from lpr.store.schema import events, meta
from lpr.types import EventKind

if TYPE_CHECKING:
    from tests.store.conftest import Clock, MakeEvent, Site

LETTERS = "AB08OQI1z%_\\*?[]^-'京"
FOLDS = Confusables(READER_CLASSES)


def reference(text: str, query: SearchQuery) -> bool:
    """The same question, answered by Python."""
    assert query.text is not None
    sought = FOLDS.fold(query.text) if query.folded else query.text
    found = FOLDS.fold(text) if query.folded else text
    if query.match is Match.EXACT:
        return found == sought
    if query.match is Match.PREFIX:
        return found.startswith(sought)
    parts = {"*": ".*", "?": "."}
    pattern = "".join(parts.get(char, re.escape(char)) for char in sought)
    return re.fullmatch(pattern, found, re.DOTALL) is not None


@pytest.fixture
def texts(store: EventStore, event: MakeEvent) -> list[str]:
    """Stored texts over few letters, so that patterns hit; wildcards and quotes among them."""
    rng = random.Random(7)
    made = ["".join(rng.choices(LETTERS, k=rng.randint(1, 5))) for _ in range(60)]
    made += ["AB123", "A8123", "ABI23", "ab123", "京A1", "%", "*", "\\"]
    for text in made:
        store.add_event(event(text))
    return made


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pattern=st.text(alphabet=LETTERS, max_size=4),
    match=st.sampled_from(Match),
    folded=st.booleans(),
)
def test_search_says_what_python_says(
    store: EventStore, texts: list[str], guard: Requester, pattern: str, match: Match, folded: bool
) -> None:
    query = SearchQuery(pattern, match=match, folded=folded, limit=1000)
    found = sorted(one.event.text for one in store.search(query, guard))
    assert found == sorted(text for text in texts if reference(text, query))


def test_the_classes_are_those_of_the_gate() -> None:
    assert default_confusables().classes == READER_CLASSES


def test_a_pattern_that_backtracks_ends(
    store: EventStore, event: MakeEvent, guard: Requester
) -> None:
    store.add_event(event("A" * 128))
    query = SearchQuery("*A" * 60 + "B", match=Match.WILDCARD)
    assert store.search(query, guard) == ()


def test_time_camera_kind_and_action(site: Site, event: MakeEvent, guard: Requester) -> None:
    with site.open() as store:
        for hour, (camera, kind) in enumerate(
            [
                ("north", EventKind.CONFIRMED),
                ("south", EventKind.CONFIRMED),
                ("north", EventKind.DEPARTED),
            ]
        ):
            moment = site.clock.now + timedelta(hours=hour)
            store.add_event(event(f"P{hour}", camera=camera, kind=kind, track_id=7), at=moment)
        store.add_decision(opened(site.clock))

        def texts(**wanted: object) -> list[str]:
            query = replace(SearchQuery(), **wanted)  # type: ignore[arg-type]
            return [one.event.text for one in store.search(query, guard)]

        start = site.clock.now
        assert texts() == ["P2", "P1", "P0"]
        assert texts(camera="north") == ["P2", "P0"]
        assert texts(kind=EventKind.DEPARTED) == ["P2"]
        assert texts(action="open") == ["P1"]
        assert texts(since=start + timedelta(hours=1)) == ["P2", "P1"]
        assert texts(until=start + timedelta(hours=1)) == ["P0"]
        assert texts(limit=1) == ["P2"]
        assert texts(limit=1, skip=1) == ["P1"]
        assert texts(camera="north", text="P0", since=start) == ["P0"]


def opened(clock: Clock) -> StoredDecision:
    return StoredDecision(
        at=clock.now,
        gate="main",
        camera="south",
        track_id=7,
        event_time=10.0,
        action="open",
        reason="exact_match",
        rule="plates.csv:3",
        text="P1",
        plate="P1",
    )


def test_a_folded_search_takes_umlauts_without_their_dots(
    store: EventStore, event: MakeEvent, guard: Requester
) -> None:
    for text in ("FÜAB10", "FUAB10", "FUA810", "TÖL1"):
        store.add_event(event(text))

    def found(text: str, match: Match = Match.EXACT, *, folded: bool = True) -> set[str]:
        query = SearchQuery(text, match=match, folded=folded)
        return {one.event.text for one in store.search(query, guard)}

    plates = {"FÜAB10", "FUAB10", "FUA810"}
    assert found("FÜAB10") == found("FUAB10") == found("FÜ", Match.PREFIX) == plates
    assert found("*ÜA?10", Match.WILDCARD) == plates
    assert found("T0L1") == found("TÖL1") == {"TÖL1"}
    assert found("FUAB10", folded=False) == {"FUAB10"}


def test_every_search_is_audited(store: EventStore, event: MakeEvent, guard: Requester) -> None:
    store.add_event(event("AB123"))
    store.search(SearchQuery("AB123", camera="north"), guard)
    (entry,) = store.audit()
    assert (entry.who, entry.why, entry.action) == ("J. Guard", "case 17", "search")
    assert '"results": 1' in entry.detail
    assert "AB123" not in repr(entry)
    assert store.audit(plate="AB123") == (entry,)
    assert store.audit(plate="AB124") == store.audit(who="K. Guard") == ()


def test_a_plate_given_as_a_camera_or_an_action_is_not_audited(
    store: EventStore, event: MakeEvent, guard: Requester
) -> None:
    store.add_event(event("AB123", camera="north"))
    for camera in ("north", "AB123", "AB123\x00"):
        store.search(SearchQuery(camera=camera), guard)
    cameras = [json.loads(entry.detail)["camera"] for entry in store.audit()]
    assert cameras == ["", "", "north"]
    with pytest.raises(ConfigError, match="action: is none of open, ask, deny, ignore"):
        SearchQuery(action="AB123")


def test_nobody_searches_namelessly() -> None:
    for who, why in (("", "case"), ("me", " "), ("me\n2026 fake", "case"), ("x" * 300, "case")):
        with pytest.raises(ConfigError, match=r"who|why"):
            Requester(who, why)


def test_limits_are_checked() -> None:
    for wrong in ({"limit": 0}, {"limit": 10_001}, {"skip": -1}, {"text": "A" * 129}):
        with pytest.raises(ConfigError):
            replace(SearchQuery(), **wrong)


def test_an_index_serves_every_search_for_the_beginning_of_a_text(
    sqlite_site: Site, guard: Requester
) -> None:
    asked: list[tuple[str, object]] = []

    def listen(_link: object, _cursor: object, statement: str, values: object, *_: object) -> None:
        if "GLOB" in statement or "IN (" in statement:
            asked.append((statement, values))

    sa.event.listen(sa.Engine, "before_cursor_execute", listen)
    with sqlite_site.open() as store:
        for match in (Match.EXACT, Match.PREFIX):
            for folded in (False, True):
                store.search(SearchQuery("AB12", match=match, folded=folded), guard)
        store.search(SearchQuery("AB*1", match=Match.WILDCARD), guard)
    sa.event.remove(sa.Engine, "before_cursor_execute", listen)
    assert len(asked) == 5
    with closing(sqlite3.connect(sqlite_site.settings.database)) as connection:
        for statement, values in asked:
            plan = str(connection.execute(f"EXPLAIN QUERY PLAN {statement}", values).fetchall())  # type: ignore[arg-type]
            assert "ix_events_text" in plan or "ix_events_folded" in plan, statement
            assert "SCAN events" not in plan


def test_texts_that_an_earlier_version_folded_with_their_dots_are_folded_anew(
    site: Site, event: MakeEvent, guard: Requester
) -> None:
    with site.open() as store:
        store.add_event(event("FÜAB10"))
        with store._database.write() as connection:
            connection.execute(events.update().values(folded=FOLDS.fold("FÜAB10")))
            connection.execute(
                meta.update()
                .where(meta.c.name == "confusables")
                .values(value=json.dumps(READER_CLASSES))
            )
    with site.open() as store:
        assert len(store.search(SearchQuery("FUAB10", folded=True), guard)) == 1
        assert [entry.action for entry in store.audit()] == ["search", "fold"]


def test_other_classes_fold_the_stored_texts_anew(
    site: Site, event: MakeEvent, guard: Requester
) -> None:
    alike = SearchQuery("AV1", folded=True)
    with site.open() as store:
        store.add_event(event("AY1"))
        assert store.search(alike, guard) == ()
    with site.open(confusables=Confusables(("VY",))) as store:
        assert [one.event.text for one in store.search(alike, guard)] == ["AY1"]
        assert "fold" in [entry.action for entry in store.audit()]
