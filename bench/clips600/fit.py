"""Fits the voter's options to the models in use, on clips that are not the ones reported.

First what the voter believes (how much a look weighs, how errors come about), by the likelihood of
the outcomes; then the temperature and the ceiling of the probabilities; then the thresholds of the
rules, by what the verdicts cost. All on recordings, so that a trial takes seconds. Nothing is
changed: the result is a piece of configuration, with the figures before and after on other clips.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from bench.clips600.recording import Recording, Replay, record, replay
from lpr.config import EngineConfig
from lpr.errors import SourceError
from lpr.evaluate.clip_report import MISSED, RIGHT, ClipsReport
from lpr.evaluate.datasets import load_clips
from lpr.evaluate.events import TOLERANCE_SECONDS, score_clip
from lpr.evaluate.report import table
from lpr.vote.calibration import calibrated, independence
from lpr.vote.explain import Explanation
from lpr.vote.options import VoterOptions

WRONG_COST = 5.0
"""A wrong verdict costs as much as this many missed plates: a gate may open to it."""
LEAST_GAIN = 2.0
"""A threshold moves only for this much less cost over all clips: chance moves single plates."""
LEAST_LIKELIER = 1.0
"""An option of the evidence moves only where the outcomes get likelier by this, in nats."""
BELIEFS: Mapping[str, tuple[float, ...]] = {
    "reference_width": (110.0, 140.0, 160.0, 180.0, 200.0, 220.0),
    "size_power": (1.0, 1.5, 2.0, 3.0),
    "size_relief": (0.3, 0.5, 0.7, 0.9),
    "quality_power": (0.5, 0.7, 1.0),
    "unsure_weight": (0.1, 0.2, 0.3, 0.4, 0.6, 1.0),
    "sure_weight": (1.0, 1.4, 1.7, 2.0, 2.5),
    "confidence_power": (0.5, 1.0, 1.5, 2.0),
    "fused_weight": (0.5, 1.0, 2.0),
    "scale_copies": (0.05, 0.1, 0.2, 0.3),
    "confusions": (3.0, 5.0, 8.0),
    "outlier": (0.003, 0.01, 0.03),
    "unsure_outlier": (0.1, 0.3, 0.4, 0.5),
    "max_reading_confidence": (0.95, 0.98, 0.99),
    "missing_character": (0.02, 0.05, 0.1),
    "extra_character": (0.01, 0.03, 0.06),
    "no_digit_penalty": (3.0, 4.0, 6.0),
}
"""Options of the evidence that are tried, one after the other."""
THRESHOLDS: Mapping[str, tuple[float, ...]] = {
    "early_probability": (0.85, 0.9, 0.95),
    "confirm_probability": (0.7, 0.75, 0.8, 0.85),
    "due_probability": (0.7, 0.75, 0.8, 0.85),
    "revise_probability": (0.7, 0.8, 0.9),
    "single_confidence": (0.9, 0.95, 0.98),
}
"""Options of the rules that are tried, one after the other."""
_TEMPERATURES = tuple(0.4 * 1.05**n for n in range(48))
_SURE = 0.9
_OPEN_CEILING = 1 - 1e-6
_MOST_CEILING = 0.999
_ROUNDS = 2


@dataclass(frozen=True, slots=True)
class Claim:
    """What the voter believes of one plate at its end.

    Attributes:
        log_odds: how far it believes the leading text.
        right: whether it is right.
        independent: how far the looks that say so are more than one, see `independence`.
    """

    log_odds: float
    right: bool
    independent: float = 1.0


def fit_folders(folders: Sequence[Path], held_out: Sequence[Path], limit: int | None = None) -> str:
    """Fit on the clips of some folders, report on those of others.

    Args:
        folders: clips to fit on.
        held_out: clips to report on, none of them among the former.
        limit: only the first so many clips of each folder.

    Returns:
        The configuration and the figures as Markdown.

    Raises:
        SourceError: a folder has no clips, or is on both sides.
    """
    if {path.resolve() for path in folders} & {path.resolve() for path in held_out}:
        raise SourceError("a folder to fit on cannot be held out as well")
    known, other = _recordings(folders, limit), _recordings(held_out, limit)
    before = VoterOptions()
    after = fit_beliefs(known, before)
    after = fit_probability(known, after)
    after = fit_thresholds(known, after)
    parts = [_changes(before, after, len(known)), "## On the clips fitted to"]
    parts += [_comparison(known, before, after)]
    if other:
        parts += ["## On other clips", _comparison(other, before, after)]
        parts += ["### Probabilities before", _reliability(other, before)]
        parts += ["### Probabilities after", _reliability(other, after)]
    return "\n\n".join(parts)


def fit_beliefs(recordings: Sequence[Recording], start: VoterOptions) -> VoterOptions:
    """Move one option of the evidence after the other to where the outcomes are likeliest."""
    count = len(_claims(recordings, start))

    def unlikely(options: VoterOptions) -> float:
        # Options may merge passages: the mean counts, for as many claims as there were.
        claims = _claims(recordings, options)
        return count * surprise(claims, _best_temperature(claims)) if claims else 0.0

    return _descend(start, BELIEFS, unlikely, LEAST_LIKELIER)


def fit_thresholds(recordings: Sequence[Recording], start: VoterOptions) -> VoterOptions:
    """Move one option of the rules after the other to where the verdicts cost least."""
    return _descend(
        start, THRESHOLDS, lambda options: cost(report(recordings, options)), LEAST_GAIN
    )


def _descend(
    start: VoterOptions,
    grid: Mapping[str, tuple[float, ...]],
    loss: Callable[[VoterOptions], float],
    least_gain: float,
) -> VoterOptions:
    best, least = start, loss(start)
    for _ in range(_ROUNDS):
        before = best
        for name, values in grid.items():
            trials = []
            for value in values:
                trial = _with(best, name, value)
                if trial is not None and trial != best:
                    trials.append((loss(trial), value, trial))
            # The least loss; of equals the smallest change.
            now = getattr(best, name)
            paid, _, trial = min(
                trials,
                key=lambda one: (one[0], abs(math.log(one[1] / now))),
                default=(math.inf, now, best),
            )
            if paid <= least - least_gain:
                best, least = trial, paid
        if best == before:
            break
    return best


def fit_probability(recordings: Sequence[Recording], options: VoterOptions) -> VoterOptions:
    """Fit `temperature` and `ceiling` to what the voter believes of every plate at its end.

    The temperature is that of the greatest likelihood (Guo et al., "On Calibration of Modern
    Neural Networks", ICML 2017); the ceiling is what the surest plates bear out, by the rule of
    succession.
    """
    claims = _claims(recordings, options)
    if not claims:
        return options
    temperature = _best_temperature(claims)
    sure = [one.right for one in claims if _probability(one, temperature) >= _SURE]
    honest = (sum(sure) + 1) / (len(sure) + 2)
    ceiling = min(_MOST_CEILING, max(honest, options.settle_probability + 0.001))
    return replace(options, temperature=round(temperature, 3), ceiling=round(ceiling, 4))


def _best_temperature(claims: Sequence[Claim]) -> float:
    return min(_TEMPERATURES, key=lambda value: surprise(claims, value))


def _claims(recordings: Sequence[Recording], options: VoterOptions) -> list[Claim]:
    """What the voter believes of every plate, before temperature and ceiling."""
    neutral = replace(options, temperature=1.0, ceiling=_OPEN_CEILING)
    return [claim for one in recordings for claim in claims_of(replay(one, _config(neutral)))]


def surprise(claims: Sequence[Claim], temperature: float) -> float:
    """Mean negative log likelihood of the claims, their log odds divided by the temperature."""
    total = 0.0
    for one in claims:
        believed = _probability(one, temperature)
        total -= math.log(max(1e-9, believed if one.right else 1.0 - believed))
    return total / len(claims)


def claims_of(replayed: Replay) -> tuple[Claim, ...]:
    """The voter's belief in the leading text of each plate that was read, confirmed or not."""
    clip = replayed.clip
    claims = []
    for plate in replayed.plates:
        if not plate.readings or plate.repeats is not None or plate.text in clip.uncertain:
            continue
        probability = min(_OPEN_CEILING, max(1e-6, plate.probability))
        odds = math.log(probability) - math.log(1.0 - probability)
        agreeing = [one.weight for one in plate.readings if one.agrees]
        claims.append(Claim(odds, _is_right(plate, replayed), independence(agreeing)))
    return tuple(claims)


def cost(result: ClipsReport) -> float:
    """What the verdicts cost: plates missed, wrong verdicts, duplicates."""
    wrong = sum(one.wrong_verdicts for one in result.outcomes)
    return WRONG_COST * wrong + result.plates_that(MISSED).hits + result.duplicates.hits


def report(recordings: Sequence[Recording], options: VoterOptions) -> ClipsReport:
    """The verdicts that these options give."""
    config = _config(options)
    outcomes = []
    for one in recordings:
        events = [event for result in replay(one, config).results for event in result.events]
        outcomes.append(score_clip(one.clip, events))
    return ClipsReport(tuple(outcomes))


def _recordings(folders: Sequence[Path], limit: int | None) -> list[Recording]:
    found = []
    for folder in folders:
        clips = load_clips(folder)[:limit]
        if not clips:
            raise SourceError(f"no clips in {folder}; run: python -m bench.clips600 generate")
        found += record(clips)
    return found


def _config(options: VoterOptions) -> EngineConfig:
    return EngineConfig(voter=options)


def _with(options: VoterOptions, name: str, value: float) -> VoterOptions | None:
    """The options with one changed, None where they would contradict each other."""
    try:
        changed = {"voter": {**asdict(options), name: value}}
        return EngineConfig.model_validate(changed).voter
    except ValueError:
        return None


def _is_right(plate: Explanation, replayed: Replay) -> bool:
    clip = replayed.clip
    first, last = plate.readings[0].time, plate.readings[-1].time
    return any(
        label.text == plate.text
        and first <= (label.last_frame + 1) / clip.fps + TOLERANCE_SECONDS
        and last >= label.first_frame / clip.fps - TOLERANCE_SECONDS
        for label in clip.plates
    )


def _probability(claim: Claim, temperature: float) -> float:
    return calibrated(claim.log_odds, claim.independent, temperature)


def _changes(before: VoterOptions, after: VoterOptions, clips: int) -> str:
    names = (*BELIEFS, "temperature", "ceiling", *THRESHOLDS)
    changed = [name for name in names if getattr(before, name) != getattr(after, name)]
    lines = [f"{name} = {getattr(after, name):g}" for name in changed]
    text = "\n".join(["```toml", "[voter]", *lines, "```"]) if lines else "No option moves."
    return f"# Voter, fitted on {clips} clips\n\n{text}"


def _comparison(recordings: Sequence[Recording], before: VoterOptions, after: VoterOptions) -> str:
    rows = []
    for name, options in (("before", before), ("after", after)):
        result = report(recordings, options)
        rows.append(
            [
                name,
                result.plates_that(RIGHT),
                result.wrong_verdicts,
                result.duplicates.hits,
                result.sure_right,
                f"{result.calibration.ece:.4f}",
                f"{cost(result):g}",
            ]
        )
    header = ["options", "plates right", "wrong verdicts", "duplicates", "right of those >= 0.99"]
    return table([*header, "calibration error", "cost"], rows)


def _reliability(recordings: Sequence[Recording], options: VoterOptions) -> str:
    return report(recordings, options).calibration.to_markdown()
