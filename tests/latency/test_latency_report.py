from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from lpr.errors import ConfigError, MissingExtraError
from lpr.latency.conditions import Conditions
from lpr.latency.fingerprint import Machine
from lpr.latency.record import BenchRecord, Figure, make_record, save_record
from lpr.latency.report import comparable, draw_history, load_history

HERE = Machine("A <fast> CPU", 2, 8, "Linux x86_64", "3.11.9")
THERE = replace(HERE, cpu="Another CPU")


def record(day: int, machine: Machine = HERE) -> BenchRecord:
    figures = [
        Figure(name="frame.median", value=5.0 + day, unit="ms", count=30),
        Figure(name="run.peak-memory", value=150.0 + day, unit="MB"),
        Figure(name="samples.right", value=0.9, unit="share", count=5),
    ]
    return make_record(f"rev-{day}", f"2026-01-{day:02}T00:00:00+00:00", machine, figures)


def test_history_is_read_oldest_first(tmp_path: Path) -> None:
    save_record(record(9), tmp_path / "a.json")
    save_record(record(2), tmp_path / "b.json")
    assert [one.revision for one in load_history(tmp_path)] == ["rev-2", "rev-9"]


def test_an_empty_history_says_how_to_begin(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"with: lpr bench --json {tmp_path}/now.json$"):
        load_history(tmp_path)
    new = tmp_path / "new"
    with pytest.raises(ConfigError, match=f"with: mkdir -p {new} && lpr bench --json {new}/now"):
        load_history(new)


def test_machines_are_kept_apart() -> None:
    groups = comparable([record(1), record(2, THERE), record(3)])
    assert [[one.revision for one in group] for group in groups] == [["rev-1", "rev-3"], ["rev-2"]]


def test_what_no_baseline_may_hold_no_line_joins(tmp_path: Path) -> None:
    gate = Conditions(
        clip="gate.mp4",
        sha256="ab",
        width=1280,
        height=720,
        frames=300,
        warmup=10,
        passes=3,
        threads=1,
    )
    other = gate.model_copy(update={"clip": "yard.mp4", "sha256": "cd"})
    renamed = gate.model_copy(update={"clip": "renamed.mp4"})
    threads = gate.model_copy(update={"threads": 2})
    history = [
        record(day).model_copy(update={"conditions": how})
        for day, how in enumerate((gate, other, None, renamed, threads), 1)
    ]
    assert [[one.revision for one in group] for group in comparable(history)] == [
        ["rev-1", "rev-4"],
        ["rev-2"],
        ["rev-3"],
        ["rev-5"],
    ]
    pytest.importorskip("matplotlib")
    draw_history(history, tmp_path / "history.html")
    text = (tmp_path / "history.html").read_text(encoding="utf-8")
    assert text.count("<table>") == 4
    how = "1280x720, 300 frames behind 10, best of 3"
    assert f"<p>renamed.mp4: {how}, 1 thread</p>" in text
    assert f"<p>yard.mp4: {how}, 1 thread</p>" in text
    assert f"<p>gate.mp4: {how}, 2 threads</p>" in text


def test_the_chart_is_an_svg_that_repeats(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    history = [record(1), record(2), record(3, THERE)]
    draw_history(history, tmp_path / "one.svg")
    draw_history(history, tmp_path / "two.svg")
    text = (tmp_path / "one.svg").read_text(encoding="utf-8")
    assert text == (tmp_path / "two.svg").read_text(encoding="utf-8")
    root = ElementTree.fromstring(text)  # noqa: S314 - we have just drawn it
    words = "".join(root.itertext())
    for expected in ("frame.median", "run.peak-memory", "samples.right", "rev-2", "Another CPU"):
        assert expected in words


def test_the_page_has_charts_and_a_table_per_machine(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / "new" / "history.html"
    draw_history([record(1), record(2, THERE)], path)
    text = path.read_text(encoding="utf-8")
    assert text.count("<table>") == 2
    assert "<svg" in text
    assert "A &lt;fast&gt; CPU" in text
    assert "<td>151</td>" in text


def test_another_ending_and_no_record_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="ending"):
        draw_history([record(1)], tmp_path / "chart.png")
    with pytest.raises(ConfigError, match="no benchmark records"):
        draw_history([], tmp_path / "chart.svg")


def test_without_matplotlib_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"lpr\[bench\]"):
        draw_history([record(1)], tmp_path / "chart.svg")
