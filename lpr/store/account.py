"""Who the operating system says is asking: what a caller says of himself is not enough."""

from __future__ import annotations

import getpass
import os
from pathlib import Path
from typing import Final

_LOGIN: Final = Path("/proc/self/loginuid")
_NOBODY: Final = 2**32 - 1


def account() -> str:
    """Return the account of this process; where it logged in as another, that one, too.

    Linux keeps the account of the login over `su` and `sudo`: `root (login jo)`. Variables of the
    environment are not asked where the system itself can tell.
    """
    try:
        import pwd
    except ImportError:
        return getpass.getuser()

    def name(number: int) -> str:
        try:
            return pwd.getpwuid(number).pw_name
        except KeyError:
            return f"uid {number}"

    own, login = os.geteuid(), _login()
    return name(own) if login in (None, own) else f"{name(own)} (login {name(login)})"


def _login() -> int | None:
    try:
        number = int(_LOGIN.read_text("ascii"))
    except (OSError, ValueError):
        return None
    return None if number == _NOBODY else number
