"""Licences of the sets that our models were trained on, and what a manifest says of such sets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

LICENCES: Final[Mapping[str, str]] = {
    "mixed-openlpr": "Apache-2.0",
    "us-uk-ph-cjsantos": "CC-BY-4.0",
    "ro-night": "MIT",
    "ar-ankandrew": "MIT",
    "cn-lprnet": "Apache-2.0",
    "cn-ccpd-mini": "MIT",
    "kr-cvlab": "Apache-2.0",
    "kr-cvlab-rect": "Apache-2.0",
    "egypt-moto": "CC-BY-4.0",
    "thai-v2": "CC-BY-4.0",
    "india-moto-helmet": "CC-BY-4.0",
    "negatives": "CC0-1.0",
}


def trained_on(pictures: Mapping[str, int]) -> list[dict[str, Any]]:
    """What a manifest says of the sets of a training.

    Args:
        pictures: set -> how many of its pictures trained.
    """
    return [
        {"name": name, "licence": LICENCES.get(name, "own pictures"), "pictures": count}
        for name, count in sorted(pictures.items())
    ]
