"""Two results on the same clips, paired clip by clip and plate by plate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lpr.evaluate.clip_report import RIGHT, WRONG
from lpr.evaluate.intervals import PairedTest, mcnemar


@dataclass(frozen=True, slots=True)
class ClipFlags:
    """What is paired of one clip.

    Attributes:
        clip: whether the clip is good as a whole.
        texts: the labelled plates.
        plates: whether each of them is good.
    """

    clip: bool
    texts: tuple[str, ...]
    plates: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two results on the same clips, the earlier one first."""

    clips: PairedTest
    plates: PairedTest


def compare(earlier: Mapping[str, ClipFlags], later: Mapping[str, ClipFlags]) -> Comparison:
    """Pair two results clip by clip and plate by plate (McNemar).

    Args:
        earlier: flags by the clip's name, see `flags_of`.
        later: the same of the other result. One of the two may be of fewer clips: what only the
            other has is left out.

    Raises:
        ValueError: a clip has other plates in the two results, each has clips that the other
            lacks, or no clip is in both.
    """
    names = sorted(set(earlier) & set(later))
    if not names:
        raise ValueError("the two results have no clip in common")
    gone, new = set(earlier) - set(later), set(later) - set(earlier)
    if gone and new:
        raise ValueError(
            f"the two results are of other clips: {min(gone)} is in the earlier one only, "
            f"{min(new)} in the later one"
        )
    for name in names:
        if earlier[name].texts != later[name].texts:
            before, now = (", ".join(one[name].texts) or "none" for one in (earlier, later))
            raise ValueError(f"{name} has other plates in the two results: {before}; {now}")
    return Comparison(
        clips=mcnemar([earlier[n].clip for n in names], [later[n].clip for n in names]),
        plates=mcnemar(
            _flat(earlier[n].plates for n in names), _flat(later[n].plates for n in names)
        ),
    )


def flags_of(
    clips: Sequence[Mapping[str, object]], *, not_wrong: bool = False
) -> dict[str, ClipFlags]:
    """What `compare` takes, from the `clips` of a report's JSON.

    Args:
        clips: the clips.
        not_wrong: flag plates of which nothing wrong was said, in place of those said rightly: a
            plate that was left unread is then no worse than a right one, and one that was said
            rightly and, another time, wrongly is as bad as a misread one.

    Raises:
        ValueError: the clips are not of such a report, or one is there twice.
    """
    flags: dict[str, ClipFlags] = {}
    for clip in clips:
        plates = clip.get("plates")
        if not isinstance(plates, list) or "entirely_right" not in clip:
            raise ValueError("not a result of clips: entirely_right or plates is missing")
        name = str(clip["name"])
        if name in flags:
            raise ValueError(f"{name} is in the result twice")
        if not_wrong:
            good = tuple(plate["outcome"] != WRONG and not plate["got"] for plate in plates)
            whole = all(good) and not clip.get("false")
        else:
            good = tuple(plate["outcome"] == RIGHT for plate in plates)
            whole = bool(clip["entirely_right"])
        flags[name] = ClipFlags(whole, tuple(str(plate["text"]) for plate in plates), good)
    return flags


def _flat(parts: Iterable[Sequence[bool]]) -> list[bool]:
    return [flag for part in parts for flag in part]
