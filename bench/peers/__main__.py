"""Several plate readers on the same pictures, in turns, each on one core: `python -m bench.peers`.

    python -m venv /elsewhere/peers
    /elsewhere/peers/bin/pip install rapidocr_onnxruntime simplelpr hyperlpr2 "opencv-python<5"
    python -m bench.peers --python /elsewhere/peers/bin/python

Pictures are the validation scenes with one labelled plate of Latin letters and digits, or, with
`--script chinese`, those with one plate that begins with a Chinese character. A picture
counts as right where the system's first text is the label, as wrong where it is another, and as
not read where there is none. A system that is not installed, or that would have to download its
weights, is reported as absent. Not a part of CI.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.peers.adapters import ADAPTERS, plain
from lpr.evaluate.datasets import Scene, data_folder, load_scenes
from lpr.latency.statistics import summarise
from lpr.wilson import wilson

HERE = Path(__file__).resolve().parent
OWN = "lpr"
WARM_UP = 3


@dataclass(slots=True)
class Peer:
    """One system and what came of it.

    Attributes:
        name: a key of `ADAPTERS`.
        process: its running worker.
        absent: why it takes no part; empty where it does.
        size: bytes of its package with weights.
        answers: one per picture, as the worker gave them.
    """

    name: str
    process: subprocess.Popen[str]
    absent: str = ""
    size: int = 0
    answers: list[dict[str, Any]] = field(default_factory=list)

    def ask(self, path: Path) -> dict[str, Any] | None:
        """The worker's answer on a picture; None where it ended."""
        assert self.process.stdin and self.process.stdout
        try:
            self.process.stdin.write(json.dumps({"path": str(path)}) + "\n")
            self.process.stdin.flush()
        except OSError:
            return None
        line = self.process.stdout.readline()
        return json.loads(line) if line else None

    def stop(self) -> None:
        """End the worker."""
        assert self.process.stdin and self.process.stdout
        try:
            self.process.stdin.close()
        except OSError:
            self.process.kill()
        self.process.stdout.close()
        self.process.wait(timeout=30)


def main() -> int:
    """Run all systems that are there; prints a Markdown table."""
    parser = argparse.ArgumentParser(prog="python -m bench.peers", description=__doc__)
    parser.add_argument("--python", default=sys.executable, help="where the others are installed")
    parser.add_argument("--pictures", type=_count, default=100, help="how many, spread evenly")
    parser.add_argument("--only", nargs="+", default=tuple(ADAPTERS), choices=tuple(ADAPTERS))
    parser.add_argument("--script", default="latin", choices=("latin", "chinese"))
    options = parser.parse_args()
    if shutil.which(options.python) is None:
        parser.error(f"argument --python: no such program: {options.python}")
    scenes = pictures(options.pictures, options.script)
    peers = [
        start(name, sys.executable if name == OWN else options.python) for name in options.only
    ]
    try:
        play(peers, [scene.path for scene in scenes])
    finally:
        for peer in peers:
            peer.stop()
    print(table(peers, [plain(scene.plates[0].text or "") for scene in scenes]))
    return 0


def _count(text: str) -> int:
    """A number of pictures, for argparse."""
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, not {count}")
    return count


def pictures(count: int, script: str) -> list[Scene]:
    """Validation scenes with one legible plate in a script, spread evenly."""
    fit = [
        scene
        for scene in load_scenes(data_folder(), "val")
        if len(scene.plates) == 1 and _legible(scene.plates[0].text, script)
    ]
    step = max(1.0, len(fit) / count)
    return [fit[int(number * step)] for number in range(min(count, len(fit)))]


def start(name: str, python: str) -> Peer:
    """Start one system's worker and wait until it is ready."""
    root = str(HERE.parent.parent)
    process = subprocess.Popen(
        [python, str(HERE / "worker.py"), name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": root if name == OWN else ""},
    )
    assert process.stdout
    first = json.loads(process.stdout.readline() or '{"absent": "it ended at once"}')
    return Peer(name, process, first.get("absent", ""), first.get("bytes", 0))


def play(peers: Sequence[Peer], paths: Sequence[Path]) -> None:
    """Give each picture to each system before the next one; the first few twice, to warm up."""
    for path in paths[:WARM_UP]:
        _answers(peers, path)
    for path in paths:
        for peer, answer in _answers(peers, path):
            peer.answers.append(answer)


def _answers(peers: Sequence[Peer], path: Path) -> list[tuple[Peer, dict[str, Any]]]:
    """What each system that is still there says of a picture."""
    answers = []
    for peer in peers:
        answer = None if peer.absent else peer.ask(path)
        if answer is not None:
            answers.append((peer, answer))
        elif not peer.absent:
            peer.absent = f"it ended on {path.name}"
    return answers


def table(peers: Sequence[Peer], labels: Sequence[str]) -> str:
    """One row per system, Markdown."""
    rows = [
        f"{len(labels)} pictures, one plate each; CPU time of one picture on one core.",
        "",
        "| system | right | 95% | wrong | not read | median ms | p95 ms | peak MB | size MB |",
        "|---|---:|---|---:|---:|---:|---:|---:|---:|",
    ]
    for peer in peers:
        if peer.absent:
            rows.append(
                f"| {peer.name} | absent: {' '.join(peer.absent.split())[:120]} | | | | | | | |"
            )
            continue
        firsts = [answer["texts"][0] if answer["texts"] else "" for answer in peer.answers]
        right = sum(text == label for text, label in zip(firsts, labels, strict=True))
        silent = sum(not text for text in firsts)
        low, high = wilson(right, len(labels))
        took = summarise([answer["seconds"] for answer in peer.answers])
        rows.append(
            f"| {peer.name} | {right} ({right / len(labels):.0%}) | {low:.0%} to {high:.0%} | "
            f"{len(labels) - right - silent} | {silent} | {took.median:.0f} | {took.p95:.0f} | "
            f"{peer.answers[-1]['peak'] / 2**20:.0f} | {peer.size / 2**20:.1f} |"
        )
    return "\n".join(rows)


def _legible(text: str | None, script: str) -> bool:
    if not text or "?" in text:
        return False
    letters = plain(text)
    if script == "latin":
        return letters.isascii()
    return "\u4e00" <= letters[:1] <= "\u9fff"


if __name__ == "__main__":
    raise SystemExit(main())
