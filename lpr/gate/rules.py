"""The gate's rules: evidence and context in, decision out. Pure: no clock, no file, no memory.

A gate opens where every rule lets it, and the first rule that objects is named. The order: there
is a verdict, it is fresh, the plate is not denied, the verdict is sure, the text means one entry of
the allow list, the entry holds here and now, nothing is suspicious, the area has room.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from lpr.formats.folding import plate_identity
from lpr.gate.confusion import ConfusionMatrix, default_confusions
from lpr.gate.decision import Action, Decision, Reason, Suspicion, SuspicionKind
from lpr.gate.direction import Direction
from lpr.gate.evidence import Evidence
from lpr.gate.meant import meant_share
from lpr.gate.plate_list import EntryState, ListKind, ListMatch, PlateEntry, PlateList
from lpr.gate.policy import GatePolicy
from lpr.gate.schedule import check_aware
from lpr.types import EventKind


@dataclass(frozen=True, slots=True)
class GateContext:
    """Everything beside the evidence that a decision rests on.

    Attributes:
        gate: name of the gate.
        now: the wall clock, aware.
        plates: the lists.
        policy: the gate's numbers.
        fits_format: whether a text is a possible plate; None where no formats are known.
        pass_uses: visitor pass (`PlateEntry.pass_key`) -> openings that it was used for.
        inside: plates inside the gate's area; None where the gate has no area.
        forgotten: plates of which nobody knows any more whether they are in it.
        capacity: vehicles that the area holds; None without limit.
        suspicions: what is suspicious about this passage.
        way_shows: whether the camera has a line or zone whose crossing will show the direction.
        confusion: how often the reader takes one character for another.
    """

    gate: str
    now: datetime
    plates: PlateList
    policy: GatePolicy
    fits_format: Callable[[str], bool] | None = None
    pass_uses: Mapping[str, int] = field(default_factory=dict)
    inside: AbstractSet[str] | None = None
    forgotten: AbstractSet[str] = frozenset()
    capacity: int | None = None
    suspicions: tuple[Suspicion, ...] = ()
    way_shows: bool = False
    confusion: ConfusionMatrix = field(default_factory=default_confusions)


_STATE_REASONS: Final = {
    EntryState.OUT_OF_SCHEDULE: Reason.OUT_OF_SCHEDULE,
    EntryState.WRONG_DIRECTION: Reason.WRONG_DIRECTION,
    EntryState.DIRECTION_UNKNOWN: Reason.DIRECTION_UNKNOWN,
    EntryState.WRONG_GATE: Reason.WRONG_GATE,
    EntryState.NOT_YET_VALID: Reason.NOT_YET_VALID,
    EntryState.EXPIRED: Reason.EXPIRED,
}


def decide(evidence: Evidence, context: GateContext) -> Decision:
    """Decide about one event.

    Raises:
        GateError: the wall clock of the context has no time zone.
    """
    check_aware(context.now)
    match = context.plates.match(evidence.text)
    decision = (
        _without_verdict(evidence, context)
        or _stale(evidence, context)
        or _denied(evidence, context, match)
        or _unsure(evidence, context)
        or _listed(evidence, context, match)
    )
    return replace(decision, suspicions=context.suspicions)


def _without_verdict(evidence: Evidence, context: GateContext) -> Decision | None:
    if evidence.kind is EventKind.DEPARTED:
        return _decision(evidence, Action.IGNORE, Reason.DEPARTED, "event.kind", "the vehicle left")
    if evidence.kind is EventKind.UNREAD:
        why = evidence.unread_reason.replace("_", " ") or "no reason given"
        action = Action(context.policy.on_unread)
        detail = f"a plate was seen but not read: {why}"
        return _decision(evidence, action, Reason.UNREAD, "policy.on_unread", detail)
    return None


def _stale(evidence: Evidence, context: GateContext) -> Decision | None:
    limit = context.policy.max_evidence_age
    if evidence.age <= limit:
        return None
    detail = f"the picture is {evidence.age:.1f} s old, {limit:g} s are allowed"
    return _decision(
        evidence, Action.DENY, Reason.STALE_EVIDENCE, "policy.max_evidence_age", detail
    )


def _denied(evidence: Evidence, context: GateContext, match: ListMatch) -> Decision | None:
    """Deny beats allow, and a plate that may be a denied one does not open by itself."""
    held: list[Decision] = []
    for entry in (*match.exact, *match.alike):
        state = _denial(entry, evidence, context)
        if state is None:
            continue
        decision = _forbidden(entry, evidence, match)
        if state is EntryState.IN_FORCE or not context.way_shows:
            return decision
        # One way only, and which one this is will show: shut until then, and decided anew.
        detail = f"{decision.detail} on the way {entry.direction}; the direction is not known yet"
        held.append(replace(decision, reason=Reason.DIRECTION_UNKNOWN, detail=detail))
    return held[0] if held else None


def _denial(entry: PlateEntry, evidence: Evidence, context: GateContext) -> EntryState | None:
    """Whether an entry denies here and now, or may do so once the direction is known."""
    if entry.kind is not ListKind.DENY:
        return None
    state = entry.state(now=context.now, gate=context.gate, direction=evidence.direction)
    if state is EntryState.DIRECTION_UNKNOWN:
        # Out of its hours it denies neither way.
        either = replace(entry, direction=None)
        state = either.state(now=context.now, gate=context.gate, direction=None)
        return EntryState.DIRECTION_UNKNOWN if state is EntryState.IN_FORCE else None
    return state if state is EntryState.IN_FORCE else None


def _forbidden(entry: PlateEntry, evidence: Evidence, match: ListMatch) -> Decision:
    if entry in match.exact:
        detail = f"{entry.plate} is denied"
        return _entry_decision(evidence, Action.DENY, Reason.DENY_LISTED, entry, detail)
    if match.exact or set(match.alike_plates) - {entry.plate}:
        detail = f"it cannot be told apart from {entry.plate}, which is denied"
        return _entry_decision(evidence, Action.ASK, Reason.AMBIGUOUS, entry, detail)
    detail = f"it looks like {entry.plate}, which is denied"
    return _entry_decision(evidence, Action.DENY, Reason.DENY_LISTED, entry, detail)


def _unsure(evidence: Evidence, context: GateContext) -> Decision | None:
    policy = context.policy
    if evidence.probability < policy.min_probability:
        detail = f"probability {evidence.probability:.3f}, {policy.min_probability:g} is needed"
        rule = "policy.min_probability"
        return _decision(evidence, Action.ASK, Reason.LOW_PROBABILITY, rule, detail)
    if evidence.agreeing < policy.min_agreeing:
        detail = f"{evidence.agreeing} readings agree, {policy.min_agreeing} are needed"
        return _decision(evidence, Action.ASK, Reason.FEW_READINGS, "policy.min_agreeing", detail)
    return None


def _listed(evidence: Evidence, context: GateContext, match: ListMatch) -> Decision:
    exact = [entry for entry in match.exact if entry.kind is ListKind.ALLOW]
    if exact:
        return _permitted(evidence, context, exact, Reason.EXACT_MATCH)
    action = Action(context.policy.on_not_listed)
    if match.exact or not any(entry.kind is ListKind.ALLOW for entry in match.alike):
        detail = f"{evidence.text} is on no allow list"
        return _decision(evidence, action, Reason.NOT_LISTED, "policy.on_not_listed", detail)
    objection = _alike_objection(evidence, context, match)
    if objection:
        rule = "policy.confusable_match"
        return _decision(evidence, action, Reason.AMBIGUOUS, rule, objection)
    allowed = [entry for entry in match.alike if entry.kind is ListKind.ALLOW]
    return _permitted(evidence, context, allowed, Reason.CONFUSABLE_MATCH)


def _alike_objection(evidence: Evidence, context: GateContext, match: ListMatch) -> str:
    """Why a text that is like an entry, but not equal to it, does not count as that entry."""
    text, plates = evidence.text, match.alike_plates
    if len(plates) > 1:
        return f"{text} can be any of {', '.join(plates)}"
    mode = context.policy.confusable_match
    if mode == "never":
        return f"{text} is like {plates[0]} but not equal to it"
    if mode == "only_entry":
        return ""
    if context.fits_format is None:
        return f"{text} is like {plates[0]}, and without plate formats it may be another plate"
    if context.plates.confusables.only_plate(text, context.fits_format) != plates[0]:
        return f"{text} is like {plates[0]}, but may be another plate"
    share = meant_share(plates[0], text, context.confusion, context.fits_format)
    if share is None:
        return f"{text} is like {plates[0]}, but too many plates look like it"
    # The text has to be right, and this plate has to be what it means.
    sure = evidence.probability * share
    if sure < context.policy.min_probability:
        needed = f"{context.policy.min_probability:g} is needed"
        return f"{text} is {plates[0]} with probability {sure:.3f} only, {needed}"
    return ""


def _permitted(
    evidence: Evidence, context: GateContext, entries: list[PlateEntry], reason: Reason
) -> Decision:
    """Judge the entries of one allowed plate: one that holds is enough."""
    refusals: list[tuple[Reason, PlateEntry]] = []
    # Entries without a number come first, so that a pass is spent only where nothing else serves.
    for entry in sorted(entries, key=lambda one: one.entries is not None):
        refusal = _refusal(entry, evidence, context)
        if refusal is None:
            return _stopped(evidence, context, entry) or _opening(evidence, entry, reason)
        refusals.append((refusal, entry))
    first, entry = min(refusals, key=lambda pair: _NEAREST.index(pair[0]))
    action = Action(context.policy.on_not_permitted)
    detail = f"{entry.plate} is allowed, but: {first.value.replace('_', ' ')}"
    return _entry_decision(evidence, action, first, entry, detail)


# Of several refusals the one that comes nearest to an opening is told: a way that may show yet.
_NEAREST: Final = (Reason.DIRECTION_UNKNOWN, Reason.PASS_USED_UP, *_STATE_REASONS.values())


def _refusal(entry: PlateEntry, evidence: Evidence, context: GateContext) -> Reason | None:
    state = entry.state(now=context.now, gate=context.gate, direction=evidence.direction)
    if state is not EntryState.IN_FORCE:
        return _STATE_REASONS[state]
    if entry.entries is not None and evidence.direction is None and context.way_shows:
        return Reason.DIRECTION_UNKNOWN
    used = context.pass_uses.get(entry.pass_key, 0)
    if _uses_pass(entry, evidence) and used >= (entry.entries or 0):
        return Reason.PASS_USED_UP
    return None


def _stopped(evidence: Evidence, context: GateContext, entry: PlateEntry) -> Decision | None:
    """What stops a permitted plate: a suspicion, or the area behind the gate."""
    for wanted in (Action.DENY, Action.ASK):
        for suspicion in context.suspicions:
            if context.policy.suspicions.action(suspicion.kind) is wanted:
                rule = f"policy.suspicions.{suspicion.kind.value}"
                return _decision(
                    evidence, wanted, Reason.SUSPICIOUS, rule, suspicion.detail, entry.plate
                )
    if context.inside is None:
        return None
    plate = plate_identity(entry.plate)
    reason = _area_objection(evidence, context, plate, context.inside)
    if reason is None:
        return None
    action = Action(context.policy.on_not_permitted)
    detail = f"{entry.plate}: {reason.value.replace('_', ' ')}"
    return _decision(evidence, action, reason, "areas", detail, entry.plate)


def _area_objection(
    evidence: Evidence, context: GateContext, plate: str, inside: AbstractSet[str]
) -> Reason | None:
    bounded = context.capacity is not None
    if evidence.direction is None:
        watched = bounded or context.policy.anti_passback or _way_tells_copies(context)
        return Reason.DIRECTION_UNKNOWN if watched else None
    if evidence.direction is Direction.OUT:
        unknown = plate not in inside and plate not in context.forgotten
        return Reason.NOT_INSIDE if context.policy.anti_passback and unknown else None
    if context.policy.anti_passback and plate in inside:
        return Reason.ALREADY_INSIDE
    full = context.capacity is not None and len(inside - {plate}) >= context.capacity
    return Reason.AREA_FULL if full else None


def _way_tells_copies(context: GateContext) -> bool:
    """Whether a way that will show says who comes in twice: opened before, nobody ever came in."""
    stops = context.policy.suspicions.action(SuspicionKind.ALREADY_INSIDE) is not None
    return context.way_shows and stops


def _opening(evidence: Evidence, entry: PlateEntry, reason: Reason) -> Decision:
    how = "is" if reason is Reason.EXACT_MATCH else "can only be"
    decision = _entry_decision(
        evidence, Action.OPEN, reason, entry, f"{evidence.text} {how} {entry.plate}, allowed"
    )
    uses_pass = _uses_pass(entry, evidence)
    return replace(decision, pass_key=entry.pass_key) if uses_pass else decision


def _uses_pass(entry: PlateEntry, evidence: Evidence) -> bool:
    """Whether a passage is one of a pass: who came in must get out again, so a way out is none."""
    return entry.entries is not None and evidence.direction is not Direction.OUT


def _entry_decision(
    evidence: Evidence, action: Action, reason: Reason, entry: PlateEntry, detail: str
) -> Decision:
    rule = entry.source or f"{entry.kind.value} {entry.plate}"
    return _decision(evidence, action, reason, rule, detail, entry.plate)


def _decision(
    evidence: Evidence,
    action: Action,
    reason: Reason,
    rule: str,
    detail: str,
    plate: str | None = None,
) -> Decision:
    return Decision(action, reason, rule, evidence.text, detail, plate)
