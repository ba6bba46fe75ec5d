"""`lpr bench`: how long a frame takes on this machine, against a budget and a baseline."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lpr.cli.exit_codes import ExitCode
from lpr.cli.failure import clean_exit, complain
from lpr.cli.options import Config, Threads

if TYPE_CHECKING:
    from lpr.config import EngineConfig
    from lpr.latency.measure import LatencyRun
    from lpr.latency.record import BenchRecord

DEFAULT_CLIP = "day-approach.mp4"

bench_app = typer.Typer(help="Latency on this machine, against a budget; its history as charts.")


@bench_app.callback(invoke_without_command=True)
def bench(
    context: typer.Context,
    source: Annotated[
        Path | None,
        typer.Option(help="A clip of your camera; by default a sample clip.", readable=False),
    ] = None,
    budget_ms: Annotated[
        float, typer.Option(help="What p99 of a frame may take, milliseconds.", min=0.01)
    ] = 100.0,
    json_path: Annotated[
        Path | None, typer.Option("--json", help="Write the figures to this file.")
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(help="An earlier --json file of the same machine.", readable=False),
    ] = None,
    max_ratio: Annotated[
        float, typer.Option(help="How many times the baseline's a figure may be.", min=1.0)
    ] = 1.5,
    frames: Annotated[int, typer.Option(help="Frames to time at most.", min=1)] = 300,
    warmup: Annotated[int, typer.Option(help="Frames before timing starts.", min=0)] = 10,
    repeat: Annotated[int, typer.Option(help="Passes; the best one counts.", min=1)] = 3,
    config: Config = None,
    threads: Threads = None,
) -> None:
    """Time the engine on a clip; exit code 1 beyond the budget or the baseline."""
    if context.invoked_subcommand is not None:
        return
    with clean_exit():
        from lpr.cli.options import engine_config
        from lpr.cli.overwrite import keep_inputs
        from lpr.latency.baseline import slower, went_blind
        from lpr.latency.record import load_record, save_record
        from lpr.sinks.output import check_writable

        clip = source or sample_clip()
        keep_inputs([clip, config, baseline], [json_path])
        if json_path is not None:
            check_writable(json_path)
        then = load_record(baseline) if baseline else None
        if then and then.conditions is None:
            complain("the baseline does not say of which clip it is, nor at how many threads")
        settings = engine_config(config, None, threads)

        def timed() -> tuple[LatencyRun, BenchRecord]:
            run = _measure(clip, frames, warmup, repeat, settings)
            now = _record(run, clip, settings)
            if json_path is not None:
                save_record(now, json_path)
            return run, now

        run, now = timed()
        grown = slower(now, then, max_ratio) if then else ()
        if then and grown:  # By a busy neighbour, perhaps: what is slower twice in a row is so.
            complain("slower than the baseline: it is timed once more")
            run, now = timed()
            first = {change.name for change in grown}
            again = slower(now, then, max_ratio)
            grown = tuple(change for change in again if change.name in first)
        _show(run, clip, budget_ms)
        for change in grown:
            complain(
                f"{change.name} is {change.ratio:.2f} times the baseline's "
                f"({change.now:.2f} against {change.then:.2f} ms), more than {max_ratio:g}"
            )
        blind = then is not None and went_blind(now, then)
        _tell_what_was_seen(run, blind=blind)
        p99 = run.best.total.p99
        if p99 > budget_ms:
            complain(f"over budget: p99 of a frame is {p99:.1f} ms, the budget {budget_ms:g} ms")
        if grown or blind or p99 > budget_ms:
            raise typer.Exit(ExitCode.LIMIT_MISSED)


@bench_app.command("report")
def report(
    out: Annotated[Path, typer.Argument(help="The chart to write: .svg or .html.")],
    history: Annotated[Path, typer.Option(help="Folder of --json files, one per revision.")] = Path(
        "bench/history"
    ),
) -> None:
    """Draw latency, memory and accuracy over revisions, each machine by itself."""
    with clean_exit():
        from lpr.latency.report import draw_history, load_history

        records = load_history(history)
        draw_history(records, out)
        print(f"{out}: {len(records)} runs")


def sample_clip() -> Path:
    """The sample clip of a checkout.

    Raises:
        ConfigError: the package does not lie in a checkout that can be read.
    """
    from lpr.errors import ConfigError

    clip = Path(__file__).resolve().parents[2] / "samples" / DEFAULT_CLIP
    if not os.access(clip, os.R_OK):  # Unlike is_file, False for a folder that is closed to us.
        raise ConfigError("no sample clip is installed; name a clip of yours: --source clip.mp4")
    return clip


def _tell_what_was_seen(run: LatencyRun, *, blind: bool) -> None:
    if run.plates == 0:
        seen = "; in the baseline's run there were some" if blind else ""
        complain(f"no plate was detected: an engine that sees nothing is fast{seen}")


def _measure(
    clip: Path, frames: int, warmup: int, repeat: int, settings: EngineConfig
) -> LatencyRun:
    from lpr.factory import build_engine
    from lpr.latency.measure import measure
    from lpr.latency.play import play

    engine = build_engine(settings, camera="bench")
    return measure(engine, lambda: play(clip), frames=frames, warmup=warmup, repeat=repeat)


def _record(run: LatencyRun, clip: Path, settings: EngineConfig) -> BenchRecord:
    from datetime import UTC, datetime

    from lpr import __version__
    from lpr.latency.conditions import conditions_of
    from lpr.latency.fingerprint import this_machine
    from lpr.latency.record import latency_figures, make_record

    taken = datetime.now(UTC).isoformat(timespec="seconds")
    conditions = conditions_of(run, clip, settings.threads, _engine(settings))
    return make_record(__version__, taken, this_machine(), latency_figures(run), conditions)


def _engine(settings: EngineConfig) -> str:
    """What tells one engine from another: what was set, but for the threads.

    Not the networks' content: a new version's are compared with those of the one before.
    """
    return settings.model_dump_json(exclude={"threads"}, exclude_defaults=True)


def _show(run: LatencyRun, clip: Path, budget_ms: float) -> None:
    from rich.table import Table

    from lpr.cli.console import PeopleConsole
    from lpr.sinks.safe import safe_text

    # No title of the table: it would be wrapped to the table's width.
    title = (
        f"{safe_text(clip.name)}: {run.width}x{run.height}, {run.frames} frames, "
        f"best of {len(run.repetitions)}, milliseconds"
    )
    table = Table()
    for heading in ("stage", "frames", "median", "p95", "p99", "worst"):
        table.add_column(heading, justify="left" if heading == "stage" else "right")
    best = run.best
    rows = [*best.stages, ("frame", best.total), ("decode (apart)", best.decode)]
    for name, one in rows:
        cells = (f"{value:.2f}" for value in (one.median, one.p95, one.p99, one.worst))
        table.add_row(name, str(one.count), *cells, style="bold" if name == "frame" else "")
    console = PeopleConsole()
    noun = "plate" if run.most_plates == 1 else "plates"
    console.print(title, highlight=False, markup=False, soft_wrap=True)
    console.print(table)
    console.print(
        f"{run.fps:.0f} frames/s, {run.fps_with_decode:.0f} with decoding; at most "
        f"{run.most_plates} {noun} in a frame, {run.readings} crops read, {run.events} events; "
        f"budget {budget_ms:g} ms",
        highlight=False,
    )
