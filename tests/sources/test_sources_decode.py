"""Opening videos, whichever PyAV does it."""

from __future__ import annotations

import av
import pytest

from lpr.sources.decode import any_text


@pytest.mark.parametrize("version", ["17.0.0", "18.1.0", "19.0.2", "20.0.0rc1"])
def test_what_pyav_19_no_longer_knows_is_not_asked_of_it(version: str) -> None:
    assert ("metadata_errors" in any_text(version)) is (int(version[:2]) < 19)


def test_the_pyav_at_hand_knows_what_is_asked_of_it() -> None:
    with pytest.raises(av.FFmpegError):
        av.open("missing.mp4", "r", **any_text(av.__version__))
