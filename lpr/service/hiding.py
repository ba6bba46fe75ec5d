"""What may leave the service of plates on no list, where the store keeps pseudonyms of them.

The rule is the same at every edge: a text is told only where exactly that text is on a list. In
place of any other stands its keyed hash, the same as in the event store.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from lpr.gate.decision import Decision, Suspicion, SuspicionKind
from lpr.gate.record import DecisionRecord
from lpr.types import PlateEvent


@dataclass(frozen=True, slots=True)
class ToldEvent:
    """An event as it may be told.

    Attributes:
        event: the event, without any text that is on no list.
        pseudonym: what stands for the text that was taken out; None where none was.
    """

    event: PlateEvent
    pseudonym: str | None = None


class Hider:
    """Puts keyed hashes in place of plates on no list.

    What a detail or a suspicion says may quote the plate, so it goes with it; action, reason, rule
    and the listed plate that was matched stay.

    Args:
        pseudonym: returns what stands for a text; None where texts are kept.
        listed: whether exactly this text is on a list of the site.
    """

    def __init__(
        self, pseudonym: Callable[[str], str | None], *, listed: Callable[[str], bool]
    ) -> None:
        self._pseudonym, self._listed = pseudonym, listed

    def event(self, event: PlateEvent) -> ToldEvent:
        """Return an event as it may be told to those outside."""
        pseudonym = self._pseudonym(event.text)
        if pseudonym is None:
            return ToldEvent(event)
        if self._known(event.text):
            return ToldEvent(self.trimmed(event))
        nameless = replace(
            event, text="", raw_text="", char_scores=(), alternatives=(), region=None
        )
        return ToldEvent(nameless, pseudonym if event.text else None)

    def trimmed(self, event: PlateEvent) -> PlateEvent:
        """Return an event whose other readings are listed plates, too; its text stays.

        They may be those of another vehicle that the tracker took for this one.
        """
        if self._pseudonym(event.text) is None:
            return event
        return replace(
            event,
            raw_text=event.raw_text if self._known(event.raw_text) else "",
            alternatives=tuple(one for one in event.alternatives if self._known(one.text)),
        )

    def record(self, record: DecisionRecord) -> DecisionRecord:
        """Return a record as the decision log and those outside may hold it."""
        decision, pseudonym = self._hidden(record.decision)
        return replace(record, decision=decision, pseudonym=pseudonym)

    def decision(self, decision: Decision) -> Decision:
        """Return a decision as a log for people may show it."""
        hidden, pseudonym = self._hidden(decision)
        return hidden if pseudonym is None else replace(hidden, text=f"pseudonym {pseudonym}")

    def _hidden(self, decision: Decision) -> tuple[Decision, str | None]:
        pseudonym = self._pseudonym(decision.text)
        if pseudonym is None or not decision.text:
            return decision, None
        if self._known(decision.text):
            return _without_other_texts(decision), None
        wordless = _wordless(decision, frozenset(SuspicionKind))
        return replace(decision, text="", detail="", suspicions=wordless), pseudonym

    def _known(self, text: str) -> bool:
        return bool(text) and self._listed(text)


def no_pseudonym(text: str) -> None:
    """Nothing stands for a text: it is kept."""


_OTHER_TEXTS = frozenset({SuspicionKind.TEXT_CHANGED})
"""Suspicions that quote another text than the decision's."""


def _without_other_texts(decision: Decision) -> Decision:
    quoted = {one.detail for one in decision.suspicions if one.kind in _OTHER_TEXTS}
    return replace(
        decision,
        detail="" if decision.detail in quoted else decision.detail,
        suspicions=_wordless(decision, _OTHER_TEXTS),
    )


def _wordless(decision: Decision, kinds: frozenset[SuspicionKind]) -> tuple[Suspicion, ...]:
    return tuple(
        replace(one, detail="") if one.kind in kinds else one for one in decision.suspicions
    )
