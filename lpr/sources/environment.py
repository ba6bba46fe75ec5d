"""What a process that decodes video learns from the environment."""

from __future__ import annotations

import os
import sys
from collections.abc import Set as AbstractSet


def child_environment(withheld: AbstractSet[str]) -> dict[str, str]:
    """Return this process's environment for a child of it, which imports from the same places.

    Args:
        withheld: variables that the child does not get, because they hold secrets.
    """
    kept = {name: value for name, value in os.environ.items() if name not in withheld}
    return {**kept, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
