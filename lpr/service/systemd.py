"""Telling systemd that the service is ready, alive and about to stop (sd_notify(3))."""

from __future__ import annotations

import contextlib
import os
import socket


def notify(state: str) -> None:
    """Send one state, for example `READY=1`; does nothing where systemd does not listen."""
    target = os.environ.get("NOTIFY_SOCKET", "")
    if not target.startswith(("/", "@")) or not hasattr(socket, "AF_UNIX"):
        return
    address = "\0" + target[1:] if target.startswith("@") else target
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.connect(address)
        sock.sendall(state.encode())
