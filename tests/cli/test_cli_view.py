"""Names of files and cameras are other people's: what a person sees of them is harmless."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from lpr.cli.summary import RunSummary
from lpr.cli.view import RunView, event_line
from lpr.geometry import Quad
from lpr.types import EventKind, PlateEvent

STEERING = "a\x1b[2J\nb\u202ec"
SHOWN = r"a\x1b[2J\x0ab\u202ec"


def event(camera: str, kind: EventKind = EventKind.CONFIRMED) -> PlateEvent:
    return PlateEvent(
        kind=kind,
        camera=camera,
        track_id=1,
        text="AB12",
        raw_text="AB12",
        confidence=0.9,
        char_scores=(0.9,) * 4,
        alternatives=(),
        region=None,
        readings=3,
        agreeing=3,
        first_seen=0.0,
        time=1.0,
        frame_index=5,
        quad=Quad.from_box(0, 0, 10, 5),
    )


@pytest.mark.parametrize("kind", [EventKind.CONFIRMED, EventKind.UNREAD])
def test_a_line_of_an_event_steers_no_terminal(kind: EventKind) -> None:
    line = event_line(event(STEERING, kind))
    assert SHOWN in line
    assert line.isprintable()


def test_the_live_table_steers_no_terminal() -> None:
    shown = StringIO()
    console = Console(file=shown, force_terminal=True, width=200, color_system=None)
    with RunView(console) as view:
        view.begin(STEERING, 10)
        view.event(event(STEERING))
        view.summary(RunSummary())
    assert SHOWN in shown.getvalue()
    assert "\u202e" not in shown.getvalue()
    assert "\x1b[2J" not in shown.getvalue()


def test_a_name_with_brackets_is_no_markup() -> None:
    shown = StringIO()
    console = Console(file=shown, force_terminal=True, width=200, color_system=None)
    with RunView(console) as view:
        view.begin("127.0.0.1/[/b]", 10)
    assert "127.0.0.1/[/b]" in shown.getvalue()


def test_only_what_is_certain_is_shown_as_certain() -> None:
    assert "  0.99  (3" in event_line(replace(event("gate"), confidence=0.9968))
    assert "  1.00  (3" in event_line(replace(event("gate"), confidence=1.0))


@pytest.mark.parametrize("width", [40, 60, 80])
def test_the_plate_is_shown_whole_on_any_terminal(width: int) -> None:
    console = Console(file=StringIO(), width=width, force_terminal=True)
    with RunView(console) as view:
        view.event(replace(event("a-camera-with-a-long-name"), text="HZ354PMX12"))
    assert isinstance(console.file, StringIO)
    assert "HZ354PMX12" in console.file.getvalue()
