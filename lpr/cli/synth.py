"""`lpr synth`: labelled pictures and clips from seeds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lpr.cli.failure import clean_exit
from lpr.cli.options import names

if TYPE_CHECKING:
    from lpr.types import Image

synth_app = typer.Typer(no_args_is_help=True, help="Labelled pictures and clips from seeds.")

Out = Annotated[Path, typer.Option(help="Folder for the pictures and labels.jsonl.")]
Count = Annotated[int, typer.Option(help="How many.", min=1)]
Seed = Annotated[int, typer.Option(help="The same seed gives the same pictures.", min=0)]
Region = Annotated[
    list[str] | None, typer.Option(help="Countries, for example DE,FR; all by default.")
]


@synth_app.command("plates")
def plates(out: Out, count: Count = 100, seed: Seed = 0, region: Region = None) -> None:
    """Render plates, as seen straight on, of every national layout."""
    with clean_exit():
        import numpy as np

        from lpr.synth.fonts import FontBook
        from lpr.synth.plate import render_plate

        fonts, regions = FontBook(), _regions(region)

        def one(number: int) -> tuple[Image, dict[str, Any]]:
            drawn = render_plate(np.random.default_rng((seed, number)), fonts, regions=regions)
            rows, columns = drawn.image.shape[:2]
            return drawn.image, {
                "text": drawn.text,
                "lines": drawn.lines,
                "box": [0, 0, columns, rows],
                "quad": None,
                "region": drawn.region,
            }

        _write(out, count, seed, one)


@synth_app.command("scenes")
def scenes(
    out: Out,
    backgrounds: Annotated[
        Path | None, typer.Option(help="Folder of pictures without plates; painted by default.")
    ] = None,
    count: Count = 100,
    seed: Seed = 0,
) -> None:
    """Set plates into pictures, in perspective, with their exact corners."""
    with clean_exit():
        import numpy as np

        from lpr.sources import list_pictures, read_image
        from lpr.synth.fonts import FontBook
        from lpr.synth.scene import paint_background, render_scene

        fonts = FontBook()
        pictures = list_pictures(backgrounds) if backgrounds is not None else ()

        def one(number: int) -> tuple[Image, dict[str, Any]]:
            rng = np.random.default_rng((seed, number))
            if pictures:
                ground = read_image(pictures[int(rng.integers(len(pictures)))])
            else:
                ground = paint_background(960, 540, rng)
            scene = render_scene(ground, rng, fonts, count=int(rng.integers(1, 4)))
            rows, columns = scene.image.shape[:2]
            found = [
                {
                    "box": list(plate.quad.box),
                    "quad": [list(point) for point in plate.quad.points],
                    "text": plate.text,
                    "lines": plate.lines,
                }
                for plate in scene.plates
            ]
            return scene.image, {"width": columns, "height": rows, "plates": found}

        _write(out, count, seed, one)


@synth_app.command("clips")
def clips(out: Out, count: Count = 10, seed: Seed = 0, region: Region = None) -> None:
    """Render gate clips: vehicles approach or leave by day, dusk, night and in rain."""
    with clean_exit():
        from lpr.synth.clip import render_clip
        from lpr.synth.clip_spec import sample_clip_spec
        from lpr.synth.fonts import FontBook

        fonts, regions = FontBook(), _regions(region) or ()
        names = [_name(seed, number, ".mp4") for number in range(count)]
        _make(out)
        _require_no_others(out, names)
        with _labels(out) as labels:
            for number in _counted(count):
                spec = sample_clip_spec(_own_seed(seed, number), regions=regions)
                labels(render_clip(spec, out / names[number], fonts=fonts).to_json())


def _own_seed(seed: int, number: int) -> int:
    """A seed for one clip that no other seed's clips have."""
    import numpy as np

    return int(np.random.SeedSequence((seed, number)).generate_state(1, np.uint64)[0])


def _name(seed: int, number: int, suffix: str) -> str:
    return f"{seed:04d}-{number:06d}{suffix}"


def _regions(region: Sequence[str] | None) -> tuple[str, ...] | None:
    from lpr.formats.registry import load_region

    codes = names(region)
    return tuple(load_region(code).code for code in codes) if codes else None


def _write(
    out: Path, count: int, seed: int, one: Callable[[int], tuple[Image, dict[str, Any]]]
) -> None:
    """Render pictures one after the other, each from its own seed, with their labels."""
    import cv2

    from lpr.errors import OutputError

    names = [_name(seed, number, ".png") for number in range(count)]
    _make(out / "images")
    _require_no_others(out / "images", names)
    with _labels(out) as labels:
        for number in _counted(count):
            image, label = one(number)
            name = f"images/{names[number]}"
            if not cv2.imwrite(str(out / name), image):
                raise OutputError(f"{out / name}: cannot be written")
            labels({"image": name, "split": "train", **label})


def _make(folder: Path) -> None:
    from lpr.errors import OutputError

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be created: {error.strerror}") from error


def _require_no_others(folder: Path, names: Sequence[str]) -> None:
    """Refuse a folder with pictures or clips of which the new labels would say nothing."""
    from lpr.errors import OutputError

    suffix = Path(names[0]).suffix
    others = sorted({path.name for path in folder.glob(f"*{suffix}")} - set(names))
    if others:
        raise OutputError(
            f"{folder}: holds {len(others)} of a former run, which labels.jsonl would no longer "
            f"name ({others[0]}); remove them, or give another --out"
        )


@contextmanager
def _labels(folder: Path) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Open `labels.jsonl` of a folder; what is yielded writes one label."""
    from lpr.sinks.output import LineOutput

    output = LineOutput(folder / "labels.jsonl")
    try:
        yield lambda record: output.write(json.dumps(record, ensure_ascii=False))
    finally:
        output.close()


def _counted(count: int) -> Iterator[int]:
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    yield from track(range(count), description="rendering", console=console, transient=True)
