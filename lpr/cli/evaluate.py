"""`lpr eval`: figures on labelled data, with sample sizes and intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

from lpr.cli.failure import clean_exit
from lpr.cli.options import Config, names

if TYPE_CHECKING:
    from lpr.config import EngineConfig
    from lpr.evaluate.report import Progress, Report
    from lpr.factory import Models

eval_app = typer.Typer(
    no_args_is_help=True, help="Figures on labelled data, with sample sizes and intervals."
)


class SplitName(StrEnum):
    """`lpr.evaluate.labels.SPLITS`, without its imports."""

    TRAIN = "train"
    VAL = "val"
    ALL = "all"


Data = Annotated[
    Path | None,
    typer.Option(help="The data folder; $LPR_DATA or ../shared/data by default.", readable=False),
]
Split = Annotated[SplitName, typer.Option(help="Which of the labelled pictures.")]
Sets = Annotated[
    list[str] | None, typer.Option("--set", help="Names of sets, separated by commas.")
]
Out = Annotated[
    Path | None, typer.Option(help="Folder for the report and contact sheets of the failures.")
]


class Evaluation(Protocol):
    """An evaluation of labelled pictures that has the parts it measures."""

    def __call__(
        self, data: Path, split: str, *, sets: Sequence[str] | None, progress: Progress | None
    ) -> Report:
        """Measure, see `lpr.evaluate`."""
        ...


@eval_app.command("detection")
def detection(
    data: Data = None,
    split: Split = SplitName.VAL,
    sets: Sets = None,
    config: Config = None,
    out: Out = None,
) -> None:
    """Recall, corner error and false alarms of the detector on `scenes` and `negatives`."""

    def bind(settings: EngineConfig, models: Models) -> Evaluation:
        from lpr.evaluate.detection import SCORES, evaluate_detection
        from lpr.factory import still_detector

        used = models.finder(settings).threshold
        everything = still_detector(settings, models, min(used, *SCORES))
        return partial(evaluate_detection, everything, min_score=used)

    _evaluate_labelled("detection", bind, data, split, sets, config, out)


@eval_app.command("recognition")
def recognition(
    data: Data = None,
    split: Split = SplitName.VAL,
    sets: Sets = None,
    config: Config = None,
    out: Out = None,
) -> None:
    """Exact reads and calibration of the recognizer on `plates`."""

    def bind(settings: EngineConfig, models: Models) -> Evaluation:
        from lpr.evaluate.recognition import evaluate_recognition

        return partial(
            evaluate_recognition, models.recognizer, models.rectifier, alphabet=models.alphabet
        )

    _evaluate_labelled("recognition", bind, data, split, sets, config, out)


@eval_app.command("end-to-end")
def end_to_end(
    data: Data = None,
    split: Split = SplitName.VAL,
    sets: Sets = None,
    config: Config = None,
    out: Out = None,
) -> None:
    """Pictures in, exact texts out, on `scenes` with a text."""

    def bind(settings: EngineConfig, models: Models) -> Evaluation:
        from lpr.evaluate.endtoend import evaluate_end_to_end
        from lpr.factory import build_still_reader

        return partial(
            evaluate_end_to_end,
            build_still_reader(settings, models=models),
            alphabet=models.alphabet,
        )

    _evaluate_labelled("end-to-end", bind, data, split, sets, config, out)


@eval_app.command("tracks")
def tracks(
    data: Data = None,
    split: Split = SplitName.VAL,
    sets: Sets = None,
    config: Config = None,
    out: Out = None,
) -> None:
    """Votes over labelled tracks of plate crops, against single looks and simple rules."""

    def bind(settings: EngineConfig, models: Models) -> Evaluation:
        from lpr.evaluate.tracks import evaluate_tracks
        from lpr.factory import build_fuser, build_voter

        return partial(
            evaluate_tracks,
            models.recognizer,
            models.rectifier,
            partial(build_voter, settings),
            partial(build_fuser, settings),
        )

    _evaluate_labelled("tracks", bind, data, split, sets, config, out)


@eval_app.command("clips")
def clips(
    folder: Annotated[
        Path | None,
        typer.Argument(
            help="Clips with labels.jsonl; the data folder's by default.", readable=False
        ),
    ] = None,
    config: Config = None,
    out: Out = None,
) -> None:
    """Verdicts of the whole engine on labelled clips."""

    def work(settings: EngineConfig, models: Models, progress: Progress) -> Report:
        from lpr.evaluate.datasets import data_folder, load_clips, require_videos, require_whole
        from lpr.evaluate.events import evaluate_clips
        from lpr.factory import build_engine
        from lpr.sources import open_source
        from lpr.types import PlateEvent

        def run(path: Path) -> tuple[PlateEvent, ...]:
            engine = build_engine(settings, models=models, camera=path.stem)
            events: list[PlateEvent] = []
            frames = 0
            for result in engine.run(open_source(path)):
                frames += result.of_frame
                events += result.events
            require_whole(by_path[path], frames)
            return tuple(events)

        labelled = load_clips(folder or data_folder() / "clips")
        require_videos(labelled)
        by_path = {clip.path: clip for clip in labelled}
        return evaluate_clips(run, labelled, progress=progress)

    _evaluate("clips", work, config, out)


def _evaluate_labelled(
    name: str,
    bind: Callable[[EngineConfig, Models], Evaluation],
    data: Path | None,
    split: SplitName,
    sets: Sequence[str] | None,
    config: Path | None,
    out: Path | None,
) -> None:
    """Run an evaluation of the labelled pictures; `bind` gives it the parts that it measures."""

    def work(settings: EngineConfig, models: Models, progress: Progress) -> Report:
        from lpr.evaluate.datasets import data_folder

        evaluate = bind(settings, models)
        return evaluate(data_folder(data), split, sets=names(sets), progress=progress)

    _evaluate(name, work, config, out)


def _evaluate(
    name: str,
    work: Callable[[EngineConfig, Models, Progress], Report],
    config: Path | None,
    out: Path | None,
) -> None:
    with clean_exit():
        from rich.console import Console
        from rich.progress import Progress as Bar

        from lpr.config import EngineConfig, load_config
        from lpr.evaluate.report import write_report
        from lpr.factory import load_models

        settings = load_config(config) if config else EngineConfig()
        models = load_models(settings)
        console = Console(stderr=True)
        # Where there is no terminal, even a bar that goes away leaves an empty line.
        with Bar(console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task(name)
            report = work(
                settings, models, lambda done, total: bar.update(task, completed=done, total=total)
            )
        print(report.to_markdown())
        if out is not None:
            for path in write_report(report, out, name):
                print(f"written: {path}")
