"""Messages between the process that reads a camera and the process that uses its frames.

A message is 4 bytes of magic, the length of a JSON head, the length of a body, the head, the body.
No pickles: whatever a hostile stream does to the reader, its owner parses only JSON and pixels.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import BinaryIO, TypeAlias

import numpy as np
import numpy.typing as npt

MAX_HEAD = 64 << 10
MAX_BODY = 256 << 20
_MAGIC = b"lpr1"
_PREFIX = struct.Struct("<4sIQ")

Value: TypeAlias = str | int | float | bool | None
Body: TypeAlias = npt.NDArray[np.uint8]


class TransportError(Exception):
    """The other side broke the protocol."""


def send(stream: BinaryIO, head: Mapping[str, Value], body: Body | None = None) -> None:
    """Write one message to an unbuffered or buffered binary stream.

    Raises:
        OSError: the other side is gone.
    """
    text = json.dumps(dict(head)).encode()
    size = 0 if body is None else body.nbytes
    _write(stream, memoryview(_PREFIX.pack(_MAGIC, len(text), size) + text))
    if body is not None:
        _write(stream, np.ascontiguousarray(body).data.cast("B"))
    stream.flush()


def receive(stream: BinaryIO) -> tuple[dict[str, Value], Body] | None:
    """Read one message; None at the end of the stream.

    Raises:
        TransportError: the message is malformed or too large.
        OSError: the stream failed.
    """
    prefix = _read(stream, _PREFIX.size)
    if prefix is None:
        return None
    magic, head_size, body_size = _PREFIX.unpack(prefix.tobytes())
    if magic != _MAGIC or head_size > MAX_HEAD or body_size > MAX_BODY:
        raise TransportError("malformed message")
    text, body = _read(stream, head_size), _read(stream, body_size)
    if text is None or body is None:
        return None
    try:
        head = json.loads(text.tobytes())
    except ValueError as error:
        raise TransportError("malformed message head") from error
    if not isinstance(head, dict) or not all(
        value is None or isinstance(value, str | int | float) for value in head.values()
    ):
        raise TransportError("malformed message head")
    return head, body


def _write(stream: BinaryIO, view: memoryview) -> None:
    while view:
        written = stream.write(view)
        view = view[written:]


def _read(stream: BinaryIO, size: int) -> Body | None:
    """Read exactly `size` bytes; None where the stream ends before."""
    buffer = np.empty(size, np.uint8)
    view = buffer.data
    done = 0
    while done < size:
        count = stream.readinto(view[done:])  # type: ignore[attr-defined]
        if not count:
            return None
        done += count
    return buffer
