from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from lpr.errors import GateError
from lpr.gate.confusion import ConfusionMatrix, default_confusables, default_confusions
from lpr.gate.decision import Action, Reason, Suspicion, SuspicionKind
from lpr.gate.direction import Direction
from lpr.gate.evidence import Evidence
from lpr.gate.fakes import plain_list
from lpr.gate.meant import meant_share
from lpr.gate.plate_list import ListKind, PlateEntry, PlateList
from lpr.gate.policy import GatePolicy, SuspicionPolicy
from lpr.gate.rules import GateContext, decide
from lpr.gate.schedule import parse_schedule
from lpr.types import EventKind

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
UTC_ZONE = ZoneInfo("UTC")
SURE = Evidence(
    kind=EventKind.CONFIRMED,
    camera="north",
    track_id=1,
    first_seen=0.0,
    text="AB123CX",
    probability=0.999,
    agreeing=5,
    age=0.1,
    in_view=1.0,
)
ENTRY = PlateEntry("AB123CX", ListKind.ALLOW, UTC_ZONE, source="plates.csv:2")


def fits(text: str) -> bool:
    """Two letters, three digits, two letters."""
    return len(text) == 7 and (text[:2] + text[5:]).isalpha() and text[2:5].isdigit()


def context(plates: PlateList, policy: GatePolicy | None = None) -> GateContext:
    return GateContext("main", NOON, plates, policy or GatePolicy(), fits)


def listed(*entries: PlateEntry) -> GateContext:
    return context(PlateList(entries, default_confusables()))


def test_an_exact_match_opens_and_names_its_line() -> None:
    decision = decide(SURE, listed(ENTRY))
    assert (decision.action, decision.reason) == (Action.OPEN, Reason.EXACT_MATCH)
    assert decision.rule == "plates.csv:2"
    assert decision.plate == "AB123CX"
    assert decision.pass_key is None


@pytest.mark.parametrize(("listed_as", "read"), [("FÜ123CX", "FU123CX"), ("FU123CX", "FÜ123CX")])
def test_an_umlaut_opens_with_and_without_its_dots(listed_as: str, read: str) -> None:
    decision = decide(replace(SURE, text=read), context(plain_list([listed_as])))
    assert (decision.action, decision.reason) == (Action.OPEN, Reason.EXACT_MATCH)
    assert decide(replace(SURE, text=read), context(plain_list(deny=[listed_as]))).action is (
        Action.DENY
    )


@pytest.mark.parametrize("on", ["ask", "deny"])
def test_unlisted_plates_get_what_the_policy_says(on: str) -> None:
    policy = GatePolicy.model_validate({"on_not_listed": on})
    decision = decide(SURE, context(plain_list(["XY999ZZ"]), policy))
    assert (decision.action.value, decision.reason) == (on, Reason.NOT_LISTED)


def test_a_watched_plate_alone_does_not_open() -> None:
    assert decide(SURE, context(plain_list(watch=["AB123CX"]))).reason is Reason.NOT_LISTED
    both = context(plain_list(["AB123CX"], watch=["AB123CX"]))
    assert decide(SURE, both).action is Action.OPEN


def test_deny_beats_allow() -> None:
    decision = decide(SURE, context(plain_list(["AB123CX"], deny=["AB123CX"])))
    assert (decision.action, decision.reason) == (Action.DENY, Reason.DENY_LISTED)


def test_deny_holds_also_where_the_reading_is_weak() -> None:
    weak = replace(SURE, probability=0.5, agreeing=1)
    assert decide(weak, context(plain_list(deny=["AB123CX"]))).reason is Reason.DENY_LISTED


def test_a_plate_like_a_denied_one_does_not_open_by_itself() -> None:
    decision = decide(SURE, context(plain_list(["AB123CX"], deny=["A8123CX"])))
    assert (decision.action, decision.reason) == (Action.ASK, Reason.AMBIGUOUS)
    decision = decide(SURE, context(plain_list(deny=["A8123CX"])))
    assert (decision.action, decision.reason) == (Action.DENY, Reason.DENY_LISTED)


def test_a_deny_entry_out_of_force_does_not_deny() -> None:
    old = replace(ENTRY, kind=ListKind.DENY, valid_to=date(2026, 11, 22))
    assert decide(SURE, listed(ENTRY, old)).action is Action.OPEN
    one_way = replace(ENTRY, kind=ListKind.DENY, direction=Direction.IN)
    assert decide(SURE, listed(ENTRY, one_way)).action is Action.DENY, "it may be this direction"
    out = replace(SURE, direction=Direction.OUT)
    assert decide(out, listed(ENTRY, one_way)).action is Action.OPEN


def test_a_denied_way_is_waited_for_where_it_will_show() -> None:
    out = replace(ENTRY, kind=ListKind.DENY, direction=Direction.OUT)
    shows = replace(listed(ENTRY, out), way_shows=True)
    waits = decide(SURE, shows)
    assert (waits.action, waits.reason) == (Action.DENY, Reason.DIRECTION_UNKNOWN)
    assert waits.detail == "AB123CX is denied on the way out; the direction is not known yet"
    assert decide(replace(SURE, direction=Direction.IN), shows).action is Action.OPEN
    assert decide(replace(SURE, direction=Direction.OUT), shows).reason is Reason.DENY_LISTED
    # What is denied both ways needs no way.
    both = replace(listed(ENTRY, out, replace(out, direction=None)), way_shows=True)
    assert decide(SURE, both).reason is Reason.DENY_LISTED


@pytest.mark.parametrize("shows", [False, True])
def test_a_one_way_denial_out_of_its_hours_denies_nothing(shows: bool) -> None:
    sunday = parse_schedule("Sun 00:00-24:00")
    out = replace(ENTRY, kind=ListKind.DENY, direction=Direction.OUT, schedule=sunday)
    assert decide(SURE, replace(listed(ENTRY, out), way_shows=shows)).action is Action.OPEN


def test_thresholds_ask() -> None:
    low = decide(replace(SURE, probability=0.979), listed(ENTRY))
    assert (low.action, low.reason) == (Action.ASK, Reason.LOW_PROBABILITY)
    few = decide(replace(SURE, agreeing=2), listed(ENTRY))
    assert (few.action, few.reason) == (Action.ASK, Reason.FEW_READINGS)


def test_stale_evidence_denies() -> None:
    decision = decide(replace(SURE, age=2.001, in_view=3.0), listed(ENTRY))
    assert (decision.action, decision.reason) == (Action.DENY, Reason.STALE_EVIDENCE)
    assert decide(replace(SURE, age=2.0, in_view=3.0), listed(ENTRY)).action is Action.OPEN


def test_events_without_a_verdict() -> None:
    left = decide(replace(SURE, kind=EventKind.DEPARTED), listed(ENTRY))
    assert (left.action, left.reason) == (Action.IGNORE, Reason.DEPARTED)
    unread = replace(SURE, kind=EventKind.UNREAD, text="", unread_reason="too_small")
    decision = decide(unread, listed(ENTRY))
    assert (decision.action, decision.reason) == (Action.ASK, Reason.UNREAD)
    assert "too small" in decision.detail
    quiet = GatePolicy(on_unread="ignore")
    assert decide(unread, context(plain_list(), quiet)).action is Action.IGNORE


def test_a_naive_clock_is_refused() -> None:
    with pytest.raises(GateError, match="no time zone"):
        decide(SURE, replace(listed(ENTRY), now=datetime(2026, 1, 1)))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (replace(ENTRY, valid_from=date(2026, 11, 24)), Reason.NOT_YET_VALID),
        (replace(ENTRY, valid_to=date(2026, 11, 22)), Reason.EXPIRED),
        (replace(ENTRY, schedule=parse_schedule("Sun 00:00-24:00")), Reason.OUT_OF_SCHEDULE),
        (replace(ENTRY, gates=("back",)), Reason.WRONG_GATE),
        (replace(ENTRY, direction=Direction.IN), Reason.DIRECTION_UNKNOWN),
    ],
)
def test_an_entry_out_of_force_does_not_open(change: PlateEntry, reason: Reason) -> None:
    decision = decide(SURE, listed(change))
    assert (decision.action, decision.reason) == (Action.ASK, reason)
    assert decide(SURE, listed(change, ENTRY)).action is Action.OPEN, "another entry holds"


def test_the_wrong_way_does_not_open() -> None:
    decision = decide(
        replace(SURE, direction=Direction.OUT), listed(replace(ENTRY, direction=Direction.IN))
    )
    assert decision.reason is Reason.WRONG_DIRECTION


def test_visitor_passes_run_out_but_let_out() -> None:
    visitor = replace(ENTRY, entries=2)
    used = replace(listed(visitor), pass_uses={visitor.pass_key: 2})
    first = decide(SURE, listed(visitor))
    assert (first.action, first.pass_key) == (Action.OPEN, visitor.pass_key)
    assert decide(SURE, used).reason is Reason.PASS_USED_UP
    out = decide(replace(SURE, direction=Direction.OUT), used)
    assert (out.action, out.pass_key) == (Action.OPEN, None)
    permanent = decide(SURE, listed(visitor, ENTRY))
    assert permanent.pass_key is None, "no pass is spent where a permanent entry serves"


def test_the_nearest_refusal_is_told() -> None:
    entries = [
        replace(ENTRY, valid_to=date(2026, 1, 1)),
        replace(ENTRY, schedule=parse_schedule("Sun 00:00-24:00")),
    ]
    assert decide(SURE, listed(*entries)).reason is Reason.OUT_OF_SCHEDULE


# The reader says O where the format wants a digit: only 0 is possible there.
MISREAD = replace(SURE, text="ABO23CX")
ZERO = replace(ENTRY, plate="AB023CX")
# Enough looks to rule out confusions that were never seen; those that ship leave a doubt.
MATRIX = ConfusionMatrix({"0": {"O": 0.1}}, "a test", 1_000_000, default_confusions().classes)


def measured(*entries: PlateEntry) -> GateContext:
    return replace(listed(*entries), confusion=MATRIX)


def test_a_confusable_match_opens_where_nothing_else_is_possible() -> None:
    decision = decide(MISREAD, measured(ZERO))
    assert (decision.action, decision.reason) == (Action.OPEN, Reason.CONFUSABLE_MATCH)
    assert (decision.text, decision.plate) == ("ABO23CX", "AB023CX")


def test_a_confusable_match_obeys_the_entry() -> None:
    later = replace(ZERO, valid_from=date(2026, 11, 24))
    assert decide(MISREAD, measured(later)).reason is Reason.NOT_YET_VALID


def test_the_text_has_to_be_right_and_to_mean_the_plate() -> None:
    # Either alone is sure enough, both together are not.
    share = meant_share("AB023CX", "ABO23CX", MATRIX, fits)
    assert share is not None
    assert 0.98 < share < 0.999
    doubted = replace(MISREAD, probability=0.981)
    assert decide(replace(doubted, text="AB023CX"), measured(ZERO)).action is Action.OPEN
    decision = decide(doubted, measured(ZERO))
    assert (decision.action, decision.reason) == (Action.ASK, Reason.AMBIGUOUS)
    assert f"with probability {0.981 * share:.3f} only" in decision.detail


def test_too_many_plates_that_look_alike_are_told_as_that() -> None:
    plate, text = "0000", "OOOO"
    context = replace(measured(replace(ENTRY, plate=plate)), fits_format=lambda one: one == plate)
    decision = decide(replace(SURE, text=text), context)
    assert (decision.action, decision.reason) == (Action.ASK, Reason.AMBIGUOUS)
    assert "too many plates look like it" in decision.detail


@pytest.mark.parametrize(
    ("plate", "text"), [("AB123CX", "A8123CX"), ("AB023CX", "ABO23CX"), ("AB003CX", "ABOO3CX")]
)
def test_a_look_alike_that_other_plates_are_read_as_never_opens(plate: str, text: str) -> None:
    # An 8 among letters is mostly a B, but others were read so as well; an O among digits is mostly
    # a 0, but too few looks show that no other digit is read so.
    decision = decide(replace(SURE, text=text), context(plain_list([plate])))
    assert (decision.action, decision.reason) == (Action.ASK, Reason.AMBIGUOUS)
    assert "0.98 is needed" in decision.detail


def test_a_stranger_across_the_classes_does_not_open() -> None:
    # 7 was read as Z, and Z is taken for 2: without the rates this stranger would come in.
    stranger, misread = "AB723CX", "ABZ23CX"
    assert default_confusions().rate(stranger[2], misread[2]) > 0
    assert default_confusables().only_plate(misread, fits) == "AB223CX"
    decision = decide(replace(SURE, text=misread), context(plain_list(["AB223CX"])))
    assert (decision.action, decision.reason) == (Action.ASK, Reason.AMBIGUOUS)


def test_a_possible_other_plate_never_opens() -> None:
    # AD123CX is a possible plate of somebody else, though it looks like AO123CX.
    other = replace(SURE, text="AD123CX")
    plates = plain_list(["AO123CX"])
    decision = decide(other, context(plates))
    assert (decision.action, decision.reason) == (Action.ASK, Reason.AMBIGUOUS)
    # A0123CX is impossible, but it may be AO, AD or AQ.
    assert decide(replace(SURE, text="A0123CX"), context(plates)).reason is Reason.AMBIGUOUS


def test_a_confusable_match_of_several_entries_never_opens() -> None:
    for mode in ("only_plate", "only_entry"):
        policy = GatePolicy.model_validate({"confusable_match": mode})
        plates = plain_list(["AO123CX", "AD123CX"])
        decision = decide(replace(SURE, text="A0123CX"), context(plates, policy))
        assert (decision.action, decision.reason) == (Action.ASK, Reason.AMBIGUOUS)


def test_without_formats_or_with_never_only_exact_texts_open() -> None:
    assert decide(MISREAD, replace(listed(ZERO), fits_format=None)).reason is Reason.AMBIGUOUS
    never = GatePolicy(confusable_match="never")
    assert decide(MISREAD, context(plain_list(["AB023CX"]), never)).reason is Reason.AMBIGUOUS
    only_entry = GatePolicy(confusable_match="only_entry")
    loose = replace(context(plain_list(["AB023CX"]), only_entry), fits_format=None)
    assert decide(MISREAD, loose).reason is Reason.CONFUSABLE_MATCH


@pytest.mark.parametrize("text", ["AB123C", "AB123CXX", "AB124CX", "B123CX", "BA123CX", "AB123XC"])
@pytest.mark.parametrize("mode", ["never", "only_plate", "only_entry"])
def test_one_edit_away_never_opens(text: str, mode: str) -> None:
    policy = GatePolicy.model_validate({"confusable_match": mode})
    decision = decide(replace(SURE, text=text), context(plain_list(["AB123CX"]), policy))
    assert (decision.action, decision.reason) == (Action.ASK, Reason.NOT_LISTED)


def test_suspicions_stop_an_opening_as_the_policy_says() -> None:
    suspicion = Suspicion(SuspicionKind.IMPOSSIBLE_TRAVEL, "too fast")
    suspicious = replace(listed(ENTRY), suspicions=(suspicion,))
    decision = decide(SURE, suspicious)
    assert (decision.action, decision.reason) == (Action.ASK, Reason.SUSPICIOUS)
    assert decision.suspicions == (suspicion,)
    for concern, action in (("note", Action.OPEN), ("deny", Action.DENY)):
        policy = GatePolicy(
            suspicions=SuspicionPolicy.model_validate({"impossible_travel": concern})
        )
        assert decide(SURE, replace(suspicious, policy=policy)).action is action


def test_a_denying_suspicion_beats_an_asking_one() -> None:
    policy = GatePolicy(suspicions=SuspicionPolicy(watch_listed="deny"))
    suspicions = (
        Suspicion(SuspicionKind.TEXT_CHANGED, "changed"),
        Suspicion(SuspicionKind.WATCH_LISTED, "watched"),
    )
    decision = decide(SURE, replace(listed(ENTRY), policy=policy, suspicions=suspicions))
    assert (decision.action, decision.rule) == (Action.DENY, "policy.suspicions.watch_listed")


def area(
    inside: set[str],
    capacity: int | None = None,
    *,
    passback: bool = False,
    forgotten: AbstractSet[str] = frozenset(),
) -> GateContext:
    policy = GatePolicy(anti_passback=passback)
    where = replace(listed(ENTRY), inside=frozenset(inside), forgotten=forgotten)
    return replace(where, capacity=capacity, policy=policy)


@pytest.mark.parametrize(
    ("direction", "where", "reason"),
    [
        (Direction.IN, area({"X1", "X2"}, 2), Reason.AREA_FULL),
        (Direction.IN, area({"X1", "AB123CX"}, 2), Reason.EXACT_MATCH),
        (Direction.IN, area({"X1"}, 2), Reason.EXACT_MATCH),
        (Direction.OUT, area({"X1", "X2"}, 2), Reason.EXACT_MATCH),
        (None, area(set(), 2), Reason.DIRECTION_UNKNOWN),
        (None, area(set()), Reason.EXACT_MATCH),
        (Direction.IN, area({"AB123CX"}, passback=True), Reason.ALREADY_INSIDE),
        (Direction.IN, area(set(), passback=True), Reason.EXACT_MATCH),
        (Direction.OUT, area(set(), passback=True), Reason.NOT_INSIDE),
        (Direction.OUT, area({"AB123CX"}, passback=True), Reason.EXACT_MATCH),
        (None, area(set(), passback=True), Reason.DIRECTION_UNKNOWN),
        (Direction.OUT, area(set(), passback=True, forgotten={"AB123CX"}), Reason.EXACT_MATCH),
        (Direction.IN, area(set(), passback=True, forgotten={"AB123CX"}), Reason.EXACT_MATCH),
    ],
)
def test_areas(direction: Direction | None, where: GateContext, reason: Reason) -> None:
    decision = decide(replace(SURE, direction=direction), where)
    assert decision.reason is reason
    assert (decision.action is Action.OPEN) == (reason is Reason.EXACT_MATCH)


def test_the_rules_change_nothing() -> None:
    uses = {ENTRY.pass_key: 0}
    where = replace(listed(replace(ENTRY, entries=1)), pass_uses=uses)
    assert decide(SURE, where) == decide(SURE, where)
    assert uses == {ENTRY.pass_key: 0}


def test_a_second_permission_takes_nothing_away() -> None:
    """Out at any time, and in by day: at night only the direction is missing, not the hours."""
    out = replace(ENTRY, direction=Direction.OUT)
    day = replace(ENTRY, schedule=parse_schedule("Mon-Fri 00:00-06:00"))
    for entries in ((out,), (out, day), (day, out)):
        assert decide(SURE, listed(*entries)).reason is Reason.DIRECTION_UNKNOWN
        leaving = decide(replace(SURE, direction=Direction.OUT), listed(*entries))
        assert leaving.action is Action.OPEN


def test_a_pass_waits_for_the_way_where_it_will_show() -> None:
    visitor = replace(ENTRY, entries=1)
    used = replace(listed(visitor), pass_uses={visitor.pass_key: 1})
    assert decide(SURE, used).reason is Reason.PASS_USED_UP
    shows = replace(used, way_shows=True)
    assert decide(SURE, shows).reason is Reason.DIRECTION_UNKNOWN
    assert decide(replace(SURE, direction=Direction.OUT), shows).action is Action.OPEN
    assert decide(replace(SURE, direction=Direction.IN), shows).reason is Reason.PASS_USED_UP


@pytest.mark.parametrize(
    ("concern", "shows", "reason"),
    [
        ("ask", True, Reason.DIRECTION_UNKNOWN),
        ("deny", True, Reason.DIRECTION_UNKNOWN),
        ("note", True, Reason.EXACT_MATCH),
        # A way that will never show is not waited for.
        ("ask", False, Reason.EXACT_MATCH),
    ],
)
def test_who_shall_not_come_in_twice_waits_for_the_way(
    concern: str, shows: bool, reason: Reason
) -> None:
    stops = SuspicionPolicy.model_validate({"already_inside": concern})
    where = replace(area(set()), policy=GatePolicy(suspicions=stops), way_shows=shows)
    assert decide(SURE, where).reason is reason
    assert decide(replace(SURE, direction=Direction.IN), where).action is Action.OPEN
