"""The characters that a recognizer can say, and their classes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

DIGITS = "0123456789"
LATIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
UMLAUTS = "ÄÖÜ"
CHINESE_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
CHINESE_SUFFIXES = "学警港澳挂使领应急"
KOREAN_USES = (
    "가나다라마거너더러머버서어저고노도로모보소오조구누두루무부수우주바사아자하허호배육해공국합"
)
KOREAN_REGIONS = "울산대인천광전경기강원충북남제세종"
KOREAN_DIPLOMATIC = "외교영준협정표"
PLATE_CHARACTERS = "".join(
    dict.fromkeys(
        DIGITS
        + LATIN
        + UMLAUTS
        + CHINESE_PROVINCES
        + CHINESE_SUFFIXES
        + KOREAN_USES
        + KOREAN_REGIONS
        + KOREAN_DIPLOMATIC
    )
)
"""The shipped recognizer's alphabet, in class order."""


@dataclass(frozen=True, slots=True)
class Alphabet:
    """Characters and their classes; the CTC blank is the class behind the last character.

    Attributes:
        characters: distinct characters in class order.
    """

    characters: str
    _classes: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the characters.

        Raises:
            ValueError: there is none, or one occurs twice.
        """
        if not self.characters or len(set(self.characters)) != len(self.characters):
            raise ValueError("an alphabet needs distinct characters, at least one")
        object.__setattr__(
            self, "_classes", {char: index for index, char in enumerate(self.characters)}
        )

    @property
    def blank(self) -> int:
        """The class of the CTC blank."""
        return len(self.characters)

    @property
    def size(self) -> int:
        """Number of classes, the blank included."""
        return len(self.characters) + 1

    def __contains__(self, char: object) -> bool:
        return char in self._classes

    def covers(self, text: str) -> bool:
        """Whether every character of `text` is in the alphabet."""
        return all(char in self._classes for char in text)

    def encode(self, text: str) -> list[int]:
        """Turn a text into classes.

        Raises:
            ValueError: a character is not in the alphabet.
        """
        try:
            return [self._classes[char] for char in text]
        except KeyError as error:
            raise ValueError(f"{error.args[0]!r} of {text!r} is not in the alphabet") from error

    def decode(self, classes: Iterable[int]) -> str:
        """Turn classes (no blanks) into a text."""
        return "".join(self.characters[index] for index in classes)
