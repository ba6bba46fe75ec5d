"""`lpr train`: the three networks, on a CPU."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lpr.cli.failure import clean_exit, complain
from lpr.cli.options import names

if TYPE_CHECKING:
    from collections.abc import Iterator

train_app = typer.Typer(
    no_args_is_help=True, help="Train the three networks on a CPU; needs the extra `train`."
)

Data = Annotated[
    list[Path] | None, typer.Option(help="Labelled data; the shared data folder by default.")
]
_FINE_TUNING_STEPS, _FINE_TUNING_PLATES = 1_500, 4_000
"""By default, so that a few hundred crops are learned within an hour on a CPU."""
Steps = Annotated[int, typer.Option(help="Optimiser steps in all.", min=1)]
Batch = Annotated[int, typer.Option(help="Pictures a step.", min=1)]
Threads = Annotated[int, typer.Option(help="Threads of torch.", min=1)]
Seed = Annotated[int, typer.Option(help="Seed of weights and draws.", min=0)]
Bfloat16 = Annotated[
    bool,
    typer.Option("--bfloat16", help="Faster where the CPU multiplies bfloat16 (AVX512-BF16, AMX)."),
]
Fresh = Annotated[bool, typer.Option("--fresh", help="Do not go on from a checkpoint.")]


@train_app.command("detector")
def detector(
    out: Annotated[Path, typer.Option(help="Model folder to write.")] = Path("runs/detector"),
    work: Annotated[Path, typer.Option(help="Folder for cache, checkpoints and curve.")] = Path(
        "runs/detector-work"
    ),
    data: Annotated[
        Path | None, typer.Option(help="The data folder; $LPR_DATA by default.")
    ] = None,
    steps: Steps = 12_000,
    batch: Batch = 16,
    plates: Annotated[
        int, typer.Option(help="Rendered plates to paste; 0 for none.", min=0)
    ] = 6_000,
    labels: Annotated[
        Path | None,
        typer.Option(help="Folder with corners.json and mined.json; the shipped ones by default."),
    ] = None,
    leave_out: Annotated[
        list[str] | None,
        typer.Option(help="A set not to train on: how does the detector do on unseen cameras?"),
    ] = None,
    threads: Threads = 1,
    bfloat16: Bfloat16 = False,
    seed: Seed = 1,
    fresh: Fresh = False,
) -> None:
    """Train the detector on labelled scenes and pasted plates, and export it."""
    with clean_exit():
        _need_torch()
        from lpr.evaluate.datasets import data_folder
        from lpr.registry import DEFAULT_DETECTOR, find_model
        from lpr.train.detector_loop import train_detector
        from lpr.train.detector_options import DetectorTrainOptions
        from lpr.train.detector_render import build_bank

        source = data_folder(data)
        refined = labels or find_model(DEFAULT_DETECTOR).path.parent / "labels"
        if labels is not None:
            _require_any(labels, "corners.json", "mined.json")
        bank = work / "bank" if plates else None
        if bank is not None:
            build_bank(bank, plates, seed)
        options = DetectorTrainOptions(
            data=source,
            corners=_present(refined / "corners.json"),
            mined=_present(refined / "mined.json"),
            work=work,
            output=out,
            bank=bank,
            steps=steps,
            decay_steps=max(1, steps // 3),
            batch=batch,
            left_out=names(leave_out) or (),
            threads=threads,
            bfloat16=bfloat16,
            seed=seed,
            resume=not fresh,
        )
        with _shown("detector", steps) as show:
            folder = train_detector(options, lambda step, _, figures: show(step, figures))
        print(f"written: {folder}")


@train_app.command("corners")
def corners(
    out: Annotated[Path, typer.Option(help="Model folder to write.")] = Path("runs/corners"),
    work: Annotated[Path, typer.Option(help="Folder for caches and checkpoint.")] = Path(
        "runs/corners-work"
    ),
    data: Annotated[
        Path | None, typer.Option(help="The data folder; $LPR_DATA by default.")
    ] = None,
    rendered: Annotated[
        Path | None,
        typer.Option(help="Rendered plates of a recognizer's run; by default rendered here."),
    ] = None,
    plates: Annotated[int, typer.Option(help="Rendered plates, if rendered here.", min=1)] = 20_000,
    labels: Annotated[
        Path | None,
        typer.Option(help="Folder with corners.json; the shipped detector's by default."),
    ] = None,
    steps: Steps = 12_000,
    batch: Batch = 64,
    threads: Threads = 1,
    seed: Seed = 1,
    fresh: Fresh = False,
) -> None:
    """Train the corner refiner on labelled scenes and rendered plates, and export it."""
    with clean_exit():
        _need_torch()
        from lpr.errors import TrainingError
        from lpr.evaluate.datasets import data_folder
        from lpr.registry import DEFAULT_DETECTOR, find_model
        from lpr.train.corners_loop import CornersTrainOptions, train_corners
        from lpr.train.recognizer_cache import made_otherwise, render_cache

        source = data_folder(data)
        if labels is not None:
            _require_any(labels, "corners.json")
        found = labels or find_model(DEFAULT_DETECTOR).path.parent / "labels"
        with _shown("corners", steps) as show:
            if rendered is None:
                rendered = work / "rendered"
                other = made_otherwise(rendered, seed, None)
                if other is not None:
                    raise TrainingError(
                        f"{rendered}: holds {other}, not of seed {seed}; remove the folder, or "
                        "give another --work"
                    )
                render_cache(
                    rendered,
                    plates,
                    seed,
                    on_render=lambda done, wanted: show(0, {"plates rendered": done, "of": wanted}),
                )
            options = CornersTrainOptions(
                data=source,
                work=work,
                output=out,
                rendered=rendered,
                corners=_present(found / "corners.json"),
                steps=steps,
                batch=batch,
                threads=threads,
                seed=seed,
                resume=not fresh,
            )
            folder = train_corners(options, lambda step, _, figures: show(step, figures))
        print(f"written: {folder}")


@train_app.command("recognizer")
def recognizer(
    out: Annotated[Path, typer.Option(help="Model folder to write.")] = Path("runs/recognizer"),
    data: Data = None,
    start: Annotated[
        str | None,
        typer.Option("--from", help="Fine-tune `shipped`, a model's name or a model folder."),
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(min=1, help="Optimiser steps in all; 20,000, or 1,500 with --from."),
    ] = None,
    batch: Batch = 64,
    plates: Annotated[
        int | None,
        typer.Option(min=0, help="Rendered plates in the cache; 100,000, or 4,000 with --from."),
    ] = None,
    region: Annotated[
        list[str] | None, typer.Option(help="Countries to render; all by default.")
    ] = None,
    keep: Annotated[
        float,
        typer.Option(min=0, help="How firmly --from holds on to what that model reads right."),
    ] = 1.0,
    threads: Threads = 1,
    processes: Annotated[
        int, typer.Option(min=1, help="Processes that train together, one a core.")
    ] = 1,
    bfloat16: Bfloat16 = False,
    seed: Seed = 0,
    fresh: Fresh = False,
) -> None:
    # The backslash keeps the list from being taken for a style.
    r"""Train the recognizer on rendered and real plates, or fine-tune one on your own crops.

    Your own data is a folder with labels.jsonl: {"image": "x.jpg", "text": "AB123", "lines": 1,
    "box": \[left, top, right, bottom], "quad": null, "split": "train"}.
    """
    with clean_exit():
        _need_torch()
        from lpr.evaluate.datasets import data_folder
        from lpr.manifest import load_manifest
        from lpr.registry import DEFAULT_RECOGNIZER, find_model
        from lpr.train.recognizer_loop import train_recognizer
        from lpr.train.recognizer_options import RecognizerTrainOptions
        from lpr.train.recognizer_steps import LoopOptions

        steps = steps or (20_000 if start is None else _FINE_TUNING_STEPS)
        if plates is None:
            plates = 100_000 if start is None else _FINE_TUNING_PLATES
        options = RecognizerTrainOptions(
            out=out,
            data=tuple(data) if data else _shared_crops(),
            loop=LoopOptions(
                steps=steps,
                batch=batch,
                threads=threads,
                processes=processes,
                bfloat16=bfloat16,
                seed=seed,
            ),
            transcribed=None if data else _transcribed(find_model(DEFAULT_RECOGNIZER).path.parent),
            scenes=None if data else data_folder() / "scenes",
            init_from=start,
            resume=not fresh,
            negatives=None if data else data_folder() / "negatives",
            rendered=plates,
            regions=tuple(sorted({code.lower() for code in names(region) or ()})) or None,
            keep=keep,
            name=DEFAULT_RECOGNIZER if start is None else out.resolve().name,
        )
        with _shown("recognizer", steps) as show:
            folder = train_recognizer(
                options,
                lambda now: show(
                    now.step, {"loss": now.loss, "crops a second": now.crops_per_second}
                ),
                lambda done, wanted: show(0, {"plates rendered": done, "of": wanted}),
                complain,
            )
        _print_accuracy(load_manifest(folder).metrics)
        print(f"written: {folder}")


def _print_accuracy(metrics: Mapping[str, float]) -> None:
    """Exact reads of each set; `elsewhere` are rendered plates of all countries."""
    from rich.table import Table

    from lpr.cli.console import PeopleConsole

    names = [key.removesuffix("_exact") for key in metrics if key.endswith("_exact")]
    table = Table("held-out crops", "n", "exact before", "exact now")
    for name in names:
        before = metrics.get(f"{name}_exact_before")
        table.add_row(
            name,
            f"{metrics[f'{name}_n']:.0f}",
            "-" if before is None else f"{before:.3f}",
            f"{metrics[f'{name}_exact']:.3f}",
        )
    if names:
        PeopleConsole().print(table)


def _present(path: Path) -> Path | None:
    return path if path.is_file() else None


def _require_any(folder: Path, *files: str) -> None:
    from lpr.errors import TrainingError

    if not any((folder / name).is_file() for name in files):
        raise TrainingError(f"--labels {folder}: there is no {' or '.join(files)}")


def _transcribed(model: Path) -> Path | None:
    return _present(model / "labels" / "transcribed.json")


def _shared_crops() -> tuple[Path, ...]:
    """The crop sets of the shared data that may train."""
    from lpr.evaluate.datasets import data_folder

    folders = sorted((data_folder() / "plates").iterdir())
    return tuple(folder for folder in folders if (folder / "labels.jsonl").is_file())


def _need_torch() -> None:
    from lpr.errors import MissingExtraError

    for package in ("torch", "onnx", "PIL", "tomli_w"):
        if find_spec(package) is None:
            raise MissingExtraError(package, "train")


@contextmanager
def _shown(name: str, steps: int) -> Iterator[Callable[[int, Mapping[str, float]], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f} of {task.total:.0f} steps"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[figures]}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(name, total=steps, figures="")

        def show(step: int, figures: Mapping[str, float]) -> None:
            text = ", ".join(f"{key} {value:.4g}" for key, value in figures.items())
            bar.update(task, completed=step, figures=text)

        yield show
