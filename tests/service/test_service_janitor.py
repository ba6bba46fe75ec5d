from __future__ import annotations

import threading

import pytest

from lpr.errors import StoreError
from lpr.service.janitor import Janitor


def test_it_purges_again_and_again_whatever_fails(caplog: pytest.LogCaptureFixture) -> None:
    done = threading.Event()
    calls: list[int] = []

    def purge() -> None:
        calls.append(1)
        if len(calls) == 1:
            raise StoreError("events.db: the database is locked")
        if len(calls) == 3:
            done.set()

    janitor = Janitor(purge, "the event store could not be purged", every=0.01)
    assert done.wait(60)
    janitor.close()
    assert "the event store could not be purged: events.db: the database is locked" in caplog.text
    count = len(calls)
    janitor.close()
    assert len(calls) == count
