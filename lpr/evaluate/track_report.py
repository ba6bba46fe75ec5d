"""The figures of a vote over labelled tracks, for programs and for people."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lpr.evaluate.failures import Failure
from lpr.evaluate.intervals import Estimate, PairedTest, Proportion, bootstrap_ratio, mcnemar
from lpr.evaluate.report import table
from lpr.evaluate.text import matches_wildcard
from lpr.geometry import Quad


@dataclass(frozen=True, slots=True)
class TrackOutcome:
    """One vehicle: what single looks, simple rules and the vote say.

    Attributes:
        set: name of the set.
        path: its first crop.
        place: the plate in that crop.
        expected: the label; `?` stands for one character or none.
        looks: for each crop whether its own reading is right.
        surest: the text of the most confident reading that has one; empty where nothing is read.
        majority: the text read most often, of several the surest; empty where nothing is read.
        voted: the text that leads the vote at the end, said or not.
        verdict: the verdict that stands; empty for none.
        probability: the voter's own that `voted` is right, 0 to 1.
    """

    set: str
    path: Path
    place: Quad
    expected: str
    looks: tuple[bool, ...]
    surest: str
    majority: str
    voted: str
    verdict: str
    probability: float

    def right(self, text: str) -> bool:
        """Whether a text is of the label."""
        return matches_wildcard(text, self.expected)


@dataclass(frozen=True, slots=True)
class TracksReport:
    """Every figure of a vote over tracks."""

    split: str
    outcomes: tuple[TrackOutcome, ...]

    @property
    def looks(self) -> Estimate:
        """Single readings that are right; a track's looks are alike, so tracks are drawn."""
        return bootstrap_ratio([(sum(one.looks), len(one.looks)) for one in self.outcomes])

    @property
    def rules(self) -> dict[str, tuple[bool, ...]]:
        """For each way to choose a track's text, which tracks it gets right."""
        return {
            "surest look": tuple(one.right(one.surest) for one in self.outcomes),
            "majority of texts": tuple(one.right(one.majority) for one in self.outcomes),
            "vote": tuple(one.right(one.voted) for one in self.outcomes),
            "any look (out of reach)": tuple(any(one.looks) for one in self.outcomes),
        }

    @property
    def verdicts(self) -> tuple[Proportion, Proportion]:
        """Tracks with a right verdict, and with a wrong one."""
        said = [one for one in self.outcomes if one.verdict]
        right = sum(one.right(one.verdict) for one in said)
        total = len(self.outcomes)
        return Proportion(right, total), Proportion(len(said) - right, total)

    @property
    def against(self) -> dict[str, PairedTest]:
        """The vote (first) against the two simple rules, track by track."""
        rules = self.rules
        return {
            name: mcnemar(rules["vote"], rules[name])
            for name in ("surest look", "majority of texts")
        }

    @property
    def failures(self) -> tuple[Failure, ...]:
        """The tracks whose vote is wrong, each by its first crop."""
        return tuple(
            Failure(
                "wrong" if one.verdict else "unread",
                one.path,
                one.expected,
                one.voted,
                one.probability,
                one.place,
                None,
            )
            for one in self.outcomes
            if not one.right(one.voted)
        )

    def to_json(self) -> dict[str, object]:
        """Every figure with its n and interval."""
        right, wrong = self.verdicts
        return {
            "task": "tracks",
            "split": self.split,
            "tracks": len(self.outcomes),
            "single_looks": self.looks.to_json(),
            "rules": {name: Proportion.of(flags).to_json() for name, flags in self.rules.items()},
            "vote_against": {name: test.to_json() for name, test in self.against.items()},
            "verdicts_right": right.to_json(),
            "verdicts_wrong": wrong.to_json(),
            "failures": [failure.to_json() for failure in self.failures],
        }

    def to_markdown(self) -> str:
        """The same for people."""
        right, wrong = self.verdicts
        rows = [("a single look", str(self.looks))]
        rows += [(name, str(Proportion.of(flags))) for name, flags in self.rules.items()]
        paired = [
            (name, f"+{test.only_first} -{test.only_second}", f"{test.p_value:.2g}")
            for name, test in self.against.items()
        ]
        return "\n\n".join(
            [
                f"# Tracks, {self.split}, {len(self.outcomes)} tracks of {self.looks.total} crops",
                "Crops of which several show one vehicle, each read alone, then voted on. Wilson "
                "95% intervals; that of single looks is a bootstrap over tracks.",
                table(["text of", "right"], rows),
                "Vote against simple rules, track by track (McNemar, exact):",
                table(["against", "only the vote / only the other right", "p"], paired),
                f"Verdicts: right {right}, wrong {wrong}.",
            ]
        )
