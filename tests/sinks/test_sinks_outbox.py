from __future__ import annotations

import contextlib
import json
import logging
import resource
import shutil
import sqlite3
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpr.errors import ConfigError, OutputError
from lpr.settings import check_settings
from lpr.sinks.delivery import DELIVERED, Delivery, Outcome
from lpr.sinks.message import OutboxMessage, decision_message, envelope, event_message
from lpr.sinks.outbox import Outbox
from lpr.sinks.outbox_settings import OutboxLimits, OutboxSettings, RetrySettings
from lpr.sinks.sender import Backoff, OutboxSender
from lpr.types import PlateEvent

NOW = 1_800_000_000.0


def message(number: int = 0, camera: str = "north", created: float = NOW) -> OutboxMessage:
    return OutboxMessage("event", camera, json.dumps({"n": number}), created)


def numbers(outbox: Outbox, limit: int = 1000) -> list[int]:
    return [json.loads(one.message.body)["n"] for one in outbox.waiting(limit=limit)]


def open_outbox(path: Path, now: float = NOW, **limits: float) -> Outbox:
    return Outbox(path, limits=OutboxLimits.model_validate(limits), clock=lambda: now)


def test_messages_wait_in_order_over_a_restart(memory_path: Path) -> None:
    path = memory_path / "a.outbox"
    outbox = open_outbox(path)
    given_out = [message(number) for number in range(20)]
    for one in given_out:
        outbox.append(one)
    first = outbox.waiting(limit=1)[0]
    assert first.message == given_out[0]
    outbox.remove(first.id)
    assert numbers(outbox) == list(range(1, 20))
    outbox.close()
    outbox.close()
    with pytest.raises(OutputError, match="the outbox is closed"):
        outbox.append(message())
    again = open_outbox(path)
    assert [one.message for one in again.waiting(limit=100)] == given_out[1:]
    counts = again.counts()
    assert (counts.waiting, counts.delivered, counts.dropped, counts.aside) == (19, 1, 0, 0)
    again.close()
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in memory_path.iterdir()] == ["a.outbox"]


def test_cameras_can_be_left_out(memory_path: Path) -> None:
    outbox = open_outbox(memory_path / "a.outbox")
    for number, camera in enumerate(["a", "b", "a", 'c"'] * 10):
        outbox.append(message(number, camera))
    found = outbox.waiting(skip={"a", 'c"'}, limit=3)
    assert [json.loads(one.message.body)["n"] for one in found] == [1, 5, 9]
    outbox.close()


def test_a_camera_named_after_a_file_that_is_not_utf8_is_kept(
    memory_path: Path, event: PlateEvent
) -> None:
    name = b"caf\xe9.mp4".decode("utf-8", "surrogateescape")
    outbox = open_outbox(memory_path / "a.outbox")
    outbox.append(replace(event_message(replace(event, camera=name)), created=NOW))
    (found,) = outbox.waiting()
    assert found.message.camera == r"caf\udce9.mp4"
    assert json.loads(envelope(found.message))["data"]["camera"] == name
    outbox.close()


def test_texts_of_delivered_messages_are_overwritten(memory_path: Path) -> None:
    path = memory_path / "a.outbox"
    outbox = open_outbox(path)
    outbox.append(OutboxMessage("event", "a", '{"text":"SECRETPLATE"}', NOW))
    outbox.remove(outbox.waiting()[0].id)
    outbox.close()
    assert b"SECRETPLATE" not in path.read_bytes()


def test_no_text_of_a_delivered_message_stays_in_a_file_while_it_is_open(
    memory_path: Path,
) -> None:
    path, now = memory_path / "a.outbox", [NOW]
    outbox = Outbox(path, clock=lambda: now[0])

    def kept() -> set[str]:
        files = b"".join(file.read_bytes() for file in memory_path.iterdir())
        return {
            text for text in ("SECRET1", "SECRET2", "SECRET3", "WAITS") if text.encode() in files
        }

    def deliver(text: str, camera: str) -> None:
        outbox.append(OutboxMessage("event", camera, json.dumps({"text": text}), NOW))
        (one, *_) = outbox.waiting(skip={"b"})
        assert text in one.message.body
        outbox.remove(one.id)
        outbox.waiting()

    deliver("SECRET1", "a")
    assert kept() == set(), "nothing is left to deliver"
    outbox.append(OutboxMessage("event", "b", '{"text":"WAITS"}', NOW))
    deliver("SECRET2", "a")
    now[0] += 3599
    deliver("SECRET3", "a")
    assert kept() == {"SECRET2", "SECRET3", "WAITS"}
    now[0] += 1
    outbox.waiting()
    assert kept() == {"WAITS"}
    assert outbox.counts().waiting == 1
    outbox.close()


def test_what_a_killed_process_left_in_the_log_goes(memory_path: Path) -> None:
    path, copy = memory_path / "a.outbox", memory_path / "copy"
    outbox = open_outbox(path)
    for text in ("SECRET1", "WAITS"):
        outbox.append(OutboxMessage("event", "a", json.dumps({"text": text}), NOW))
    outbox.remove(outbox.waiting()[0].id)
    assert len(outbox.waiting()) == 1
    copy.mkdir()
    for file in memory_path.glob("a.outbox*"):
        shutil.copy(file, copy)
    outbox.close()
    assert any(b"SECRET1" in file.read_bytes() for file in copy.iterdir())
    again = open_outbox(copy / "a.outbox")
    again.waiting()
    assert all(b"SECRET1" not in file.read_bytes() for file in copy.iterdir())
    again.close()


def test_a_refused_message_goes_aside_and_comes_back(memory_path: Path) -> None:
    outbox = open_outbox(memory_path / "a.outbox")
    for number in range(3):
        outbox.append(message(number))
    number = outbox.waiting()[1].id
    assert not outbox.refuse(number, "status 422", max_tries=2)
    assert numbers(outbox) == [0, 1, 2]
    assert outbox.refuse(number, "status 422", max_tries=2)
    assert numbers(outbox) == [0, 2]
    (aside,) = outbox.aside()
    assert (json.loads(aside.message.body), aside.reason) == ({"n": 1}, "status 422")
    assert (outbox.counts().waiting, outbox.counts().aside) == (2, 1)
    assert outbox.retry_aside() == 1
    assert numbers(outbox) == [0, 1, 2]
    assert outbox.counts().aside == 0
    outbox.close()


def test_the_oldest_go_first_where_too_many_wait(
    memory_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = memory_path / "a.outbox"
    outbox = open_outbox(path, max_messages=3)
    for number in range(3):
        outbox.append(message(number))
    outbox.refuse(outbox.waiting()[1].id, "status 400", max_tries=1)
    with caplog.at_level(logging.WARNING):
        for number in range(3, 6):
            outbox.append(message(number))
    # The refused one first, then the oldest.
    assert numbers(outbox) == [3, 4, 5]
    assert (outbox.counts().dropped, outbox.counts().aside) == (3, 0)
    assert caplog.text.count("1 message(s) given up") == 3
    outbox.close()
    assert open_outbox(path).counts().dropped == 3


def test_bytes_are_bounded(memory_path: Path) -> None:
    outbox = open_outbox(memory_path / "a.outbox", max_bytes=2048, max_message_bytes=1100)
    body = '{"n":%d,"pad":"' + "x" * 1000 + '"}'
    for number in range(3):
        outbox.append(OutboxMessage("event", "a", body % number, NOW))
    assert numbers(outbox) == [1, 2]
    assert outbox.counts().bytes <= 2048
    with pytest.raises(OutputError, match="larger than max_message_bytes"):
        outbox.append(OutboxMessage("event", "a", '{"n":"' + "x" * 2000 + '"}', NOW))
    assert numbers(outbox) == [1, 2]
    outbox.close()


def test_age_is_bounded_and_counts_anew_where_the_clock_was_wrong(memory_path: Path) -> None:
    path = memory_path / "a.outbox"
    outbox = open_outbox(path, max_age_days=7)
    outbox.append(message(0, created=NOW))
    outbox.append(message(1, created=86400.0))
    outbox.append(message(2, created=NOW + 86400))
    outbox.close()
    early = open_outbox(path, now=NOW + 86400, max_age_days=7)
    early.append(message(3, created=NOW + 400 * 86400))
    assert numbers(early) == [0, 1, 2, 3]
    early.close()
    later = open_outbox(path, now=NOW + 7.5 * 86400, max_age_days=7)
    later.append(message(4, created=NOW + 7.5 * 86400))
    assert 0 not in numbers(later)
    later.close()
    last = open_outbox(path, now=NOW + 20 * 86400, max_age_days=7)
    last.append(message(5, created=NOW + 20 * 86400))
    assert numbers(last) == [5]
    last.close()


def test_a_board_that_starts_in_the_past_gives_nothing_up(memory_path: Path) -> None:
    """After a power cut it shows the year of its firmware until the network is back."""
    path, wall, ran = memory_path / "a.outbox", [NOW], [0.0]

    def opened() -> Outbox:
        return Outbox(path, clock=lambda: wall[0], timer=lambda: ran[0])

    def append(number: int) -> None:
        outbox.append(message(number, created=wall[0]))

    outbox = opened()
    append(0)
    outbox.close()
    wall[0] -= 900 * 86400
    outbox = opened()
    append(1)
    for step in (60, 60 + 900 * 86400, 60, -300 * 86400, 300 * 86400, 60):
        # The clock is put right, and once more wrong and right again; a minute passes each time.
        ran[0] += 60
        wall[0] += step
        append(2)
        assert numbers(outbox)[:2] == [0, 1]
    sent = [one.message.created for one in outbox.waiting()][:3]
    assert sent == [NOW, NOW - 900 * 86400, NOW - 900 * 86400 + 60], "each try sends the same"
    for _ in range(8):
        ran[0] += 86400
        wall[0] += 86400
        outbox.waiting()
    assert numbers(outbox) == []
    outbox.close()


def test_a_clock_that_was_ahead_for_a_while_keeps_nothing_for_longer(memory_path: Path) -> None:
    path, wall = memory_path / "a.outbox", [NOW]
    outbox = Outbox(path, clock=lambda: wall[0], timer=lambda: 0.0)
    outbox.append(message())
    wall[0] += 900 * 86400
    outbox.append(message(1, created=wall[0]))
    assert numbers(outbox) == [0, 1]
    outbox.close()
    outbox = open_outbox(path, now=NOW + 3600)
    assert numbers(outbox) == [0, 1]
    outbox.close()
    outbox = open_outbox(path, now=NOW + 7.5 * 86400)
    assert numbers(outbox) == []
    outbox.close()


def test_what_a_clock_behind_dated_anew_is_as_old_as_it_says_once_the_clock_is_right(
    memory_path: Path,
) -> None:
    path = memory_path / "a.outbox"
    for days in (0, -900, 1):
        outbox = open_outbox(path, now=NOW + days * 86400)
        if days == 0:
            outbox.append(message())
        assert numbers(outbox) == [0]
        outbox.close()
    outbox = open_outbox(path, now=NOW + 7.5 * 86400)
    assert numbers(outbox) == []
    outbox.close()


def test_an_outbox_of_an_earlier_version_is_taken_over(memory_path: Path) -> None:
    path = memory_path / "a.outbox"
    outbox = open_outbox(path)
    outbox.append(message())
    outbox.close()
    with contextlib.closing(sqlite3.connect(path)) as file:
        file.execute("DROP INDEX messages_since")
        file.execute("ALTER TABLE messages DROP COLUMN since")
    outbox = open_outbox(path)
    outbox.append(message(1))
    assert numbers(outbox) == [0, 1]
    outbox.close()


def test_a_full_disk_is_an_error_and_passes(memory_path: Path) -> None:
    path = memory_path / "a.outbox"
    outbox = open_outbox(path)
    for number in range(5):
        outbox.append(message(number))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = max(file.stat().st_size for file in memory_path.iterdir())
    failed = 0
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 8192, hard))
        for number in range(5, 50):
            try:
                outbox.append(message(number))
            except OutputError as error:
                assert "the message was not taken: the disk is full or fails" in str(error)
                failed += 1
        taken = numbers(outbox)
        # Delivering goes on, and what was delivered is not given out again.
        outbox.remove(outbox.waiting()[0].id)
        assert numbers(outbox) == taken[1:]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert failed
    assert len(taken) == 50 - failed == outbox.counts().waiting + 1
    outbox.append(message(99))
    outbox.close()
    again = open_outbox(path)
    assert numbers(again) == [*taken[1:], 99]
    assert again.counts().delivered == 1
    again.close()


def test_one_process_at_a_time(memory_path: Path) -> None:
    path = memory_path / "a.outbox"
    outbox = open_outbox(path)
    code = (
        "import sys; from pathlib import Path; from lpr.sinks.outbox import Outbox\n"
        "from lpr.errors import OutputError\n"
        "try: Outbox(Path(sys.argv[1]))\n"
        "except OutputError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert "in use by another process" in done.stdout
    outbox.append(message())
    outbox.close()


def test_unusable_files_are_named(memory_path: Path) -> None:
    with pytest.raises(OutputError, match=r"the folder .* does not exist"):
        Outbox(memory_path / "no" / "a.outbox")
    (memory_path / "text").write_text("this is no database, but a text of some length" * 100)
    with pytest.raises(OutputError, match=r"no outbox .*move the file away"):
        Outbox(memory_path / "text")
    Outbox(memory_path / "new").close()
    with sqlite3.connect(memory_path / "new") as database:
        database.execute("PRAGMA user_version = 9")
    database.close()
    with pytest.raises(OutputError, match="outbox version 9 is not known"):
        Outbox(memory_path / "new")


def test_wrong_messages_are_refused() -> None:
    right = {"kind": "event", "camera": "a", "body": "{}", "key": str(uuid.uuid4())}
    wrongs: tuple[dict[str, str], ...] = (
        {"kind": "Not a word"},
        {"body": "[]"},
        {"body": "{}\n{}"},
        {"body": "{"},
        {"body": '{"a":"\ud800"}'},
        {"key": "x"},
    )
    for wrong in wrongs:
        given = {**right, **wrong}
        with pytest.raises(ValueError, match=r".+"):
            OutboxMessage(given["kind"], given["camera"], given["body"], NOW, given["key"])


@settings(max_examples=50)
@given(st.text(), st.dictionaries(st.text(), st.text(), max_size=3))
def test_every_envelope_is_json_on_one_line(camera: str, data: dict[str, str]) -> None:
    one = decision_message(camera, data)
    wire = envelope(one)
    assert b"\n" not in wire
    read = json.loads(wire)
    assert (read["camera"], read["data"], read["type"]) == (camera, data, "decision")
    assert (read["id"], read["schema"]) == (one.key, 1)
    assert envelope(one) == wire


def test_an_event_in_its_envelope(event: PlateEvent) -> None:
    read = json.loads(envelope(event_message(event, source="rtsp://cam/live")))
    assert list(read) == ["schema", "id", "type", "camera", "created", "data"]
    assert (read["data"]["text"], read["data"]["source"]) == ("AB123CD", "rtsp://cam/live")


@pytest.mark.parametrize(
    ("table", "error"),
    [
        ({"max_mesages": 3}, "unknown key 'max_mesages'; did you mean 'max_messages'"),
        ({"max_bytes": 1024, "max_message_bytes": 2048}, "must not be more than max_bytes"),
        ({"first_wait": 9, "longest_wait": 8}, "must not be more than longest_wait"),
        ({"max_age_days": 0}, "greater than 0"),
    ],
)
def test_wrong_settings_are_refused(table: dict[str, object], error: str) -> None:
    with pytest.raises(ConfigError, match=error):
        check_settings(table, OutboxSettings, "outbox")


@settings(max_examples=50)
@given(st.integers(1, 100), st.floats(0, 1), st.floats(0.1, 10), st.floats(10, 100))
def test_waits_double_up_to_the_longest(
    failures: int, draw: float, first: float, longest: float
) -> None:
    retry = RetrySettings(first_wait=first, longest_wait=longest)
    backoff = Backoff(retry, draw=lambda: draw)
    waits = [backoff.failed() for _ in range(failures)]
    assert waits == sorted(waits)
    assert all(first / 2 <= wait <= longest for wait in waits)
    assert backoff.failed(asked=1e9) == longest


class Script:
    """A transport that answers by a rule; `done` is set when enough has been delivered."""

    def __init__(self, answer: Callable[[OutboxMessage, int], Delivery], enough: int) -> None:
        self._answer, self._enough = answer, enough
        self.tries: list[int] = []
        self.delivered: list[int] = []
        self.done, self.started, self.closed = threading.Event(), threading.Event(), False
        self.reached: Callable[[], None] = lambda: None

    def start(self, reached: Callable[[], None]) -> None:
        self.reached = reached

    def deliver(self, message: OutboxMessage) -> Delivery:
        number = json.loads(message.body)["n"]
        self.tries.append(number)
        self.started.set()
        delivery = self._answer(message, self.tries.count(number))
        if delivery is DELIVERED:
            self.delivered.append(number)
        if len(self.delivered) >= self._enough:
            self.done.set()
        return delivery

    def close(self) -> None:
        self.closed = True


QUICK = RetrySettings(first_wait=0.001, longest_wait=0.002, max_tries=3, close_timeout=20)
SLOW = RetrySettings(first_wait=3000, longest_wait=3600, close_timeout=20)


def send(
    path: Path, script: Script, count: int, retry: RetrySettings = QUICK
) -> tuple[Outbox, OutboxSender]:
    outbox = Outbox(path)
    for number in range(count):
        outbox.append(message(number, camera="ab"[number % 2]))
    return outbox, OutboxSender(outbox, script, retry=retry, name="script")


def test_a_busy_camera_does_not_hold_up_the_other(memory_path: Path) -> None:
    script = Script(
        lambda one, _: Delivery(Outcome.BUSY, "status 503") if one.camera == "a" else DELIVERED, 10
    )
    outbox, sender = send(memory_path / "a", script, 20, SLOW)
    assert script.done.wait(20)
    sender.close()
    assert script.delivered == list(range(1, 20, 2))
    assert script.tries.count(0) == 1
    assert script.closed
    assert outbox.counts().waiting == 10


def test_order_per_camera_survives_failures(memory_path: Path) -> None:
    outcomes = [Outcome.BUSY, Outcome.UNREACHABLE, Outcome.REFUSED]

    def answer(one: OutboxMessage, tries: int) -> Delivery:
        number = json.loads(one.body)["n"]
        return DELIVERED if tries > number % 3 else Delivery(outcomes[number % 3], "no")

    script = Script(answer, 40)
    outbox, sender = send(memory_path / "a", script, 40)
    assert script.done.wait(20)
    sender.close()
    for camera in (0, 1):
        mine = [number for number in script.delivered if number % 2 == camera]
        assert mine == list(range(camera, 40, 2))
    counts = outbox.counts()
    assert (counts.waiting, counts.delivered, counts.aside) == (0, 40, 0)


def test_a_poison_message_goes_aside_with_its_reason(
    memory_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    poison = Delivery(Outcome.REFUSED, "status 422")
    script = Script(lambda one, _: poison if one.body == '{"n": 4}' else DELIVERED, 9)
    outbox, sender = send(memory_path / "a", script, 10)
    assert script.done.wait(20)
    sender.close()
    assert script.tries.count(4) == 3
    assert sorted(script.delivered) == [0, 1, 2, 3, 5, 6, 7, 8, 9]
    assert (outbox.counts().aside, outbox.counts().waiting) == (1, 0)
    assert "was put aside: status 422" in caplog.text


def test_waiting_ends_when_the_receiver_is_reached(memory_path: Path) -> None:
    here = threading.Event()
    script = Script(
        lambda *_: DELIVERED if here.is_set() else Delivery(Outcome.UNREACHABLE, "down"), 5
    )
    _, sender = send(memory_path / "a", script, 5, SLOW)
    assert script.started.wait(20)
    here.set()
    script.reached()
    assert script.done.wait(20)
    sender.close()


def test_a_defect_of_the_transport_stops_nothing(
    memory_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def answer(_: OutboxMessage, tries: int) -> Delivery:
        if tries == 1:
            raise RuntimeError("a defect")
        return DELIVERED

    script = Script(answer, 3)
    _, sender = send(memory_path / "a", script, 3)
    assert script.done.wait(20)
    sender.close()
    assert "RuntimeError in lpr itself" in caplog.text


def test_closing_delivers_what_it_can_at_once(memory_path: Path) -> None:
    script = Script(lambda *_: DELIVERED, 50)
    outbox, sender = send(memory_path / "a", script, 50)
    sender.close()
    assert len(script.delivered) == 50
    assert outbox.counts().waiting == 0


def test_closing_is_bounded_though_the_receiver_hangs(memory_path: Path) -> None:
    hang = threading.Event()

    def answer(*_: object) -> Delivery:
        hang.wait(60)
        return DELIVERED

    script = Script(answer, 1)
    outbox, sender = send(memory_path / "a", script, 2, RetrySettings(close_timeout=0.1))
    assert script.started.wait(20)
    sender.close()
    assert script.closed
    assert not script.done.is_set()
    hang.set()
    assert outbox.counts().waiting == 2
    # It was not known that the message arrived: it waits for the next start.
    again = Outbox(memory_path / "a")
    assert numbers(again) == [0, 1]
    again.close()


def test_a_refusal_that_a_full_disk_cannot_note_holds_up_its_own_camera_alone(
    memory_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> bool:
        raise OutputError("the disk is full")

    monkeypatch.setattr(Outbox, "refuse", full)
    script = Script(
        lambda one, _: Delivery(Outcome.REFUSED, "status 422") if one.camera == "a" else DELIVERED,
        10,
    )
    outbox, sender = send(memory_path / "a", script, 20, SLOW)
    assert script.done.wait(20)
    sender.close()
    assert script.delivered == list(range(1, 20, 2))
    assert script.tries.count(0) == 1
    assert outbox.counts().waiting == 10
