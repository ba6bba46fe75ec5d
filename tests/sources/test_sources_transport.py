from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpr.sources.transport import MAX_HEAD, TransportError, Value, receive, send

heads = st.dictionaries(
    st.text(max_size=10),
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.text(max_size=20)),
    max_size=5,
)


@settings(max_examples=30, deadline=None)
@given(heads, st.binary(max_size=200))
def test_messages_arrive_as_sent(head: dict[str, Value], body: bytes) -> None:
    stream = io.BytesIO()
    send(stream, head, np.frombuffer(body, np.uint8))
    send(stream, {"kind": "second"})
    stream.seek(0)
    for expected_head, expected_body in ((head, body), ({"kind": "second"}, b"")):
        message = receive(stream)
        assert message is not None
        assert message[0] == expected_head
        assert message[1].tobytes() == expected_body
    assert receive(stream) is None


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=100))
def test_garbage_is_refused_or_ends(data: bytes) -> None:
    try:
        assert receive(io.BytesIO(data)) is None
    except TransportError as error:
        assert "malformed" in str(error)


@pytest.mark.parametrize(
    "data",
    [
        struct.pack("<4sIQ", b"lpr0", 2, 0) + b"{}",
        struct.pack("<4sIQ", b"lpr1", MAX_HEAD + 1, 0),
        struct.pack("<4sIQ", b"lpr1", 2, 1 << 40),
        struct.pack("<4sIQ", b"lpr1", 2, 0) + b"[]",
        struct.pack("<4sIQ", b"lpr1", 2, 0) + b"{{",
        struct.pack("<4sIQ", b"lpr1", 10, 0) + b'{"a": [1]}',
    ],
)
def test_malformed_messages(data: bytes) -> None:
    with pytest.raises(TransportError):
        receive(io.BytesIO(data))


def test_a_message_cut_anywhere_is_the_end() -> None:
    stream = io.BytesIO()
    send(stream, {"kind": "frame"}, np.zeros(50, np.uint8))
    data = stream.getvalue()
    assert all(receive(io.BytesIO(data[:length])) is None for length in range(len(data)))
