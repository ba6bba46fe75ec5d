"""How safe a list is before any car has come: thousands of unlisted plates, misread."""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

import numpy as np

from lpr.errors import GateError
from lpr.gate.confusion import ConfusionMatrix
from lpr.gate.decision import Action, Reason
from lpr.gate.evidence import Evidence
from lpr.gate.near_miss import NearMissIndex
from lpr.gate.plate_list import ListKind, PlateEntry, PlateList
from lpr.gate.policy import GatePolicy
from lpr.gate.rules import GateContext, decide
from lpr.gate.share import Share
from lpr.types import EventKind

_ANY_DAY: Final = datetime(2026, 1, 1, 12, tzinfo=UTC)
_MAX_TRIES: Final = 1000


@dataclass(frozen=True, slots=True)
class UnlistedReport:
    """What a list does to vehicles that are not on it.

    Attributes:
        misread: passages whose text was read wrongly.
        exact_opens: passages that opened because the reader said exactly a listed plate: what no
            rule over the text can avoid.
        other_opens: passages that opened for any other text; the rules are to keep this at 0.
    """

    misread: Share
    exact_opens: Share
    other_opens: Share


@dataclass(frozen=True, slots=True)
class ConfusablePair:
    """Two listed plates and how likely the reader takes one for the other.

    Attributes:
        plates: the two.
        probability: the greater of both directions' probabilities, for one look.
        colliding: whether they differ in confusable characters only.
    """

    plates: tuple[str, str]
    probability: float
    colliding: bool


def simulate_unlisted(
    plates: PlateList,
    passages: int,
    confusion: ConfusionMatrix,
    rng: np.random.Generator,
    *,
    policy: GatePolicy,
    fits_format: Callable[[str], bool] | None = None,
    neighbours: float = 0.0,
) -> UnlistedReport:
    """Let unlisted plates pass, each misread as the matrix says, and count the openings.

    It is the worst case in everything but the text: each reading counts as sure and confirmed, and
    every entry of the allow list holds at all times, everywhere and in every direction.

    Args:
        plates: the list; its plates also give the shapes (letters and digits) of the unlisted ones.
        passages: how many vehicles come.
        confusion: how often the reader takes one character for another.
        rng: random numbers.
        policy: the gate's numbers.
        fits_format: whether a text is a possible plate; unlisted plates are possible ones then.
        neighbours: share of vehicles whose plate is one character off a listed plate, 0 to 1.

    Raises:
        GateError: the list has no allow entry, or no unlisted plate of its shapes can be found.
    """
    open_list = _unrestricted(plates)
    context = GateContext("gate", _ANY_DAY, open_list, policy, fits_format, confusion=confusion)
    shapes = open_list.plates
    if not shapes:
        raise GateError("there is no allow entry to simulate against")
    misread = exact = other = 0
    for passage in range(passages):
        truth = _unlisted(shapes, open_list, rng, fits_format, near=rng.random() < neighbours)
        text = confusion.misread(truth, rng)
        misread += text != truth
        decision = decide(_sure(text, passage, policy), context)
        if decision.action is Action.OPEN:
            exact += decision.reason is Reason.EXACT_MATCH
            other += decision.reason is not Reason.EXACT_MATCH
    return UnlistedReport(Share(misread, passages), Share(exact, passages), Share(other, passages))


def worst_pairs(
    plates: PlateList, confusion: ConfusionMatrix, count: int = 10
) -> tuple[ConfusablePair, ...]:
    """Return the listed plates that are most easily taken for each other, worst first.

    Args:
        plates: the list.
        confusion: how often the reader takes one character for another.
        count: pairs at most.
    """
    index = NearMissIndex(plates.plates, plates.confusables)
    fold = plates.confusables.fold
    pairs = [
        ConfusablePair(
            plates=(plate, miss.plate),
            probability=max(
                confusion.probability(plate, miss.plate), confusion.probability(miss.plate, plate)
            ),
            colliding=fold(plate) == fold(miss.plate),
        )
        for plate in plates.plates
        for miss in index.near(plate)
        if plate < miss.plate
    ]
    pairs.sort(key=lambda pair: (-pair.probability, not pair.colliding, pair.plates))
    return tuple(pairs[:count])


def _unrestricted(plates: PlateList) -> PlateList:
    """The same list with every allow entry in force always and everywhere."""
    return PlateList((_always(entry) for entry in plates.entries), plates.confusables)


def _always(entry: PlateEntry) -> PlateEntry:
    if entry.kind is not ListKind.ALLOW:
        return entry
    return replace(
        entry,
        valid_from=None,
        valid_to=None,
        schedule=None,
        gates=(),
        direction=None,
        entries=None,
    )


def _unlisted(
    shapes: Sequence[str],
    plates: PlateList,
    rng: np.random.Generator,
    fits_format: Callable[[str], bool] | None,
    *,
    near: bool,
) -> str:
    for _ in range(_MAX_TRIES):
        shape = shapes[int(rng.integers(len(shapes)))]
        changed = {int(rng.integers(len(shape)))} if near else set(range(len(shape)))
        plate = "".join(
            _another(char, rng) if place in changed else char for place, char in enumerate(shape)
        )
        possible = fits_format is None or fits_format(plate)
        if possible and not plates.match(plate).exact:
            return plate
    raise GateError("no unlisted plate of the list's shapes was found; do they fit the formats?")


def _another(char: str, rng: np.random.Generator) -> str:
    """A random character of the same sort; characters beyond Latin stay."""
    for sort in (string.digits, string.ascii_uppercase):
        if char in sort:
            return sort[int(rng.integers(len(sort)))]
    return char


def _sure(text: str, passage: int, policy: GatePolicy) -> Evidence:
    return Evidence(
        kind=EventKind.CONFIRMED,
        camera="camera",
        track_id=passage,
        first_seen=0.0,
        text=text,
        probability=1.0,
        agreeing=policy.min_agreeing,
        age=0.0,
        in_view=0.0,
    )
