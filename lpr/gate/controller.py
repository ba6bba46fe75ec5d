"""A site's gates: plate events in, decisions out, and the barrier moves last.

The order is what makes it safe: decide, record, remember, then pull. Whatever fails on the way, the
gate stays shut and the decision says why. All but the pull happens under one lock; a barrier that
hangs keeps its own gate shut, and no other.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, replace
from threading import Lock
from types import TracebackType
from typing import Self

from lpr.errors import GateError
from lpr.gate.config import GateConfig, GateSettings
from lpr.gate.decision import Action, Decision, Reason
from lpr.gate.direction import Direction
from lpr.gate.evidence import Evidence, evidence_from_event
from lpr.gate.machine import GateMachine
from lpr.gate.moment import Moment
from lpr.gate.occupancy import Occupancy
from lpr.gate.plate_list import PlateList
from lpr.gate.post import Post, posts
from lpr.gate.pull import Pull, Pulled, Puller, failed, log_failure, pull_failed, told_error
from lpr.gate.record import DecisionRecord
from lpr.gate.rules import GateContext, decide
from lpr.gate.suspicion import SuspicionMonitor
from lpr.gate.waiting import Waiting, WaitingRoom
from lpr.protocols import Actuator
from lpr.types import PlateEvent, Track

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FailedPull:
    """An opening in the background that failed.

    Attributes:
        camera: whose event it was.
        decision: the `deny` that it has become.
        taken: second at which the event's picture was taken, on the clock of the moments.
    """

    camera: str
    decision: Decision
    taken: float


class GateController:
    """Decides for all gates of a site and moves their barriers.

    Calls may come from several threads; they are decided one after the other.

    Args:
        config: the site.
        plates: its plate lists.
        actuators: gate name -> what opens it.
        record: takes each decision and raises where it could not keep it; then nothing opens.
        started: now, on the clocks that later moments are read from.
        fits_format: whether a text is a possible plate; None where no formats are known.
        alphabet: the reader's characters; None allows every script that plates use.
        history: decisions from before a restart, oldest first: limits, passes and areas go on.
        clock: read once more after recording, so that a slow disk does not open on old evidence;
            None where time is replayed.
        background: whether barriers are pulled in threads of their own. Decisions to open then come
            back before the barrier has moved, and `finished` tells those that failed.
        tidy: removes decisions that shall not be kept any longer; None where nothing does.
        on_close: called when the controller is closed.

    Raises:
        GateError: an armed gate has no actuator, or an actuator has no gate.
    """

    def __init__(
        self,
        config: GateConfig,
        plates: PlateList,
        *,
        actuators: Mapping[str, Actuator],
        record: Callable[[DecisionRecord], None],
        started: Moment,
        fits_format: Callable[[str], bool] | None = None,
        alphabet: AbstractSet[str] | None = None,
        history: Iterable[DecisionRecord] = (),
        clock: Callable[[], Moment] | None = None,
        background: bool = False,
        tidy: Callable[[], None] | None = None,
        on_close: Callable[[], None] | None = None,
    ) -> None:
        _check_actuators(config, actuators)
        self._config = config
        self._plates = plates
        self._puller = Puller(actuators, clock)
        self._background = background
        self._record = record
        self._fits_format = fits_format
        self._alphabet = alphabet
        self._tidy = tidy
        self._on_close = on_close
        self._lock = Lock()
        self._posts = posts(config)
        self._dry = frozenset(gate.name for gate in config.gates if not config.opens(gate))
        self._machine = GateMachine(started, self._dry)
        forget_after = config.forget_inside_after_hours * 3600.0
        self._occupancy = Occupancy(forget_after)
        # And what it were, had the dry gates opened.
        self._dry_occupancy = Occupancy(forget_after)
        self._monitor = SuspicionMonitor(
            plates, travel=config.travel_times(), fits_format=fits_format
        )
        self._waiting = WaitingRoom()
        self._restore(history, started)

    def handle(self, event: PlateEvent, *, age: float, moment: Moment) -> Decision:
        """Take one event, decide, and open where the decision is to open.

        Never raises an `Exception`: what goes wrong becomes a `deny` with its reason.

        Args:
            event: a voter's event.
            age: seconds since the event's frame was taken.
            moment: now.
        """
        with self._lock:
            outcome = self._decided(event, age, moment, None)
        return self._finish(outcome)

    def observe(
        self,
        camera: str,
        tracks: Iterable[Track],
        *,
        time: float,
        age: float,
        moment: Moment,
        told: AbstractSet[int] = frozenset(),
    ) -> tuple[Decision, ...]:
        """Take the tracks of one frame: they give the direction, and say who is still there.

        A verdict that came in a cool-down is decided about again for `policy.retry_for` seconds
        while its plate is in view, and one that lacked only the direction for as long as its plate
        is in view. Who was refused for the hour, the lists, want of room or a limit of openings is
        decided about again for `policy.wait_for` seconds, and only once the gate would open.

        Args:
            camera: name of the camera.
            tracks: the frame's tracks, numbered as the events are (`by_passage`).
            time: media seconds of the frame.
            age: seconds since the frame was taken.
            moment: now.
            told: track ids of the frame's own events, which `handle` takes next: what those
                passages said before does not count any more.

        Returns:
            What was decided again; mostly nothing.
        """
        seen = tuple(tracks)
        with self._lock:
            post = self._posts.get(camera)
            if post is None:
                return ()
            self._machine.clock.watch(moment)
            if post.directions is not None:
                post.directions.observe(seen, time=time)
            ids = frozenset(track.id for track in seen if track.detection is not None)
            self._machine.in_view(camera, ids, moment.time)
            due = self._waiting.due(post, ids - told, time=moment.time)
            again = [self._again(waiting, post, time, age, moment) for waiting in due]
        return tuple(self._finish(outcome) for outcome in again if outcome is not None)

    def finished(self) -> tuple[FailedPull, ...]:
        """Take the pulls in the background that have ended, and return those that failed.

        Each of these is a `deny` that follows its `open`; it is recorded by this call.
        """
        failures: list[FailedPull] = []
        for ended in self._puller.ended():
            decision = self._settled(ended)
            if ended.failure is not None:
                pull = ended.pull
                taken = pull.moment.time - pull.evidence.age
                failures.append(FailedPull(pull.event.camera, decision, taken))
        return tuple(failures)

    def camera_started(self, camera: str, moment: Moment) -> None:
        """Say that a camera's engine begins anew: what it sees at first does not open the gate."""
        with self._lock:
            self._machine.camera_started(camera, moment)
            self._monitor.camera_started(camera)
            self._waiting.camera_started(camera)
            post = self._posts.get(camera)
            if post is not None and post.directions is not None:
                post.directions.reset()

    def replace_list(self, plates: PlateList) -> None:
        """Use other lists from the next event on."""
        with self._lock:
            self._plates = plates
            self._monitor.replace_list(plates)

    def tidy(self) -> None:
        """Remove decisions that are older than `decisions_rotation` keeps; call it once an hour.

        Any thread may call it; after `close` nothing happens.
        """
        if self._tidy is not None:
            self._tidy()

    def close(self) -> None:
        """Release the decision log and the devices; closing twice is harmless."""
        on_close, self._on_close = self._on_close, None
        self._puller.close()
        if on_close is not None:
            self.finished()
            on_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _decided(
        self, event: PlateEvent, age: float, moment: Moment, waiting: Waiting | None
    ) -> Decision | Pull:
        """Decide, whatever happens; remember what may be tried again."""
        try:
            outcome = self._handle(event, age, moment)
            reason = (outcome.decision if isinstance(outcome, Pull) else outcome).reason
            self._waiting.settle(event, reason, time=moment.time, before=waiting)
        # The one place where a gate must not fall over: anything unforeseen keeps it shut.
        except Exception as error:  # noqa: BLE001
            log_failure(_LOG, "the gate stays shut", error)
            detail = f"{type(error).__name__} while deciding; see the log"
            broken = Decision(Action.DENY, Reason.INTERNAL_ERROR, "fail closed", "", detail)
            return self._kept(broken, event, "", moment)
        return outcome

    def _finish(self, outcome: Decision | Pull) -> Decision:
        """Pull where a pull is left to do; the lock is free meanwhile."""
        if isinstance(outcome, Decision):
            return outcome
        if self._background:
            self._puller.start(outcome)
            return outcome.decision
        return self._settled(self._puller.pull(outcome))

    def _settled(self, ended: Pulled) -> Decision:
        pull = ended.pull
        gate = pull.gate.name
        with self._lock:
            self._machine.pulled(gate, ended.time)
            if ended.failure is None:
                return pull.decision
            area, plate = pull.gate.area, pull.decision.plate
            if area is not None and plate is not None:
                self._failed(area, plate, pull.evidence.direction)
            return self._kept(ended.failure, pull.event, gate, pull.moment, pull.evidence)

    def _again(
        self, waiting: Waiting, post: Post, time: float, age: float, moment: Moment
    ) -> Decision | Pull | None:
        # The plate is in this very frame, so the verdict is as fresh as the frame.
        event = replace(waiting.event, time=max(time, waiting.event.time))
        if waiting.quiet and self._still_refused(replace(waiting, event=event), post, age, moment):
            return None
        return self._decided(event, age, moment, waiting)

    def _still_refused(self, waiting: Waiting, post: Post, age: float, moment: Moment) -> bool:
        """Whether the gate would not open yet, without a trace of having been asked."""
        gate = post.gate
        try:
            evidence = self._evidence(waiting.event, post, age)
            decision = decide(evidence, self._context(post, moment))
            if decision.action is not Action.OPEN:
                return True
            # Between a limit and a cool-down, each waited for anew, it would wait for ever.
            return waiting.reason is Reason.RATE_LIMIT and self._machine.too_often(
                decision, gate.name, gate.policy, moment.time
            )
        # `_decided` meets it again, and keeps the gate shut.
        except Exception:  # noqa: BLE001
            return False

    def _evidence(self, event: PlateEvent, post: Post, age: float) -> Evidence:
        direction = post.direction(event.track_id)
        return evidence_from_event(event, age=age, direction=direction, alphabet=self._alphabet)

    def _handle(self, event: PlateEvent, age: float, moment: Moment) -> Decision | Pull:
        post = self._posts.get(event.camera)
        if post is None:
            detail = "the camera belongs to no gate"
            unknown = Decision(Action.DENY, Reason.UNKNOWN_CAMERA, "gates.cameras", "", detail)
            return self._kept(unknown, event, "", moment)
        gate = post.gate
        policy = gate.policy
        self._machine.clock.watch(moment)
        try:
            evidence = self._evidence(event, post, age)
        except GateError as error:
            refused = Decision(
                Action.DENY, Reason.MALFORMED_EVIDENCE, "fail closed", "", str(error)
            )
            return self._kept(refused, event, gate.name, moment)
        context = self._context(post, moment)
        suspicions = self._monitor.examine(
            evidence, gate=gate.name, policy=policy, time=moment.time, inside=context.inside
        )
        decision = decide(evidence, replace(context, suspicions=suspicions))
        decision = self._machine.hold_back(decision, evidence, gate.name, policy, moment)
        if decision.action is not Action.OPEN:
            return self._kept(decision, event, gate.name, moment, evidence)
        if not self._config.opens(gate):
            return self._dry_run(decision, event, gate, evidence, moment)
        return self._open(decision, event, gate, evidence, moment)

    def _context(self, post: Post, moment: Moment) -> GateContext:
        gate = post.gate
        inside: AbstractSet[str] | None = None
        forgotten: AbstractSet[str] = frozenset()
        if gate.area is not None:
            occupancy = self._dry_occupancy if gate.name in self._dry else self._occupancy
            inside = occupancy.inside(gate.area, time=moment.time)
            forgotten = occupancy.forgotten(gate.area, time=moment.time)
        return GateContext(
            gate=gate.name,
            now=moment.now,
            plates=self._plates,
            policy=gate.policy,
            fits_format=self._fits_format,
            pass_uses=self._machine.pass_uses(gate.name),
            inside=inside,
            forgotten=forgotten,
            capacity=self._config.capacity(gate),
            way_shows=post.directions is not None,
        )

    def _dry_run(
        self,
        decision: Decision,
        event: PlateEvent,
        gate: GateSettings,
        evidence: Evidence,
        moment: Moment,
    ) -> Decision:
        dry = replace(
            decision,
            action=Action.IGNORE,
            reason=Reason.DRY_RUN,
            rule="armed",
            detail=f"dry run; armed, it would open: {decision.detail}",
            would=Action.OPEN,
        )
        kept = self._kept(dry, event, gate.name, moment, evidence)
        # Armed, it would not have opened without a record either.
        if kept.reason is Reason.DRY_RUN:
            self._passed(decision, gate, evidence, moment.time)
        return kept

    def _open(
        self,
        decision: Decision,
        event: PlateEvent,
        gate: GateSettings,
        evidence: Evidence,
        moment: Moment,
    ) -> Decision | Pull:
        kept = self._kept(decision, event, gate.name, moment, evidence)
        if kept.action is not Action.OPEN:
            return kept
        # From here on the opening counts, whether or not the barrier moves: never twice.
        self._passed(decision, gate, evidence, moment.time)
        self._machine.pulling(gate.name)
        return Pull(kept, event, gate, evidence, moment)

    def _passed(
        self, decision: Decision, gate: GateSettings, evidence: Evidence, time: float
    ) -> None:
        self._machine.opened(decision, evidence, gate.name, time)
        if gate.area is not None and decision.plate is not None:
            dry = gate.name in self._dry
            self._moved(gate.area, decision.plate, evidence.direction, time, dry=dry)

    def _moved(
        self, area: str, plate: str, direction: Direction | None, time: float, *, dry: bool
    ) -> None:
        self._dry_occupancy.passed(area, plate, direction, time=time)
        if not dry:
            self._occupancy.passed(area, plate, direction, time=time)

    def _failed(self, area: str, plate: str, direction: Direction | None) -> None:
        self._dry_occupancy.failed(area, plate, direction)
        self._occupancy.failed(area, plate, direction)

    def _kept(
        self,
        decision: Decision,
        event: PlateEvent,
        gate: str,
        moment: Moment,
        evidence: Evidence | None = None,
    ) -> Decision:
        """Record a decision; one that cannot be recorded becomes a `deny`."""

        def record(taken: Decision) -> None:
            self._record(
                DecisionRecord(
                    decision=taken,
                    gate=gate,
                    camera=event.camera,
                    track_id=event.track_id,
                    event_time=event.time,
                    now=moment.now,
                    direction=evidence.direction if evidence is not None else None,
                    probability=evidence.probability if evidence is not None else 0.0,
                    agreeing=evidence.agreeing if evidence is not None else 0,
                )
            )

        try:
            record(decision)
        # A sink is foreign code; without a record nothing opens, whatever it raises.
        except Exception as error:  # noqa: BLE001
            log_failure(_LOG, f"gate {gate}: the decision could not be recorded", error)
            detail = f"the decision could not be recorded: {told_error(error)}"
            denied = failed(decision, Reason.NOT_RECORDED, "fail closed", detail)
            # Who took it before another could not must not keep an opening.
            if decision.action is Action.OPEN:
                with suppress(Exception):
                    record(denied)
            return denied
        return decision

    def _restore(self, history: Iterable[DecisionRecord], started: Moment) -> None:
        areas = {gate.name: gate.area for gate in self._config.gates}
        clock, records = self._machine.clock, []
        for record in history:
            clock.recorded(record.now)
            if record.decision.plate is not None:
                records.append(record)
        clock.restored()
        for record in records:
            time = started.time - clock.seconds_ago(record.now)
            plate, area = record.decision.plate or "", areas.get(record.gate)
            # Of a gate that has another name by now limits and area say nothing, but a visitor
            # pass that was used there is used.
            self._monitor.remember(plate, record.gate, time=time)
            dry = record.decision.reason is Reason.DRY_RUN
            # What a gate would have done in dry run holds nobody back once it is armed.
            if record.decision.action is Action.OPEN or (dry and record.gate in self._dry):
                pass_key = record.decision.pass_key
                self._machine.restore(record.gate, plate, pass_key, time, dry=dry)
                if area is not None:
                    self._moved(area, plate, record.direction, time, dry=dry)
            elif pull_failed(record.decision) and area is not None:
                self._failed(area, plate, record.direction)


def _check_actuators(config: GateConfig, actuators: Mapping[str, Actuator]) -> None:
    names = {gate.name for gate in config.gates}
    for name in actuators:
        if name not in names:
            raise GateError(f"an actuator is given for {name!r}, which is no gate of this site")
    for gate in config.gates:
        if config.opens(gate) and gate.name not in actuators:
            raise GateError(f"gate {gate.name!r} is armed but has no actuator")
