"""Pulling a barrier: the only slow step, done while other gates go on deciding."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from lpr.errors import LprError
from lpr.gate.config import GateSettings
from lpr.gate.decision import Action, Decision, Reason
from lpr.gate.evidence import Evidence
from lpr.gate.moment import Moment
from lpr.protocols import Actuator
from lpr.sinks.safe import safe_text
from lpr.types import PlateEvent

_LOG = logging.getLogger(__name__)

_CLOSE_WAIT: Final = 5.0


@dataclass(frozen=True, slots=True)
class Pull:
    """An opening that was decided and recorded; what is left is to move the barrier.

    Attributes:
        decision: the opening.
        event: what it was decided about.
        gate: the gate that opens.
        evidence: the event as the rules saw it.
        moment: when it was decided.
    """

    decision: Decision
    event: PlateEvent
    gate: GateSettings
    evidence: Evidence
    moment: Moment


@dataclass(frozen=True, slots=True)
class Pulled:
    """A pull that has ended, one way or the other.

    Attributes:
        pull: what was to be done.
        failure: the decision that it has become; None where the actuator took the pulse.
        time: when it ended, on the clock of the moments.
    """

    pull: Pull
    failure: Decision | None
    time: float


class Puller:
    """Pulls barriers, here or in threads of their own; nothing is ever pulled twice.

    Args:
        actuators: gate name -> what opens it.
        clock: read before the barrier moves, so that nothing opens on old evidence; None where
            time is replayed.
    """

    def __init__(
        self, actuators: Mapping[str, Actuator], clock: Callable[[], Moment] | None
    ) -> None:
        self._actuators = dict(actuators)
        self._clock = clock
        self._threads: list[tuple[threading.Thread, float]] = []
        self._starting = threading.Lock()
        self._ended: deque[Pulled] = deque()

    def pull(self, pull: Pull) -> Pulled:
        """Pull, and say how it went. Never raises an `Exception`."""
        try:
            failure = self._failure(pull)
        # An actuator is foreign code; whatever it raises, the guard is told and nothing is retried.
        except Exception as error:  # noqa: BLE001
            log_failure(_LOG, f"gate {pull.gate.name}: the actuator failed", error)
            failure = failed(
                pull.decision, Reason.ACTUATOR_FAILED, "fail closed", told_error(error)
            )
        return Pulled(pull, failure, self._end(pull))

    def start(self, pull: Pull) -> None:
        """Pull in a thread; `ended` tells how it went."""
        thread = threading.Thread(
            target=lambda: self._ended.append(self.pull(pull)),
            name=f"gate {pull.gate.name}",
            daemon=True,
        )
        try:
            with self._starting:
                thread.start()
                alive = [one for one in self._threads if one[0].is_alive()]
                self._threads = [*alive, (thread, _pulse(pull.gate))]
        except RuntimeError as error:
            _LOG.error("gate %s: no thread can be started: %s", pull.gate.name, error)
            detail = "no thread can be started"
            failure = failed(pull.decision, Reason.ACTUATOR_FAILED, "fail closed", detail)
            self._ended.append(Pulled(pull, failure, pull.moment.time))

    def ended(self) -> tuple[Pulled, ...]:
        """Return the pulls in threads that have ended since the last call."""
        return tuple(self._ended.popleft() for _ in range(len(self._ended)))

    def close(self) -> None:
        """Give pulls under way their pulse and a moment to end: a relay must not stay closed."""
        started = time.monotonic()
        with self._starting:
            threads = tuple(self._threads)
        for thread, pulse in threads:
            thread.join(max(0.0, started + _CLOSE_WAIT + pulse - time.monotonic()))

    def _failure(self, pull: Pull) -> Decision | None:
        late = self._late(pull)
        if late:
            rule = "policy.max_evidence_age"
            return failed(pull.decision, Reason.STALE_EVIDENCE, rule, late)
        self._actuators[pull.gate.name].open()
        return None

    def _late(self, pull: Pull) -> str:
        lapse = self._time(pull) - pull.moment.time
        age = pull.evidence.age + lapse
        limit = pull.gate.policy.max_evidence_age
        if lapse >= 0 and age <= limit:
            return ""
        return f"recording took too long: the picture is {age:.1f} s old, {limit:g} s are allowed"

    def _end(self, pull: Pull) -> float:
        ended = pull.moment.time
        # A clock that fails has been told of before; here the end must be told in any case.
        with contextlib.suppress(Exception):
            ended = self._time(pull)
        return ended

    def _time(self, pull: Pull) -> float:
        return pull.moment.time if self._clock is None else self._clock().time


def _pulse(gate: GateSettings) -> float:
    """Seconds for which the gate's relay is closed; 0 for an actuator of the caller's own."""
    return 0.0 if gate.actuator is None else gate.actuator.pulse


def failed(decision: Decision, reason: Reason, rule: str, detail: str) -> Decision:
    """Return the `deny` that an opening becomes, with what it would have been."""
    return replace(
        decision,
        action=Action.DENY,
        reason=reason,
        rule=rule,
        detail=detail,
        would=decision.would or decision.action,
        pass_key=None,
    )


def pull_failed(decision: Decision) -> bool:
    """Whether a decision is what an opening became whose barrier was not surely moved."""
    late = decision.reason is Reason.STALE_EVIDENCE and decision.would is Action.OPEN
    return late or decision.reason is Reason.ACTUATOR_FAILED


def log_failure(log: logging.Logger, what: str, error: Exception) -> None:
    """Log a failure: one line for an error of ours, and where it came from for any other.

    What foreign errors say is left out: it may quote a plate or a secret.
    """
    if isinstance(error, LprError):
        log.error("%s: %s", what, safe_text(str(error)))
        return
    where = "".join(traceback.format_tb(error.__traceback__))
    log.error("%s: %s\n%s", what, type(error).__name__, where)


def told_error(error: Exception) -> str:
    """Return what may be told of an error: our own messages are safe, those of others are not."""
    return safe_text(str(error)) if isinstance(error, LprError) else type(error).__name__
