"""What a gate would have done: recorded events replayed through the real controller, in dry run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from lpr.gate.config import GateConfig
from lpr.gate.controller import GateController
from lpr.gate.decision import Action, Reason
from lpr.gate.evidence import Evidence
from lpr.gate.labels import Label
from lpr.gate.moment import Moment
from lpr.gate.plate_list import PlateList
from lpr.gate.record import DecisionRecord
from lpr.gate.rules import GateContext, decide
from lpr.gate.share import Share
from lpr.sinks.wire import from_line
from lpr.types import EventKind, PlateEvent

# The gate has been running long before the recording begins: nothing counts as just started.
_RUNNING_FOR: Final = 86400.0


@dataclass(frozen=True, slots=True)
class SimulationReport:
    """What would have happened.

    Attributes:
        records: every decision in order.
        passages: vehicles that were decided about.
        opened: vehicles for which the gate would have opened.
        reasons: how often each reason was given.
        false_opens: labelled vehicles without permission for which it would have opened; None
            without labels.
        false_rejects: labelled vehicles with permission for which it would have stayed shut; None
            without labels.
    """

    records: tuple[DecisionRecord, ...]
    passages: int
    opened: int
    reasons: Mapping[Reason, int]
    false_opens: Share | None
    false_rejects: Share | None


def simulate(
    config: GateConfig,
    plates: PlateList,
    events: Iterable[PlateEvent],
    *,
    start: datetime,
    latency: float = 0.0,
    fits_format: Callable[[str], bool] | None = None,
    labels: Mapping[Label, str] | None = None,
) -> SimulationReport:
    """Replay events of one timeline; nothing is opened, whatever the configuration says.

    Args:
        config: the site.
        plates: its plate lists.
        events: the events; their times are seconds after `start`.
        start: wall clock at media second 0, aware.
        latency: seconds from a frame to its decision.
        fits_format: whether a text is a possible plate; None where no formats are known.
        labels: (camera, track) -> the plate that the vehicle really has.

    Raises:
        GateError: `start` has no time zone.
    """
    records: list[DecisionRecord] = []
    dry = config.model_copy(update={"armed": False})
    origin = Moment(0.0, start)
    controller = GateController(
        dry,
        plates,
        actuators={},
        record=records.append,
        started=origin.later(-_RUNNING_FOR),
        fits_format=fits_format,
    )
    for event in sorted(events, key=lambda one: one.time):
        controller.handle(event, age=latency, moment=origin.later(event.time + latency))
    passages = {_passage(record) for record in records}
    opened = {_passage(record) for record in records if _would_open(record)}
    judged = _judge(dry, plates, records, labels, opened) if labels is not None else (None, None)
    return SimulationReport(
        records=tuple(records),
        passages=len(passages),
        opened=len(opened),
        reasons=Counter(record.decision.reason for record in records),
        false_opens=judged[0],
        false_rejects=judged[1],
    )


def read_events(lines: Iterable[str]) -> tuple[PlateEvent, ...]:
    """Read the lines that `lpr run --jsonl` writes.

    Raises:
        SourceError: a line is no event.
    """
    return tuple(
        from_line(line, where=f"events, line {number}")[0]
        for number, line in enumerate(lines, start=1)
        if line.strip()
    )


def _passage(record: DecisionRecord) -> Label:
    return record.camera, record.track_id


def _would_open(record: DecisionRecord) -> bool:
    return record.decision.reason is Reason.DRY_RUN


def _judge(
    config: GateConfig,
    plates: PlateList,
    records: Sequence[DecisionRecord],
    labels: Mapping[Label, str],
    opened: set[Label],
) -> tuple[Share, Share]:
    """Compare what would have happened with what the true plate is entitled to."""
    entitled: dict[Label, bool] = {}
    for record in records:
        passage = _passage(record)
        if passage in labels and record.decision.reason is not Reason.DEPARTED:
            may = _entitled(config, plates, record, labels[passage])
            entitled[passage] = entitled.get(passage, False) or may
    strangers = [passage for passage, may in entitled.items() if not may]
    residents = [passage for passage, may in entitled.items() if may]
    return (
        Share(sum(passage in opened for passage in strangers), len(strangers)),
        Share(sum(passage not in opened for passage in residents), len(residents)),
    )


def _entitled(config: GateConfig, plates: PlateList, record: DecisionRecord, truth: str) -> bool:
    """Whether the list lets the true plate in then and there, read without any doubt."""
    gate = next((gate for gate in config.gates if gate.name == record.gate), None)
    if gate is None:
        return False
    perfect = Evidence(
        kind=EventKind.CONFIRMED,
        camera=record.camera,
        track_id=record.track_id,
        first_seen=record.event_time,
        text=truth,
        probability=1.0,
        agreeing=gate.policy.min_agreeing,
        age=0.0,
        in_view=0.0,
        direction=record.direction,
    )
    context = GateContext(gate=gate.name, now=record.now, plates=plates, policy=gate.policy)
    decision = decide(perfect, context)
    return decision.action is Action.OPEN and decision.reason is Reason.EXACT_MATCH
