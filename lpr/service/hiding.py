"""Decisions as logs may hold them: where the store keeps pseudonyms, logs name no stranger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from lpr.gate.decision import Decision
from lpr.gate.record import DecisionRecord


class Hider:
    """Puts keyed hashes in place of plates on no list, the same as in the event store.

    What a detail or a suspicion says may quote the plate, so it goes with it; action, reason and
    rule stay.

    Args:
        pseudonym: returns what stands for a text; None where texts are kept.
    """

    def __init__(self, pseudonym: Callable[[str], str | None]) -> None:
        self._pseudonym = pseudonym

    def decision(self, decision: Decision) -> Decision:
        """Return a decision as a log may hold it."""
        if decision.plate is not None or not decision.text:
            return decision
        pseudonym = self._pseudonym(decision.text)
        if pseudonym is None:
            return decision
        return replace(
            decision,
            text=f"pseudonym {pseudonym}",
            detail="",
            suspicions=tuple(replace(one, detail="") for one in decision.suspicions),
        )

    def record(self, record: DecisionRecord) -> DecisionRecord:
        """Return a record as the decision log may hold it."""
        return replace(record, decision=self.decision(record.decision))


def no_pseudonym(text: str) -> None:
    """Nothing stands for a text: it is kept."""
