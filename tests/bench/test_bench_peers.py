"""The comparison with others: what counts as right, what is absent, and a worker at work."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from bench.peers.__main__ import WARM_UP, Peer, main, play, start, table
from bench.peers.adapters import ADAPTERS, PACKAGES, plain
from bench.sample_pictures import SAMPLES, plate_rows


def idle() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", "input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def test_plates_are_compared_by_letters_and_digits() -> None:
    assert plain("ab-12 cde") == "AB12CDE"
    assert plain("B·MW 1234") == "BMW1234"


def test_every_system_says_which_package_is_its_size() -> None:
    assert set(ADAPTERS) == set(PACKAGES)


def test_right_wrong_and_not_read_add_up() -> None:
    peer = Peer("lpr", idle(), size=3 << 20)
    for texts, seconds in ((["AB1", "X"], 0.010), (["AB1"], 0.020), ([], 0.040)):
        peer.answers.append({"texts": texts, "seconds": seconds, "peak": 100 << 20})
    row = table([peer], ["AB1", "CD2", "EF3"]).splitlines()[-1]
    peer.stop()
    assert row == "| lpr | 1 (33%) | 6% to 79% | 1 | 1 | 20 | 40 | 100 | 3.0 |"


def test_a_system_that_is_not_there_is_told_as_absent() -> None:
    peer = start("rapidocr", sys.executable)
    peer.stop()
    assert "rapidocr_onnxruntime" in peer.absent
    assert "| rapidocr | absent: ModuleNotFoundError" in table([peer], ["AB1"])


def test_this_engine_reads_a_sample_through_its_worker(tmp_path: Path) -> None:
    picture = tmp_path / "sample.png"
    cv2.imwrite(str(picture), plate_rows()[0]["picture"])
    peer = start("lpr", sys.executable)
    assert not peer.absent
    answer = peer.ask(picture)
    peer.stop()
    assert answer is not None
    expected = sorted(SAMPLES.glob("*.expected.jsonl"))[0].read_text(encoding="utf-8")
    assert answer["texts"]
    assert plain(answer["texts"][0]) in plain(expected)
    assert answer["seconds"] > 0
    assert peer.size > 1 << 20


@pytest.mark.parametrize("count", [1, 2, 5])
def test_the_first_pictures_warm_up_and_count_all_the_same(count: int) -> None:
    echo = "import json, sys\nfor n, _ in enumerate(sys.stdin): print(json.dumps(n), flush=True)"
    process = subprocess.Popen(
        [sys.executable, "-c", echo], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    peer, absent = Peer("lpr", process), Peer("alpr", idle(), absent="not here")
    play([peer, absent], [Path(f"{n}.png") for n in range(count)])
    for one in (peer, absent):
        one.stop()
    warmed = min(count, WARM_UP)
    assert [str(answer) for answer in peer.answers] == [str(warmed + n) for n in range(count)]
    assert absent.answers == []


@pytest.mark.parametrize(
    "arguments", [["--pictures", "0"], ["--pictures", "-1"], ["--python", "/nonexistent"]]
)
def test_a_wrong_command_line_is_one_line(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["peers", *arguments])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    assert f"argument {arguments[0]}" in capsys.readouterr().err
