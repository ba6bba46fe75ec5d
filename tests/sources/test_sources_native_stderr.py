from __future__ import annotations

import os
import signal
import tempfile
import threading
from typing import Any

import pytest

from lpr.sources.native_stderr import library_lines_kept


def test_only_the_libraries_lines_are_kept(capfd: pytest.CaptureFixture[str]) -> None:
    with library_lines_kept() as kept:
        os.write(2, b"one\nlibpng warning: iCCP: \xe9\nCorrupt JPEG data: 3 extraneous bytes\ntwo")
    os.write(2, b"\nthree\n")
    assert kept == ["libpng warning: iCCP: \ufffd", "Corrupt JPEG data: 3 extraneous bytes"]
    assert capfd.readouterr().err == "one\ntwo\nthree\n"


def test_standard_error_comes_back_after_a_failure(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError), library_lines_kept():
        os.write(2, b"during\n")
        raise RuntimeError
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "during\nafter\n"


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="files in memory are Linux's")
def test_lines_are_kept_where_no_file_can_be_made(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A read-only container has no folder for temporary files, a full disk no room in it."""

    def refuse(*_: Any, **__: Any) -> None:
        raise FileNotFoundError("no usable temporary directory")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    with library_lines_kept() as kept:
        os.write(2, b"Corrupt JPEG data: premature end of data segment\n")
    assert kept == ["Corrupt JPEG data: premature end of data segment"]
    assert capfd.readouterr().err == ""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_has_its_own_turn_and_standard_error() -> None:
    inside, real = threading.Event(), os.fstat(2)

    def hold() -> None:
        with library_lines_kept():
            inside.set()
            threading.Event().wait(0.2)

    thread = threading.Thread(target=hold)
    thread.start()
    inside.wait()
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(5)  # ends it where it would wait for ever
        try:
            same = os.path.samestat(os.fstat(2), real)
            with library_lines_kept():
                os._exit(0 if same else 1)
        finally:
            os._exit(2)
    thread.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
