from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from lpr.sources.prefetch import Prefetcher


def test_everything_arrives_in_order() -> None:
    assert list(Prefetcher(iter(range(1000)), 3)) == list(range(1000))


def test_it_runs_ahead_but_not_far() -> None:
    made, enough = [], threading.Event()

    def items() -> Iterator[int]:
        for number in range(100):
            made.append(number)
            if number == 4:
                enough.set()
            yield number

    prefetcher = Prefetcher(items(), 4)
    assert enough.wait(10)
    assert next(prefetcher) == 0
    assert len(made) <= 6
    assert prefetcher.close()


def test_an_error_comes_behind_the_items_before_it() -> None:
    def items() -> Iterator[int]:
        yield 1
        yield 2
        raise ValueError("broken")

    prefetcher = Prefetcher(items(), 8)
    assert (next(prefetcher), next(prefetcher)) == (1, 2)
    with pytest.raises(ValueError, match="broken"):
        next(prefetcher)
    with pytest.raises(StopIteration):
        next(prefetcher)


def test_close_ends_a_thread_that_waits_for_room_and_closes_the_generator() -> None:
    closed = []

    def items() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.append(threading.current_thread().name)

    prefetcher = Prefetcher(items(), 2, "the-thread")
    next(prefetcher)
    assert prefetcher.close()
    assert prefetcher.close()
    assert closed == ["the-thread"]
    assert list(prefetcher) == []


def test_close_frees_a_consumer_that_waits() -> None:
    release, got = threading.Event(), list[int]()

    def items() -> Iterator[int]:
        release.wait(10)
        yield 1

    prefetcher = Prefetcher(items(), 1)
    consumer = threading.Thread(target=lambda: got.extend(prefetcher))
    consumer.start()
    assert not prefetcher.close(timeout=0.05)
    consumer.join(10)
    assert not consumer.is_alive()
    assert got == []
    release.set()
    assert prefetcher.close()
