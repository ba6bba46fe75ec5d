"""Model name or path -> folder and verified manifest.

Looked up in this order: an explicit folder, `$LPR_MODELS/<name>`, the models inside the package.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from lpr.errors import ModelNotFoundError, did_you_mean
from lpr.manifest import MANIFEST, ModelManifest, load_manifest

DEFAULT_DETECTOR = "detector-v1"
DEFAULT_CORNERS = "corners-v1"
DEFAULT_RECOGNIZER = "recognizer-v1"


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A model on disk."""

    path: Path
    manifest: ModelManifest


def model_folders() -> tuple[Path, ...]:
    """The folders in which models are looked up by name, first match wins."""
    own = os.environ.get("LPR_MODELS")
    package = Path(__file__).resolve().parent
    # In a wheel the models lie inside the package, in a checkout beside it.
    shipped = (package / "models", package.parent / "models")
    return (*((Path(own),) if own else ()), *(folder for folder in shipped if folder.is_dir()))


def available_models() -> tuple[str, ...]:
    """Names of every model that can be found, sorted."""
    return tuple(
        sorted(
            {
                found.parent.name
                for folder in model_folders()
                for found in folder.glob(f"*/{MANIFEST}")
            }
        )
    )


def _is_path(name: str) -> bool:
    return os.sep in name or (os.altsep is not None and os.altsep in name)


def find_model(name: str) -> ModelFiles:
    """Find a model by name, or by the path of its folder, in which `~/` is one's home folder.

    Raises:
        ModelNotFoundError: there is none; the message names the ones there are.
        ModelIntegrityError: its manifest is wrong.
    """
    candidates = [folder / name for folder in model_folders()]
    own = Path(name).expanduser() if name.startswith("~/") else Path(name)
    # A folder that happens to lie here must not replace a model that is known by its name.
    candidates.insert(0 if _is_path(name) else len(candidates), own)
    for folder in candidates:
        if (folder / MANIFEST).is_file():
            manifest = load_manifest(folder)
            return ModelFiles(folder / manifest.file, manifest)
    if own.is_file():
        raise ModelNotFoundError(f"no model {name!r}: it is a file; name the model's folder")
    known = available_models()
    raise ModelNotFoundError(
        f"no model {name!r}{did_you_mean(name, known)}; available: {', '.join(known) or 'none'}"
    )
