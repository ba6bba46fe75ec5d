"""Turns the readings of one camera's tracks into one chain of events per vehicle."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from lpr.types import EventKind, PlateEvent, Reading, Track, TrackState
from lpr.vote.ballot import Ballot
from lpr.vote.demand import demand
from lpr.vote.events import make_event
from lpr.vote.explain import Explanation, ExplanationStore, explain_passage
from lpr.vote.options import VoterOptions
from lpr.vote.passage import Passage, Verdict, apart
from lpr.vote.prior import TextPrior, TextScorer, no_prior
from lpr.vote.rules import (
    REVISION,
    SURE,
    became_sure,
    due_probability,
    is_sure,
    replaced,
    revision_allowed,
    unlike_the_verdict,
    unread_reason,
    verdict_rule,
)
from lpr.vote.same_vehicle import (
    LONGEST_GAP,
    ReportedTexts,
    find_interrupted,
    find_lost_piece,
    find_twin,
    is_echo,
    is_piece,
    may_be_continued,
    repeats_silently,
    similar,
)
from lpr.vote.scene import SceneMotion, Stillness
from lpr.vote.weights import LookMemory

SPLIT_ID: Final = 1_000_000_000
"""Ids from here on name the second vehicle of a track that slipped from one plate to another."""
_AT_ONCE: Final = 0.5
"""Seconds within which two tracks were detected that were in view together."""


class PlateVoter:
    """A `lpr.protocols.Voter`: at most one verdict stands for each vehicle; one voter per camera.

    The events of one vehicle are `confirmed`, any number of `revised`, then `departed`; or one
    `unread`; or nothing, where it is not sure that there was a plate, or where the text was
    reported shortly before. They carry one track id, also where the tracker lost the plate and
    found it again as another track; `passage_of` tells which.

    Args:
        options: settings.
        prior: what plate formats say of whole texts.
        camera: name that the events carry.
    """

    def __init__(
        self,
        options: VoterOptions | None = None,
        *,
        prior: TextPrior = no_prior,
        camera: str = "",
    ) -> None:
        self._options = options or VoterOptions()
        self._camera = camera
        self._scorer = TextScorer(prior, self._options)
        self._scene = SceneMotion()
        self._open: dict[int, Passage] = {}
        self._of_track: dict[int, Passage] = {}
        self._reported = ReportedTexts(self._options)
        self._explanations = ExplanationStore(self._options.max_explanations)
        self._next_split = SPLIT_ID
        self._latest = -math.inf
        self._detected: dict[int, float] = {}

    def wants(self, track: Track, *, time: float) -> float:
        """How much a further reading of this track would help now, 0 (not at all) to 1."""
        if track.detection is None or track.state is TrackState.ENDED:
            return 0.0
        passage = self._of_track.get(track.id)
        return demand(passage, track.detection, time=time, options=self._options)

    def add(self, track: Track, reading: Reading, *, frame_index: int, time: float) -> None:
        """Take one reading of `track`, made from frame `frame_index` at media second `time`."""
        self._passage(track).read(
            track, reading, frame_index=frame_index, time=time, options=self._options
        )

    def collect(
        self, tracks: Sequence[Track], *, frame_index: int, time: float
    ) -> tuple[PlateEvent, ...]:
        """Return the events due now, given this frame's tracks (ended ones included)."""
        events = self._end_tracks(tracks, time)
        self._observe(tracks, frame_index, time)
        for passage in list(self._open.values()):
            events += self._judge(passage, time)
        events += self._close_ended(time - self._options.departure_grace, time)
        self._reported.forget_before(time)
        return tuple(events)

    def flush(self, *, time: float) -> tuple[PlateEvent, ...]:
        """End every track, as at the end of the source, and return the events due.

        Nothing but explanations is remembered after it.
        """
        events: list[PlateEvent] = []
        for passage in self._open.values():
            passage.living.clear()
            if passage.ended_at is None:
                passage.ended_at, passage.changed = time, True
        for passage in list(self._open.values()):
            events += self._judge(passage, time)
        events += self._close_ended(time, time)
        self._of_track.clear()
        self._latest = -math.inf
        self._detected.clear()
        self._scene = SceneMotion()
        self._reported = ReportedTexts(self._options)
        return tuple(events)

    def passage_of(self, track_id: int) -> int | None:
        """The track id on the events of the vehicle that a living track belongs to."""
        passage = self._of_track.get(track_id)
        return None if passage is None else passage.id

    def explain(self, track_id: int) -> Explanation | None:
        """Why a plate got its verdict, or has none yet; None if it is unknown or forgotten.

        Args:
            track_id: as on the events, or of any track of the vehicle.
        """
        passage, ended = self._open.get(track_id), self._explanations.find(track_id)
        # The number of a track that slipped is the first vehicle's own.
        if passage is None and (ended is None or ended.track_id != track_id):
            latest_first = reversed(self._open.values())
            passage = next((one for one in latest_first if track_id in one.members), None)
        return ended if passage is None else explain_passage(passage)

    def _passage(self, track: Track) -> Passage:
        passage = self._of_track.get(track.id)
        if passage is None:
            passage = self._begin(track, first_seen=track.first_seen)
        return passage

    def _begin(self, track: Track, *, first_seen: float, number: int | None = None) -> Passage:
        passage = Passage.begin(
            track, self._scene, self._scorer, self._options, first_seen=first_seen, number=number
        )
        self._of_track[track.id] = self._open[passage.id] = passage
        return passage

    def _another_number(self) -> int:
        self._next_split += 1
        return self._next_split - 1

    def _end_tracks(self, tracks: Sequence[Track], time: float) -> list[PlateEvent]:
        """End what the tracker gave up; close what would be over, had there been frames."""
        # A track of whose end nobody told, because that frame failed, has ended all the same.
        living = {track.id for track in tracks if track.state is not TrackState.ENDED}
        for track_id in sorted(self._of_track.keys() - living):
            self._of_track.pop(track_id).lose(track_id, time)
        # Nothing stays open for so long where frames come; after a gap without them the next
        # vehicle must not be taken for what stood there before.
        options = self._options
        waits = LONGEST_GAP + options.departure_grace + 2 * options.max_delay
        longest = max(options.retrigger_seconds, waits)
        over = [
            passage
            for passage in self._open.values()
            if not passage.living and time - passage.last_seen > longest
        ]
        events = [event for passage in over for event in self._judge(passage, time)]
        for passage in over:
            if passage.id in self._open:
                events += self._close(passage, time)
        return events

    def _observe(self, tracks: Sequence[Track], frame_index: int, time: float) -> None:
        self._scene.frame(time)
        for passage in self._open.values():
            passage.missed = passage.missed or not passage.visible
            passage.visible = False
        living = [track for track in tracks if track.state is not TrackState.ENDED]
        self._tell_apart(living, time)
        for track in living:
            self._passage(track).observe(track, frame_index, time)
        visible = [passage for passage in self._open.values() if passage.visible]
        for i, one in enumerate(visible):
            for other in visible[:i]:
                if other.id not in one.seen_beside and apart(one.quad, other.quad):
                    one.seen_beside.add(other.id)
                    other.seen_beside.add(one.id)

    def _tell_apart(self, tracks: Sequence[Track], time: float) -> None:
        """Where two tracks of one passage are seen apart, one has taken up another vehicle.

        A plate was lost and found again as another track; then the track that had lost it found
        something at the old place.
        """
        since = min(self._latest, time - _AT_ONCE)
        seen: dict[int, list[Track]] = {}
        for track in tracks:
            if track.detection is not None and track.id in self._of_track:
                seen.setdefault(self._of_track[track.id].id, []).append(track)
        for pieces in seen.values():
            known = [one for one in pieces if self._detected.get(one.id, -math.inf) >= since]
            for track in pieces if known else ():
                if track not in known and all(apart(track.quad, one.quad) for one in known):
                    self._detach(track, time)
        self._latest = time
        self._detected = {
            track.id: time if track.detection is not None else self._detected.get(track.id, time)
            for track in tracks
        }

    def _detach(self, track: Track, time: float) -> None:
        """Begin another passage with a track, and with what was just read of it."""
        before = self._of_track[track.id]
        before.living.discard(track.id)
        fresh = self._begin(track, first_seen=time, number=self._another_number())
        read = [vote for vote in before.ballot.votes if vote.time == time]
        own = tuple(vote for vote in read if track.detection and vote.quad == track.detection.quad)
        if own:
            before.ballot = before.ballot.without(own)
            fresh.ballot.absorb(own)
            fresh.first_legible, fresh.changed = time, True

    def _judge(self, passage: Passage, time: float) -> list[PlateEvent]:
        """The events that a passage's evidence allows now."""
        if passage.id not in self._open or not self._may_decide(passage):
            return []
        passage.changed = False
        if replaced(passage, self._options) and not is_echo(passage, self._open.values()):
            return self._split(passage, time)
        if passage.silent is not None:
            if not self._speaks_up(passage, passage.silent.text):
                return []
            passage.silent = None
        if passage.verdict is None:
            return self._first_verdict(passage, time)
        if passage.standing.text == passage.verdict.text:
            passage.surest = max(passage.surest, passage.standing.probability)
        if revision_allowed(passage, self._options):
            return [self._announce(EventKind.REVISED, passage, REVISION, time)]
        if became_sure(passage, self._options):
            return [self._announce(EventKind.REVISED, passage, SURE, time)]
        return []

    def _may_decide(self, passage: Passage) -> bool:
        """Cheap test: new evidence, or a verdict that becomes due by time alone."""
        if passage.changed:
            return True
        due = due_probability(self._options)
        return passage.said is None and passage.standing.probability >= due

    def _speaks_up(self, passage: Passage, silent: str) -> bool:
        """Whether a silent passage proved to be another plate than the one reported before."""
        standing, options = passage.standing, self._options
        if standing.text == silent:
            return False
        if not similar(standing.text, silent):
            return standing.probability >= due_probability(options)
        # Vehicles of a fleet have numbers that differ by one character; so has an echo, misread.
        return (
            standing.probability >= options.settle_probability
            and standing.agreeing > options.min_agreeing
            and not any(
                other.verdict is not None and other.verdict.text == silent
                for other in self._open.values()
            )
        )

    def _first_verdict(self, passage: Passage, time: float) -> list[PlateEvent]:
        ended = not passage.living
        rule = verdict_rule(passage, time=time, ended=ended, options=self._options)
        if rule is None:
            told = find_interrupted(passage, self._open.values(), self._options)
            if told is None:
                return []
            self._merge(passage, into=told)
            return self._judge(told, time)
        text = passage.standing.text
        twin = find_twin(passage, self._open.values(), self._options)
        beside = twin is not None and twin.id in passage.seen_beside
        if twin is not None and not beside:
            self._merge(passage, into=twin)
            return self._judge(twin, time)
        if (
            beside
            or repeats_silently(passage, self._open.values(), self._options)
            or self._reported.recently(text, passage.first_seen)
        ):
            passage.silent = self._verdict(passage, rule, time)
            return []
        piece = find_lost_piece(passage, self._open.values())
        if piece is not None:
            self._merge(passage, into=piece)
            return self._judge(piece, time)
        return [self._announce(EventKind.CONFIRMED, passage, rule, time)]

    def _announce(self, kind: EventKind, passage: Passage, rule: str, time: float) -> PlateEvent:
        passage.verdict = self._verdict(passage, rule, time)
        passage.surest = passage.verdict.probability
        return make_event(kind, passage, camera=self._camera, time=time)

    def _verdict(self, passage: Passage, rule: str, time: float) -> Verdict:
        standing, sure = passage.standing, is_sure(passage, self._options)
        return Verdict(standing.text, rule, time, standing.probability, sure)

    def _merge(self, piece: Passage, *, into: Passage) -> None:
        del self._open[piece.id]
        self._forget_beside(piece, heir=into)
        into.absorb(piece)
        for track_id in piece.living:
            self._of_track[track_id] = into

    def _split(self, passage: Passage, time: float) -> list[PlateEvent]:
        """A track slipped to another vehicle's plate: one passage ends, another begins."""
        latest = unlike_the_verdict(passage, self._options)
        fresh = Passage(
            id=self._another_number(),
            ballot=Ballot(self._options, self._scorer),
            memory=LookMemory(self._options),
            still=Stillness(
                latest[0].quad,
                latest[0].time,
                self._scene,
                expected=not passage.still.unmoved,
            ),
            quad=passage.quad,
            frame_index=passage.frame_index,
            center=passage.center,
            width=passage.width,
            first_seen=latest[0].time,
            last_seen=passage.last_seen,
            looks=passage.looks,
            living=set(passage.living),
            members=set(passage.living),
            first_legible=latest[0].time,
            changed=True,
        )
        fresh.ballot.absorb(latest)
        if not fresh.living:
            fresh.ended_at = passage.ended_at
        for track_id in fresh.living:
            self._of_track[track_id] = fresh
        passage.living.clear()
        passage.ballot = passage.ballot.without(latest)
        passage.last_seen = latest[0].time
        events = self._close(passage, time)
        self._open[fresh.id] = fresh
        return events + self._judge(fresh, time)

    def _close_ended(self, before: float, time: float) -> list[PlateEvent]:
        ended = [
            passage
            for passage in self._open.values()
            if passage.ended_at is not None
            and passage.ended_at <= before
            and not self._may_go_on(passage, time)
        ]
        return [event for passage in ended for event in self._close(passage, time)]

    def _may_go_on(self, passage: Passage, time: float) -> bool:
        """Whether an undecided passage may yet prove to be the rest of one that has ended."""
        options = self._options
        longest = options.departure_grace + 2 * options.max_delay
        return (
            passage.ended_at is not None
            and time - passage.ended_at < longest
            and may_be_continued(passage, self._open.values())
        )

    def _close(self, passage: Passage, time: float) -> list[PlateEvent]:
        """Say what is left to say of a passage that is over, and forget it."""
        del self._open[passage.id]
        self._forget_beside(passage)
        reason, events = None, []
        if passage.silent is not None:
            self._reported.remember(passage.silent.text, passage.last_seen)
        elif passage.verdict is not None:
            self._reported.remember(passage.verdict.text, passage.last_seen)
            events = [make_event(EventKind.DEPARTED, passage, camera=self._camera, time=time)]
        elif not self._belongs_to_another(passage):
            reason = unread_reason(passage, self._options)
            if reason is not None:
                events = [
                    make_event(
                        EventKind.UNREAD, passage, camera=self._camera, time=time, reason=reason
                    )
                ]
        self._explanations.keep(explain_passage(passage, reason=reason))
        return events

    def _belongs_to_another(self, passage: Passage) -> bool:
        """Whether an unread passage is but a piece of another that was or may yet be read."""
        text = passage.standing.text
        if text and self._reported.recently(text, passage.first_seen):
            return True
        return is_piece(passage, self._open.values(), self._options)

    def _forget_beside(self, passage: Passage, heir: Passage | None = None) -> None:
        """Drop a passage that is over from those it was seen beside; its heir takes its place."""
        for other_id in passage.seen_beside:
            other = self._open.get(other_id)
            if other is not None:
                other.seen_beside.discard(passage.id)
                if heir is not None and other is not heir:
                    other.seen_beside.add(heir.id)
