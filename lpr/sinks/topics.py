"""MQTT topics: made of the configuration and of escaped camera names, never of plate texts."""

from __future__ import annotations

import hashlib
from typing import Final
from urllib.parse import quote

from lpr.errors import OutputError

_MAX_LEVEL: Final = 1024
_NAMELESS: Final = "%"


def topic_level(name: str) -> str:
    """Return a name as one level of a topic; different names give different levels.

    Letters, digits and `_ . - ~` of ASCII stay; the rest is percent-encoded UTF-8 (RFC 3986), so
    no name holds a separator, a wildcard, a `$` or a control character.

    Raises:
        OutputError: the name is too long.

    Examples:
        >>> topic_level("north-1")
        'north-1'
        >>> topic_level("10.0.0.5/live+#")
        '10.0.0.5%2Flive%2B%23'
    """
    level = quote(name, safe="", errors="surrogatepass") or _NAMELESS
    if len(level) > _MAX_LEVEL:
        raise OutputError(f"camera {name[:40]!r}...: the name is too long for an MQTT topic")
    return level


class Topics:
    """The topics of one site.

    Args:
        prefix: what they begin with.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self.site = hashlib.sha256(prefix.encode()).hexdigest()[:12]
        """A short name of the site, the same for the same prefix."""

    @property
    def status(self) -> str:
        """Whether the service is `online` or `offline`."""
        return f"{self._prefix}/status"

    def camera_status(self, camera: str) -> str:
        """Whether a camera is `online` or `offline`."""
        return f"{self._prefix}/cameras/{topic_level(camera)}/status"

    def messages(self, camera: str, kind: str) -> str:
        """Where the messages of a camera of one kind go.

        Raises:
            OutputError: the camera's name is too long.
        """
        return f"{self._prefix}/cameras/{topic_level(camera)}/{kind}"
