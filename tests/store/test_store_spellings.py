from __future__ import annotations

import pytest

from lpr.store.spellings import mention, spellings


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("FÜX1", {"FÜX1", "FUX1"}),
        ("FUX1", {"FÜX1", "FUX1"}),
        ("BÖX1", {"BÖX1"}),
        ("BOX1", {"BOX1"}),
    ],
)
def test_umlauts_with_and_without_their_dots_but_for_two_districts(
    text: str, found: set[str]
) -> None:
    assert spellings(text)[0] == text
    assert set(spellings(text)) == found
    assert {one for one in ("FÜX1", "FUX1", "BÖX1", "BOX1") if mention(text).search(one)} == found
