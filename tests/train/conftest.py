"""Training needs torch, which the test extra does not bring: gigabytes for most readers."""

from __future__ import annotations

import os
from importlib.util import find_spec

HAVE_TORCH = find_spec("torch") is not None

if not HAVE_TORCH and os.environ.get("CI"):
    raise RuntimeError("torch is missing in CI: install lpr[train], so that training is tested")

collect_ignore_glob = [] if HAVE_TORCH else ["test_train_[cdr]*"]
