"""How often a reader takes one character for another: the data of `confusions.toml`."""

from __future__ import annotations

import json
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np

from lpr.errors import ConfigError
from lpr.formats.confusables import Confusables

DEFAULT_FILE: Final = Path(__file__).with_name("confusions.toml")

LEAST_RATE: Final = 5e-5
"""Rates below this are left out of files: they would be rounded to nothing."""


@dataclass(frozen=True, slots=True)
class ConfusionMatrix:
    """Substitution rates of a reader.

    Attributes:
        rates: true character -> read character -> share of that true character's looks, 0 to 1;
            what is missing to 1 is the share of right readings.
        source: what was measured, and how.
        looks: characters that the rates were counted on.
        classes: the characters that the rates say are not told apart.
    """

    rates: Mapping[str, Mapping[str, float]]
    source: str
    looks: int
    classes: Confusables

    @property
    def unseen_rate(self) -> float:
        """How frequent a never seen confusion may still be: one look of an average character.

        Nor is it less than what files leave out (`LEAST_RATE`).
        """
        return max(LEAST_RATE, len(self.rates) / self.looks) if self.looks else LEAST_RATE

    def rate(self, truth: str, read: str) -> float:
        """Share of the looks at `truth` that were read as `read`."""
        wrong = self.rates.get(truth, {})
        if truth == read:
            return max(0.0, 1.0 - sum(wrong.values()))
        return wrong.get(read, 0.0)

    def probability(self, truth: str, read: str) -> float:
        """Probability that `truth` is read as the equally long `read`; 0 for other lengths."""
        if len(truth) != len(read):
            return 0.0
        result = 1.0
        for a, b in zip(truth, read, strict=True):
            result *= self.rate(a, b)
        return result

    def misread(self, truth: str, rng: np.random.Generator) -> str:
        """Draw what one look at the plate `truth` says."""
        draws = rng.random(len(truth))
        return "".join(
            self._drawn(char, float(draw)) for char, draw in zip(truth, draws, strict=True)
        )

    def _drawn(self, truth: str, draw: float) -> str:
        for read, rate in self.rates.get(truth, {}).items():
            draw -= rate
            if draw < 0:
                return read
        return truth


def count_confusions(
    pairs: Iterable[tuple[str, str]], *, source: str, classes: Confusables
) -> ConfusionMatrix:
    """Count a matrix from (true text, read text) pairs of equal length; others are left out."""
    seen: Counter[str] = Counter()
    wrong: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for truth, read in pairs:
        if len(truth) != len(read):
            continue
        for a, b in zip(truth, read, strict=True):
            seen[a] += 1
            if a != b:
                wrong[a][b] += 1
    rates = {
        truth: {read: number / seen[truth] for read, number in sorted(reads.items())}
        for truth, reads in sorted(wrong.items())
    }
    return ConfusionMatrix(rates, source, seen.total(), classes)


def load_confusions(path: Path) -> ConfusionMatrix:
    """Read a confusion file.

    Raises:
        ConfigError: it cannot be read, or a rate or class is wrong.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        rates = {
            str(truth): {str(read): float(rate) for read, rate in reads.items()}
            for truth, reads in data["rates"].items()
        }
        matrix = ConfusionMatrix(
            rates, str(data["source"]), int(data["looks"]), Confusables(tuple(data["classes"]))
        )
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"{path}: is no confusion file (source, looks, classes, [rates.X]): {error}"
        ) from error
    for truth, reads in rates.items():
        if len(truth) != 1 or any(len(read) != 1 or rate < 0 for read, rate in reads.items()):
            raise ConfigError(
                f"{path}: [rates.{truth}] needs single characters and rates from 0 to 1"
            )
        if truth in reads or sum(reads.values()) > 1:
            raise ConfigError(f"{path}: the wrong readings of {truth!r} add up to more than 1")
    return matrix


def dump_confusions(matrix: ConfusionMatrix, *, least: float = 0.0) -> str:
    """Return a matrix as the text of a confusion file; rates below `least` are left out."""
    lines = [
        "# How often a plate reader takes one character for another, and the classes of that.",
        f"source = {json.dumps(matrix.source, ensure_ascii=False)}",
        f"looks = {matrix.looks}",
        f"classes = {json.dumps(list(matrix.classes.classes), ensure_ascii=False)}",
        "",
        "# [rates.TRUE] READ = share of the looks at TRUE.",
    ]
    for truth, reads in sorted(matrix.rates.items()):
        kept = {read: rate for read, rate in reads.items() if rate >= max(least, LEAST_RATE)}
        if kept:
            lines.append(f"[rates.{json.dumps(truth, ensure_ascii=False)}]")
        lines.extend(
            f"{json.dumps(read, ensure_ascii=False)} = {rate:.4f}"
            for read, rate in sorted(kept.items(), key=lambda item: (-item[1], item[0]))
        )
    return "\n".join(lines) + "\n"


@cache
def default_confusions() -> ConfusionMatrix:
    """The matrix that ships with the package."""
    return load_confusions(DEFAULT_FILE)


def default_confusables() -> Confusables:
    """The confusable classes that ship with the package."""
    return default_confusions().classes
