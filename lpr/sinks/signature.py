"""Signed webhooks after the Standard Webhooks specification (standardwebhooks.com, v1).

The signed text is `ID.TIMESTAMP.BODY`; the signature is `v1,` and its HMAC-SHA256 in base64.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from typing import Final

from lpr.errors import ConfigError

ID_HEADER: Final = "webhook-id"
TIMESTAMP_HEADER: Final = "webhook-timestamp"
SIGNATURE_HEADER: Final = "webhook-signature"

_PREFIX: Final = "whsec_"
_VERSION: Final = "v1,"
_SHORTEST: Final = 24


def parse_signing_secrets(text: str, what: str) -> tuple[bytes, ...]:
    """Return the keys of one or more secrets, one a line.

    Two secrets are for the days in which receivers change from one to the other. A secret is
    `whsec_` and base64, as the specification has it, or any text, taken as UTF-8. Libraries of the
    specification take the latter for base64 as well, and verify nothing that is signed with it.

    Args:
        text: the secrets.
        what: what they are, for the error.

    Raises:
        ConfigError: a secret is no base64 after `whsec_`, or has fewer than 24 bytes.
    """
    keys = tuple(_key(secret, what) for line in text.splitlines() if (secret := line.strip()))
    if not keys or min(len(key) for key in keys) < _SHORTEST:
        raise ConfigError(
            f"{what}: needs at least {_SHORTEST} bytes; make one with: "
            f'echo "{_PREFIX}$(openssl rand -base64 32)"'
        )
    return keys


def sign(keys: Sequence[bytes], *, key: str, timestamp: int, body: bytes) -> str:
    """Return the signature header: one signature per key, separated by spaces.

    Args:
        keys: what to sign with.
        key: the message's idempotency key.
        timestamp: Unix seconds of this try.
        body: what is sent.
    """
    text = f"{key}.{timestamp}.".encode() + body
    digests = (hmac.new(secret, text, hashlib.sha256).digest() for secret in keys)
    return " ".join(_VERSION + base64.b64encode(digest).decode() for digest in digests)


def _key(secret: str, what: str) -> bytes:
    if not secret.startswith(_PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ConfigError(f"{what}: is no base64 after {_PREFIX}") from error
