from __future__ import annotations

import json

import pytest

from lpr.errors import ConfigError
from lpr.gate.labels import parse_labels

FORM = '{"camera": "north", "track_id": 3, "text": "AB123CD"}'


def test_labels_are_read_as_people_write_them() -> None:
    lines = [
        '{"camera": "north", "track_id": 3, "text": "AB123CX"}',
        "",
        " \n",
        '{"camera": "south", "track_id": 3, "text": "b-ab 1234", "kind": "confirmed"}',
        '{"camera": "north", "track_id": 3, "text": "AB 123 CX", "kind": "departed"}',
    ]
    assert parse_labels(lines) == {("north", 3): "AB123CX", ("south", 3): "BAB1234"}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", f"is no JSON (Expecting property name enclosed in double quotes: .*); write {FORM}"),
        ("[" * 100_000, f"is no JSON (.*); write {FORM}"),
        ("[]", f"is no object; write {FORM}"),
        ({"camera": "north", "text": "A1"}, f"track_id: is missing; write {FORM}"),
        (
            {"camera": "north", "track": 1, "text": "A1"},
            "track_id: is missing, but 'track' is there",
        ),
        ({"camera": 1, "track_id": 1, "text": "A1"}, "camera: must be a text, the camera's name"),
        ({"camera": "nort", "track_id": 1, "text": "A1"}, "camera: .* did you mean 'north'?"),
        ({"camera": "a.mp4", "track_id": 1, "text": "A1"}, "camera: .*'a.mp4'; known: north"),
        ({"camera": "north", "track_id": "1", "text": "A1"}, "track_id: must be a whole number"),
        ({"camera": "north", "track_id": True, "text": "A1"}, "track_id: must be a whole number"),
        ({"camera": "north", "track_id": 1, "text": None}, "text: must be a text, the plate"),
        ({"camera": "north", "track_id": 1, "text": "A/1"}, "text: character 2 (U+002F) cannot be"),
        ({"camera": "north", "track_id": 7, "text": "A1"}, "text: A1, but line 1 has B2 for the"),
    ],
)
def test_a_line_that_is_no_label_is_named_with_its_key(line: object, message: str) -> None:
    there = '{"camera": "north", "track_id": 7, "text": "B2"}'
    wrong = line if isinstance(line, str) else json.dumps(line)
    with pytest.raises(ConfigError) as caught:
        parse_labels([there, "", wrong], name="labels.jsonl", cameras=["north"])
    found = str(caught.value)
    begin, _, end = message.partition(".*")
    assert found.startswith(f"labels.jsonl:3: {begin}")
    assert end in found
    assert "\n" not in found


def test_labels_under_two_names_of_a_camera_may_not_contradict_each_other() -> None:
    lines = [
        '{"camera": "north", "track_id": 1, "text": "BGLJ73"}',
        '{"camera": "gate.mp4", "track_id": 1, "text": "NZ29BZ"}',
    ]
    with pytest.raises(ConfigError, match="labels:2: text: NZ29BZ, but line 1 has BGLJ73"):
        parse_labels(lines, renamed={"gate.mp4": "north"})
    assert parse_labels(lines[1:], renamed={"gate.mp4": "north"}) == {("north", 1): "NZ29BZ"}
