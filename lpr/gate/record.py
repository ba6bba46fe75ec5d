"""The record of a decision: written before the gate moves, enough to go on with after a restart."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from lpr.errors import GateError
from lpr.gate.decision import Action, Decision, Reason, Suspicion, SuspicionKind
from lpr.gate.direction import Direction
from lpr.gate.schedule import check_aware

SCHEMA: Final = 1


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """One decision with what it rested on.

    Attributes:
        decision: what was decided.
        gate: name of the gate; empty where the camera belongs to none.
        camera: name of the camera.
        track_id: the track's number within its camera.
        event_time: media seconds of the event.
        now: the wall clock, aware.
        direction: which way the vehicle went, None where that is not known.
        probability: calibrated probability that the text is right, 0 to 1.
        agreeing: readings that say exactly the text.
        pseudonym: what stands for the plate where its text was taken out; None where it was not.
    """

    decision: Decision
    gate: str
    camera: str
    track_id: int
    event_time: float
    now: datetime
    direction: Direction | None
    probability: float
    agreeing: int
    pseudonym: str | None = None

    def to_json(self) -> str:
        """One line of JSON, ASCII only: no text in it can steer a terminal or end the line."""
        decision = self.decision
        hidden = {} if self.pseudonym is None else {"pseudonym": self.pseudonym}
        return json.dumps(
            {
                "schema": SCHEMA,
                "now": self.now.isoformat(),
                "gate": self.gate,
                "camera": self.camera,
                "track_id": self.track_id,
                "event_time": self.event_time,
                "direction": self.direction,
                "probability": self.probability,
                "agreeing": self.agreeing,
                "action": decision.action,
                "reason": decision.reason,
                "rule": decision.rule,
                "text": decision.text,
                "detail": decision.detail,
                "plate": decision.plate,
                "would": decision.would,
                "pass_key": decision.pass_key,
                "suspicions": [
                    {"kind": one.kind, "detail": one.detail} for one in decision.suspicions
                ],
                **hidden,
            },
            allow_nan=False,
        )


def parse_record(line: str) -> DecisionRecord:
    """Read `DecisionRecord.to_json` back.

    Raises:
        GateError: the line is none.
    """
    try:
        data: dict[str, Any] = json.loads(line)
        if data["schema"] != SCHEMA:
            raise GateError(f"decision records of schema {data['schema']!r} are not known")
        now = datetime.fromisoformat(data["now"])
        check_aware(now)
        return DecisionRecord(
            decision=_decision(data),
            gate=str(data["gate"]),
            camera=str(data["camera"]),
            track_id=int(data["track_id"]),
            event_time=float(data["event_time"]),
            now=now,
            direction=Direction(data["direction"]) if data["direction"] else None,
            probability=float(data["probability"]),
            agreeing=int(data["agreeing"]),
            pseudonym=_text(data.get("pseudonym")),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise GateError(f"this is no decision record: {error!r}") from error


def _decision(data: dict[str, Any]) -> Decision:
    return Decision(
        action=Action(data["action"]),
        reason=Reason(data["reason"]),
        rule=str(data["rule"]),
        text=str(data["text"]),
        detail=str(data["detail"]),
        plate=_text(data["plate"]),
        would=Action(data["would"]) if data["would"] else None,
        pass_key=_text(data["pass_key"]),
        suspicions=tuple(
            Suspicion(SuspicionKind(one["kind"]), str(one["detail"])) for one in data["suspicions"]
        ),
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)
