"""The 600-clip benchmark: resuming, baselines, its command line."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from bench.clips600 import generate, score
from bench.clips600.baselines import best_frame, majority
from bench.clips600.passages import PassageReadings
from bench.clips600.score import _paired, score_folder
from lpr.errors import OutputError, SourceError
from lpr.evaluate.clip_report import ClipsReport
from lpr.evaluate.datasets import Clip, ClipPlate, load_clips
from lpr.evaluate.events import score_clip
from lpr.synth.clip import ClipLabels, ClipPlateLabel
from lpr.synth.fonts import FontBook
from lpr.types import CharCandidates, Reading


def _reading(text: str, confidence: float) -> Reading:
    candidates = tuple(CharCandidates((char,), (1.0,)) for char in text)
    return Reading(text, (1.0,) * len(text), candidates, confidence)


def _passage(*readings: tuple[str, float]) -> PassageReadings:
    passage = PassageReadings(3, 0.0, (len(readings) - 1) / 10)
    for number, (text, confidence) in enumerate(readings):
        passage.add(_reading(text, confidence), number / 10, number)
    return passage


def test_the_best_frame_is_the_surest() -> None:
    event, departed = best_frame(_passage(("AB1", 0.6), ("AB7", 0.9), ("AB1", 0.8)))
    assert (event.text, event.confidence, event.frame_index) == ("AB7", 0.9, 1)
    assert (departed.kind, departed.text, departed.time) == ("departed", "AB7", 0.2)
    assert best_frame(_passage(("AB1", 0.4))) == ()
    # A look that surely sees nothing to read is no answer.
    assert [event.text for event in best_frame(_passage(("", 0.97), ("AB1", 0.6)))][:1] == ["AB1"]
    assert best_frame(_passage(("", 0.97))) == ()


def test_the_majority_counts_strings() -> None:
    event, _ = majority(_passage(("AB1", 0.6), ("AB7", 0.9), ("AB1", 0.8), ("X", 0.1)))
    assert (event.text, event.agreeing, event.frame_index) == ("AB1", 2, 2)
    assert majority(_passage(("AB1", 0.9), ("AB2", 0.9))) == ()
    assert majority(_passage(("AB1", 0.2), ("AB1", 0.2))) == ()


def test_a_lone_look_of_the_majority_counts_where_the_engine_believes_one() -> None:
    event, _ = majority(_passage(("AB1", 0.95)))
    assert (event.text, event.confidence, event.agreeing) == ("AB1", 0.95, 1)
    assert majority(_passage(("AB1", 0.94))) == ()


@pytest.mark.parametrize("near_last", [True, False])
def test_of_texts_read_equally_often_the_surest_is_the_majority(near_last: bool) -> None:
    """The first look is the farthest: it must not win for being first."""
    far, near = [("AB7", 0.6), ("AB7", 0.7)], [("AB1", 0.6), ("AB1", 0.9)]
    looks = [*far, *near] if near_last else [*near, *far]
    assert [event.text for event in majority(_passage(*looks))] == ["AB1", "AB1"]
    assert [event.text for event in majority(_passage(("AB7", 0.6), ("AB1", 0.96)))][:1] == ["AB1"]


def test_a_best_frame_before_the_legible_ones_stands_while_its_plate_is_seen() -> None:
    """As the engine's verdicts, which end with their departure."""
    passage = _passage(("AB123CD", 0.95), *[("AB123C", 0.6)] * 20)
    clip = Clip(Path("a.mp4"), 10.0, 30, (ClipPlate("AB123CD", 15, 20),))
    outcome = score_clip(clip, best_frame(passage))
    assert [plate.outcome for plate in outcome.plates] == ["right"]
    assert not outcome.false


def _labels(out: Path, number: int, text: str = "AB123") -> ClipLabels:
    path = out / f"{number:05d}.mp4"
    path.write_bytes(b"clip")
    plates = (
        ClipPlateLabel(text, 1, 0, 5, ()),
        ClipPlateLabel("FAR99", 1, -1, -1, ()),
    )
    return ClipLabels(path.name, 10, 6, 64, 48, plates, ("day",), number)


def test_a_stopped_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rendered: list[int] = []

    def render(out: Path, number: int) -> ClipLabels:
        rendered.append(number)
        return _labels(out, number)

    monkeypatch.setattr(generate, "_synthetic", render)
    generate.generate_synthetic(tmp_path, 5, 2)
    generate.generate_synthetic(tmp_path, 5, 4)
    assert rendered == [5, 6, 7, 8]
    lines = (tmp_path / "labels.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert [row["number"] for row in rows] == [5, 6, 7, 8]
    assert rows[0]["uncertain"] == ["FAR99"]
    assert [plate["text"] for plate in rows[0]["plates"]] == ["AB123"]


def test_a_clip_that_was_deleted_is_labelled_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generate, "_synthetic", _labels)
    generate.generate_synthetic(tmp_path, 5, 3)
    (tmp_path / "00006.mp4").unlink()
    generate.generate_synthetic(tmp_path, 5, 3)
    names = [clip.path.name for clip in load_clips(tmp_path)]
    assert names == ["00005.mp4", "00007.mp4", "00006.mp4"]
    # As it was left by earlier versions.
    labels = tmp_path / "labels.jsonl"
    labels.write_text(labels.read_text(encoding="utf-8") * 2, encoding="utf-8")
    generate.generate_synthetic(tmp_path, 5, 3)
    assert [clip.path.name for clip in load_clips(tmp_path)] == names


@pytest.mark.parametrize("cut", [1, 2, 40, -1])
def test_a_line_that_was_cut_is_written_anew(
    cut: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stopped run leaves half a line, or a whole one without its end, or half a character."""
    monkeypatch.setattr(generate, "_synthetic", lambda out, n: _labels(out, n, "皖A12345"))
    generate.generate_synthetic(tmp_path, 5, 2)
    labels = tmp_path / "labels.jsonl"
    whole = labels.read_bytes()
    end = whole.rindex("皖".encode()) + 1 if cut == -1 else len(whole) - cut
    labels.write_bytes(whole[:end])
    generate.generate_synthetic(tmp_path, 5, 3)
    rows = [json.loads(line) for line in labels.read_text(encoding="utf-8").splitlines()]
    assert [row["number"] for row in rows] == [5, 6, 7]


def test_a_broken_line_between_others_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generate, "_synthetic", _labels)
    generate.generate_synthetic(tmp_path, 5, 2)
    labels = tmp_path / "labels.jsonl"
    labels.write_text("half a l\n" + labels.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(OutputError, match=r"labels\.jsonl: line 1 is no label"):
        generate.generate_synthetic(tmp_path, 5, 2)


def test_another_run_is_not_mixed_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generate, "_synthetic", _labels)
    generate.generate_synthetic(tmp_path, 5, 1)
    with pytest.raises(OutputError, match=r"another run \(its seed differ"):
        generate.generate_synthetic(tmp_path, 6, 1)


def test_a_run_goes_on_with_its_own_typefaces_only(
    tmp_path: Path,
    shared_data: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The same seed draws another plate where a typeface is missing."""
    lacking: tuple[str, ...] = ()
    book = FontBook([shared_data / "fonts"])
    monkeypatch.setattr(generate, "_synthetic", _labels)
    monkeypatch.setattr(FontBook, "installed", lambda: book)
    monkeypatch.setattr(FontBook, "missing", lambda _: lacking)
    generate.generate_synthetic(tmp_path / "clips", 5, 1)
    assert "typefaces" not in capsys.readouterr().out
    lacking = ("overpass-latin-600", "teko-latin-500")
    with pytest.raises(OutputError, match=r"another run \(its missing_faces differ"):
        generate.generate_synthetic(tmp_path / "clips", 5, 2)
    told = capsys.readouterr().out
    assert "2 typefaces are missing on this machine (overpass-latin-600, teko-latin-500;" in told
    generate.generate_synthetic(tmp_path / "others", 5, 1)


def test_photographs_are_of_val_and_readable(shared_data: Path) -> None:
    scenes = generate.photographs()
    assert len(scenes) > 400
    assert {scene.split for scene, _ in scenes} == {"val"}
    assert all(plate.text for _, plates in scenes for plate in plates)
    assert shared_data.is_dir()


def test_a_result_that_cannot_be_written_is_told_before_the_clips_are_run(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    row = {"video": "a.mp4", "fps": 25, "frames": 9, "plates": [], "uncertain": []}
    (tmp_path / "labels.jsonl").write_text(json.dumps(row) + "\n")
    with pytest.raises(OutputError, match="now"):
        score_folder(tmp_path, save=tmp_path / "none" / "now.json")


def test_a_full_disk_costs_neither_the_figures_nor_the_result_of_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _folder(tmp_path, "AB123")
    save = tmp_path / "now.json"
    save.write_text("before", encoding="utf-8")
    write = Path.write_bytes

    def full(path: Path, data: bytes) -> int:
        write(path, data[:100])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    run = score.Run([score.ClipOutcomePair(clip, (), ()) for clip in load_clips(tmp_path)])
    monkeypatch.setattr(score, "_run", lambda *_: run)
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match=r"now\.json: No space left on device"):
        score_folder(tmp_path, save=save)
    assert save.read_text(encoding="utf-8") == "before"
    assert not list(tmp_path.glob("*.part"))
    assert "| plates missed | 1.000 (0.207-1.000), n=1 |" in capsys.readouterr().out
    monkeypatch.setattr(Path, "write_bytes", write)
    score_folder(tmp_path, save=save)
    assert json.loads(save.read_text(encoding="utf-8"))["clips"] == 1


def test_seeds_give_other_movements_over_a_photograph(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[object] = []

    def render(photo: object, plates: object, spec: object, path: Path) -> ClipLabels:
        seen.append(spec)
        return _labels(path.parent, len(seen))

    monkeypatch.setattr(generate, "render_photo_clip", render)
    for seed in (1, 2):
        generate.generate_photos(tmp_path / str(seed), seed, 1)
    assert seen[0] != seen[1]
    assert shared_data.is_dir()


def _folder(path: Path, *texts: str) -> None:
    """Clips of one plate each, videos that nobody can play."""
    rows = []
    for number, text in enumerate(texts):
        (path / f"{number}.mp4").touch()
        plate = {"text": text, "lines": 1, "first_frame": 0, "last_frame": 5}
        row = {"video": f"{number}.mp4", "fps": 25, "frames": 9, "plates": [plate]}
        rows.append(json.dumps({**row, "uncertain": []}) + "\n")
    (path / "labels.jsonl").write_text("".join(rows), encoding="utf-8")


def _earlier(path: Path, *texts: str) -> Path:
    """A result on such clips in which nothing was said."""
    clips = [
        score_clip(Clip(Path(f"{number}.mp4"), 25.0, 9, (ClipPlate(text, 0, 5),)), ()).to_json()
        for number, text in enumerate(texts)
    ]
    path.write_text(json.dumps({"report": {"clips": clips}}), encoding="utf-8")
    return path


def test_a_result_of_other_plates_is_refused_before_the_clips_are_run(tmp_path: Path) -> None:
    _folder(tmp_path, "AB123CD", "XY98765")
    same = _earlier(tmp_path / "same.json", "AB123CD")
    other = _earlier(tmp_path / "other.json", "AB123CD", "ZZ11111")
    with pytest.raises(SourceError, match=r"other\.json.* 1\.mp4 has other plates"):
        score_folder(tmp_path, other)
    # One of fewer clips is compared on these: here it comes as far as playing them.
    with pytest.raises(SourceError, match=r"0\.mp4"):
        score_folder(tmp_path, same)


def test_a_result_of_videos_that_were_drawn_otherwise_is_refused(tmp_path: Path) -> None:
    _folder(tmp_path, "AB123")
    [clip] = load_clips(tmp_path)
    path = tmp_path / "before.json"
    report = ClipsReport((score_clip(clip, ()),)).to_json()
    videos = {"0.mp4": "000000000000"}
    path.write_text(json.dumps({"videos": videos, "report": report}), encoding="utf-8")
    with pytest.raises(SourceError, match=r"0\.mp4 showed something else then"):
        score_folder(tmp_path, path)


def test_a_clip_that_is_labelled_twice_is_not_scored_twice(tmp_path: Path) -> None:
    _folder(tmp_path, "AB123CD")
    labels = tmp_path / "labels.jsonl"
    labels.write_text(labels.read_text(encoding="utf-8") * 2, encoding="utf-8")
    with pytest.raises(SourceError, match=r"labels\.jsonl:2: .*'0\.mp4' is that of line 1"):
        score_folder(tmp_path)


def test_pairs_by_clips_count_false_verdicts() -> None:
    clip = Clip(Path("0.mp4"), 25.0, 9, (ClipPlate("AB123CD", 0, 5),))
    false = PassageReadings(1, 0.0, 0.2)
    false.add(_reading("ZZZZ99999", 0.97), 0.1, 2)
    noisy, calm = (ClipsReport((score_clip(clip, events),)) for events in (majority(false), ()))
    table = _paired(calm, {"plain string majority": noisy}, None).splitlines()
    header, row = (table[n].split(" | ") for n in (2, 4))
    column = header.index("clips with nothing wrong said, paired")
    assert row[column].startswith("+1 -0 of 1")
    assert row[header.index("plates not said wrongly, paired")] == "+0 -0 of 1"
