"""Rendering of clips into a folder, one line of labels each; a stopped run goes on."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from pathlib import Path

from bench.clips600.whole_file import write_whole
from lpr.errors import OutputError, SourceError
from lpr.evaluate.datasets import NOT_A_PLATE, Scene, data_folder, load_scenes, read_image
from lpr.recognize.alphabet import PLATE_CHARACTERS
from lpr.synth.clip import ClipLabels, render_clip, sample_clip_spec
from lpr.synth.clip_photo import PhotoPlate, render_photo_clip, sample_photo_spec
from lpr.synth.fonts import FontBook

_SEEDS_APART = 100_000
"""Between the movements of two seeds; there are fewer photographs."""
LEAST_PLATE = 50
"""Least width of a photograph's first plate, pixels."""


def generate_synthetic(out: Path, seed: int, count: int, jobs: int = 1) -> None:
    """Render clips of `count` seeds from `seed` on.

    A seed gives the same clip with the same typefaces only; those that are missing here are told.

    Raises:
        OutputError: the folder cannot be written, or holds another run.
    """
    fonts = FontBook.installed()
    missing = list(fonts.missing()) if fonts else []
    if missing:
        print(
            f"{len(missing)} typefaces are missing on this machine ({', '.join(missing[:4])}"
            f"{', ...' if len(missing) > 4 else ''}; docs/training.md): the clips are others than "
            "with all of them, and so are the figures"
        )
    run: dict[str, object] = {"set": "synthetic", "seed": seed}
    if missing:
        run["missing_faces"] = missing
    _generate(out, run, _synthetic, range(seed, seed + count), jobs)


def generate_photos(out: Path, seed: int, count: int, jobs: int = 1, split: str = "val") -> None:
    """Render clips over the first `count` fitting photographs of a split.

    Clips of the val split are for reporting, those of the train split for fitting the voter. A
    seed gives other movements over the same photographs.

    Raises:
        OutputError: the folder cannot be written, or holds another run.
        SourceError: there is no data folder.
    """
    scenes = photographs(split)
    if not scenes:
        raise SourceError("the data folder has no photograph with a plate that fits")
    numbers = range(min(count, len(scenes)))
    run: dict[str, object] = {"set": "photographs", "seed": seed}
    if split != "val":
        run["split"] = split
    _generate(out, run, partial(_photograph, split, seed), numbers, jobs)


@cache
def photographs(split: str = "val") -> tuple[tuple[Scene, tuple[PhotoPlate, ...]], ...]:
    """Photographs of a split whose plates all have sure, readable texts; sets interleaved."""
    fitting = []
    for scene in load_scenes(data_folder(), split):
        plates = _plates(scene)
        if plates and plates[0].quad.width >= LEAST_PLATE:
            fitting.append((scene, plates))
    # File names are hashes: their order is a shuffle that does not depend on the set.
    return tuple(sorted(fitting, key=lambda one: one[0].path.name))


def _plates(scene: Scene) -> tuple[PhotoPlate, ...]:
    plates = []
    for label in scene.plates:
        known = label.text and label.note in ("", "year") and label.lines
        if label.note == NOT_A_PLATE:
            continue
        if not known or not all(char in PLATE_CHARACTERS for char in label.text or ""):
            return ()
        plates.append(PhotoPlate(label.shape, label.text or "", label.lines or 1))
    return tuple(sorted(plates, key=lambda plate: -plate.quad.width))


def _synthetic(out: Path, number: int) -> ClipLabels:
    return render_clip(
        sample_clip_spec(number), out / f"{number:05d}.mp4", fonts=_fonts(), preset="ultrafast"
    )


def _photograph(split: str, seed: int, out: Path, number: int) -> ClipLabels:
    scene, plates = photographs(split)[number]
    photo = read_image(scene.path)
    movement = _SEEDS_APART * (seed - 1) + number
    spec = sample_photo_spec(movement, photo.shape[1], photo.shape[0], plates)
    return render_photo_clip(photo, plates, spec, out / f"{scene.set}-{scene.path.stem}.mp4")


@cache
def _fonts() -> FontBook:
    return FontBook()


def _generate(
    out: Path,
    run: dict[str, object],
    render: Callable[[Path, int], ClipLabels],
    numbers: Sequence[int],
    jobs: int,
) -> None:
    done = _open_folder(out, run)
    todo = [number for number in numbers if number not in done]
    print(f"{len(numbers) - len(todo)} of {len(numbers)} clips are there, rendering {len(todo)}")
    path = out / "labels.jsonl"
    with path.open("a", encoding="utf-8") as file:
        for count, (number, labels) in enumerate(_rendered(out, render, todo, jobs), 1):
            row = {**labels.to_json(), "number": number}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            file.flush()
            if count % 10 == 0 or count == len(todo):
                print(f"{count}/{len(todo)}", flush=True)


def _rendered(
    out: Path, render: Callable[[Path, int], ClipLabels], todo: Sequence[int], jobs: int
) -> Iterator[tuple[int, ClipLabels]]:
    if jobs <= 1:
        for number in todo:
            yield number, render(out, number)
        return
    with ProcessPoolExecutor(min(jobs, os.cpu_count() or 1)) as pool:
        yield from zip(todo, pool.map(render, [out] * len(todo), todo), strict=True)


def _open_folder(out: Path, run: dict[str, object]) -> set[int]:
    """Numbers of the clips already there.

    Raises:
        OutputError: the folder cannot be written, or holds another run.
    """
    mark = out / "run.json"
    try:
        out.mkdir(parents=True, exist_ok=True)
        if not mark.exists():
            mark.write_text(json.dumps(run), encoding="utf-8")
        before = json.loads(mark.read_text(encoding="utf-8"))
    except OSError as error:
        raise OutputError(f"cannot write {out}: {error}") from error
    if before != run:
        differs = [name for name in {**before, **run} if before.get(name) != run.get(name)]
        raise OutputError(
            f"{out} holds another run (its {' and '.join(differs)} differ); choose another folder"
        )
    return _keep_labels(out)


def _keep_labels(out: Path) -> set[int]:
    """Numbers of the clips that are there; drops other rows of the labels, and a cut last line.

    A clip without its video is rendered anew and gets another row. One row a clip is kept, the
    last, which is of the video that is there.

    Raises:
        OutputError: a line is no label, or the labels cannot be written.
    """
    labels = out / "labels.jsonl"
    if not labels.exists():
        return set()
    before = labels.read_bytes()
    lines = before.splitlines()
    rows: dict[int, bytes] = {}
    for place, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
            number, video = int(row["number"]), out / row["video"]
        except (ValueError, KeyError, TypeError) as error:
            if place == len(lines):  # A run that was stopped while it wrote.
                break
            raise OutputError(f"{labels}: line {place} is no label of a clip") from error
        if video.is_file():
            rows.pop(number, None)
            rows[number] = line
    after = b"".join(line + b"\n" for line in rows.values())
    if after != before:
        write_whole(labels, after)
    return set(rows)
