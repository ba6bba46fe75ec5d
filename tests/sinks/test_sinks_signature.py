from __future__ import annotations

import base64
import re
import subprocess
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpr.errors import ConfigError
from lpr.sinks.signature import parse_signing_secrets, sign

Verify = Callable[..., bool]


def test_the_specifications_own_example() -> None:
    """The example of the Standard Webhooks reference libraries."""
    keys = parse_signing_secrets("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "secret")
    assert (
        sign(
            keys,
            key="msg_p5jXN8AQM9LWM0D4loKWxJek",
            timestamp=1614265330,
            body=b'{"test": 2432232314}',
        )
        == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


words = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=24, max_size=60)


@settings(max_examples=60)
@given(
    secret=words,
    other=words,
    body=st.binary(max_size=300),
    now=st.integers(0, 2**33),
    place=st.integers(0, 2**16),
)
def test_only_the_holder_of_the_secret_can_sign(
    verify: Verify, secret: str, other: str, body: bytes, now: int, place: int
) -> None:
    keys = parse_signing_secrets(secret.replace("whsec_", "x"), "secret")
    secret = secret.replace("whsec_", "x")
    headers = {
        "webhook-id": "6b9c1e4a-0000-4000-8000-000000000000",
        "webhook-timestamp": str(now),
        "webhook-signature": sign(
            keys, key="6b9c1e4a-0000-4000-8000-000000000000", timestamp=now, body=body
        ),
    }
    assert verify(body, headers, secret, now=now)
    assert not verify(body, headers, secret, now=now + 301)
    assert not verify(body, headers, secret, now=now - 301)
    assert verify(body, headers, other, now=now) == (other == secret)
    assert not verify(body, {**headers, "webhook-timestamp": str(now + 1)}, secret, now=now)
    assert not verify(body, {**headers, "webhook-id": "x"}, secret, now=now)
    changed = bytearray(body or b"\0")
    changed[place % len(changed)] ^= 1 + place % 255
    assert not verify(bytes(changed), headers, secret, now=now)


def test_the_secret_that_is_recommended_is_one_of_the_specification() -> None:
    """A text without `whsec_` is no base64 to us, but is to the specification's libraries."""
    with pytest.raises(ConfigError) as refused:
        parse_signing_secrets("short", "secret")
    (command,) = re.findall(r"make one with: (echo .*)", str(refused.value))
    made = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    secret = made.stdout.strip()
    assert parse_signing_secrets(secret, "secret") == (
        base64.b64decode(secret.removeprefix("whsec_")),
    )
