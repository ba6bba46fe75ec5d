"""The engine over a folder of clips: figures, cost, baselines, comparison."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

import lpr
from bench.clips600.baselines import best_frame, majority
from bench.clips600.content import content_of
from bench.clips600.passages import PassageLog, PassageReadings
from bench.clips600.shrunk import ShrunkSource
from bench.clips600.whole_file import write_whole
from lpr.config import EngineConfig, load_config
from lpr.errors import ConfigError, OutputError, SourceError
from lpr.evaluate.clip_comparison import compare, flags_of
from lpr.evaluate.clip_report import RIGHT, ClipsReport
from lpr.evaluate.datasets import Clip, load_clips, require_videos, require_whole
from lpr.evaluate.events import score_clip
from lpr.evaluate.intervals import PairedTest
from lpr.evaluate.report import table
from lpr.factory import build_engine, build_voter
from lpr.settings import check_settings
from lpr.sinks.output import check_writable
from lpr.types import PlateEvent

PAPER = "96.1% of 600 videos, 70 ms a frame, limit 100 ms"
FRAME_LIMIT = 0.1
"""Seconds that a frame may cost."""


@dataclass(slots=True)
class Run:
    """What the engine said about some clips, and what its frames cost."""

    engine: list[ClipOutcomePair] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def cost(self) -> dict[str, float]:
        """Milliseconds a frame without decoding, and the share of frames over the limit."""
        ms = 1000 * np.array(self.seconds or [0.0])
        p50, p95, p99 = (float(v) for v in np.percentile(ms, (50, 95, 99)))
        over = float((ms > 1000 * FRAME_LIMIT).mean())
        return {"frames": len(self.seconds), "p50": p50, "p95": p95, "p99": p99, "over": over}


@dataclass(frozen=True, slots=True)
class ClipOutcomePair:
    """A clip, the engine's events and every reading by vehicle."""

    clip: Clip
    events: tuple[PlateEvent, ...]
    readings: tuple[PassageReadings, ...]


def score_folder(
    folder: Path,
    against: Path | None = None,
    save: Path | None = None,
    limit: int | None = None,
    regions: Sequence[str] = (),
    *,
    site: bool = False,
    config: Path | None = None,
    scale: float = 1.0,
) -> str:
    """Run the engine over a folder of clips.

    Args:
        folder: clips and labels of `generate`.
        against: an earlier result.
        save: where this result goes.
        limit: only the first so many clips.
        regions: regions given to the engine.
        site: give the engine the regions of each clip's plates instead, as the configuration of
            a site does; clips whose regions are not labelled run without.
        config: the engine's settings (TOML); by default every default. Regions that are given
            besides replace its own.
        scale: frames are made so much smaller, as of a camera of fewer pixels; 1 leaves them.

    Returns:
        The figures as Markdown.

    Raises:
        SourceError: there are no clips, one is labelled twice or is cut, or the earlier result
            cannot be read or is of other clips, plates or videos.
        ConfigError: the settings, a region or the scale is wrong.
        OutputError: `save` cannot be written.
    """
    if not 0 < scale <= 1:
        raise ConfigError(f"--scale {scale:g}: must be above 0 and at most 1")
    settings = EngineConfig() if config is None else load_config(config)
    clips = load_clips(folder)[:limit]
    require_videos(clips)
    if save is not None:
        check_writable(save)
    videos = {clip.path.name: content_of(clip.path) for clip in clips}
    earlier = _earlier(against, clips, videos) if against else None
    known = [clip.regions if site else tuple(regions) for clip in clips]
    run = _run(clips, settings, known, scale)
    report = ClipsReport(tuple(score_clip(one.clip, one.events) for one in run.engine))
    baselines = {
        "single best frame": _baseline(run, "best frame"),
        "plain string majority": _baseline(run, "majority"),
    }
    result = {
        "benchmark": "clips600",
        "clips": len(clips),
        "videos": videos,
        "regions": "of the site" if site else list(regions),
        "config": settings.model_dump(mode="json", exclude_defaults=True),
        "scale": scale,
        "cost_ms": run.cost(),
        "report": report.to_json(),
        "baselines": {name: one.to_json() for name, one in baselines.items()},
    }
    figures = "\n\n".join(
        [_figures(report, run), _paired(report, baselines, earlier), report.to_markdown()]
    )
    if save is not None:
        _save(result, save, figures)
    return figures


def _save(result: dict[str, object], path: Path, figures: str) -> None:
    """Write the result whole; where that fails, print the figures: they took hours."""
    text = json.dumps(result, ensure_ascii=False, indent=1) + "\n"
    try:
        write_whole(path, text.encode())
    except OutputError:
        print(figures, flush=True)
        raise


def _run(
    clips: Sequence[Clip], settings: EngineConfig, regions: Sequence[tuple[str, ...]], scale: float
) -> Run:
    models = lpr.load_models(settings)
    run = Run()
    for number, (clip, known) in enumerate(zip(clips, regions, strict=True), 1):
        given = {"regions": known} if known else {}
        config = check_settings({**dict(settings), **given}, EngineConfig, "arguments")
        voter = build_voter(config, clip.path.name)
        engine = build_engine(config, models=models, voter=voter)
        log, before = PassageLog(voter, config.voter.departure_grace), len(run.seconds)
        events: list[PlateEvent] = []
        source = lpr.open_source(str(clip.path))
        for result in engine.run(source if scale == 1 else ShrunkSource(source, scale)):
            log.add(result)
            events += result.events
            if result.of_frame:
                run.seconds.append(result.timings.total)
        require_whole(clip, len(run.seconds) - before)
        run.engine.append(ClipOutcomePair(clip, tuple(events), log.passages()))
        if number % 20 == 0 or number == len(clips):
            print(f"{number}/{len(clips)}", flush=True)
    return run


def _baseline(run: Run, name: str) -> ClipsReport:
    choose = best_frame if name == "best frame" else majority
    outcomes = []
    for one in run.engine:
        events = [event for passage in one.readings for event in choose(passage)]
        outcomes.append(score_clip(one.clip, events))
    return ClipsReport(tuple(outcomes))


def _figures(report: ClipsReport, run: Run) -> str:
    cost = run.cost()
    rows: list[list[object]] = [
        ["the paper", PAPER],
        ["videos entirely right", report.entirely_right],
        [
            "cost of a frame, without decoding",
            f"p50 {cost['p50']:.1f} ms, p95 {cost['p95']:.1f} ms, p99 {cost['p99']:.1f} ms, "
            f"{cost['over']:.2%} over {1000 * FRAME_LIMIT:.0f} ms, n={cost['frames']:.0f}",
        ],
    ]
    return table(["clips600", "value"], rows)


def _paired(
    report: ClipsReport,
    baselines: dict[str, ClipsReport],
    earlier: list[dict[str, object]] | None,
) -> str:
    others = {name: _clips(one) for name, one in baselines.items()}
    if earlier is not None:
        others["earlier result"] = earlier
    now, rows = _clips(report), []
    for name, clips in others.items():
        right = compare(flags_of(clips), flags_of(now))
        harm = compare(flags_of(clips, not_wrong=True), flags_of(now, not_wrong=True))
        part = baselines.get(name)
        rows.append(
            [
                name,
                part.plates_that(RIGHT) if part else "",
                part.wrong_verdicts if part else "",
                *_columns(right.plates),
                *_columns(harm.plates),
                *_columns(right.clips),
                *_columns(harm.clips),
            ]
        )
    header = ["against", "plates right", "wrong verdicts", "plates right, paired", "p"]
    header += ["plates not said wrongly, paired", "p", "clips entirely right, paired", "p"]
    header += ["clips with nothing wrong said, paired", "p"]
    return "Paired with this result (McNemar, exact):\n\n" + table(header, rows)


def _columns(test: PairedTest) -> list[str]:
    return [f"+{test.only_second} -{test.only_first} of {test.total}", f"{test.p_value:.4g}"]


def _clips(report: ClipsReport) -> list[dict[str, object]]:
    return [one.to_json() for one in report.outcomes]


def _earlier(
    path: Path, clips: Sequence[Clip], videos: Mapping[str, str]
) -> list[dict[str, object]]:
    """An earlier result; whether it is of these clips is told before they are run.

    Results of former versions do not say what was in the videos.
    """
    try:
        result = json.loads(path.read_text("utf-8"))
        earlier: list[dict[str, object]] = result["report"]["clips"]
        flags = flags_of(earlier)
        before: dict[str, str] = {**videos, **result.get("videos", {})}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SourceError(f"{path} is not a result of clips600: {error}") from error
    nothing_said = ClipsReport(tuple(score_clip(clip, ()) for clip in clips))
    try:
        compare(flags, flags_of(_clips(nothing_said)))
    except ValueError as error:
        raise SourceError(f"{path} cannot be compared with: {error}") from error
    redrawn = [name for name, content in videos.items() if before[name] != content]
    if redrawn:
        raise SourceError(
            f"{path} cannot be compared with: {redrawn[0]} showed something else then "
            f"(drawn with other typefaces, or encoded otherwise), {len(redrawn)} of "
            f"{len(videos)} videos did"
        )
    return earlier
