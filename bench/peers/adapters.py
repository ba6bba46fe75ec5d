"""Other plate readers behind one call: picture in, texts out, the surest first.

Run in an environment of its own: nothing of `lpr` or `bench` is imported, and each system only
when it is asked for. What is compared must come with its weights from the package registry.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

Read = Callable[[Any], list[str]]
"""HxWx3 uint8 BGR picture -> texts, upper case, letters and digits only."""

_PLATE = re.compile(r"(?=.*\d)[\u4e00-\u9fff]?[A-Z0-9]{4,10}")


def lpr() -> Read:
    """This engine, as `lpr read` uses it."""
    reader = importlib.import_module("lpr.factory").build_still_reader()
    return lambda picture: [plain(plate.reading.text) for plate in reader.read(picture)]


def rapidocr() -> Read:
    """RapidOCR (PP-OCR): a reader of any text, whose surest plate-like line is taken.

    A line is plate-like with 4 to 10 letters and digits, a digit among them, behind a Chinese
    character or none.
    """
    engine = importlib.import_module("rapidocr_onnxruntime").RapidOCR(
        intra_op_num_threads=1, inter_op_num_threads=1
    )

    def read(picture: Any) -> list[str]:
        lines, _ = engine(picture)
        found = _surest_first((score, text) for _, text, score in lines or [])
        return [text for text in found if _PLATE.fullmatch(text)]

    return read


def simplelpr() -> Read:
    """SimpleLPR in evaluation mode, all countries weighted alike."""
    module = importlib.import_module("simplelpr")
    setup = module.EngineSetupParms()
    setup.maxConcurrentImageProcessingOps = 1
    engine = module.SimpleLPR(setup)
    for number in range(engine.numSupportedCountries):
        engine.set_countryWeight(number, 1.0)
    engine.realizeCountryWeights()
    processor = engine.createProcessor()

    def read(picture: Any) -> list[str]:
        return _surest_first(
            (match.confidence, match.text)
            for candidate in processor.analyze(picture)
            for match in candidate.matches[:1]
        )

    return read


def hyperlpr2() -> Read:
    """HyperLPR 2, for Chinese plates; its networks run on OpenCV before 5."""
    recognise = importlib.import_module("hyperlpr2").HyperLPR_plate_recognition
    return lambda picture: _surest_first((item[1], item[0]) for item in recognise(picture))


def hyperlpr3() -> Read:
    """HyperLPR3, for Chinese plates."""
    catcher = importlib.import_module("hyperlpr3").LicensePlateCatcher()
    return lambda picture: _surest_first((item[1], item[0]) for item in catcher(picture))


ADAPTERS: dict[str, Callable[[], Read]] = {
    "lpr": lpr,
    "rapidocr": rapidocr,
    "simplelpr": simplelpr,
    "hyperlpr2": hyperlpr2,
    "hyperlpr3": hyperlpr3,
}
"""Name of a system -> what opens it."""

PACKAGES = {
    "lpr": "lpr",
    "rapidocr": "rapidocr_onnxruntime",
    "simplelpr": "simplelpr",
    "hyperlpr2": "hyperlpr2",
    "hyperlpr3": "hyperlpr3",
}
"""Name of a system -> the package whose folder holds its code and weights."""


def _surest_first(found: Iterable[tuple[float, str]]) -> list[str]:
    """Plain texts in the order of their confidences."""
    ordered = sorted(((float(score), plain(text)) for score, text in found), reverse=True)
    return [text for _, text in ordered]


def plain(text: str) -> str:
    """Upper case, letters and digits only: how plates are compared."""
    return "".join(char for char in text.upper() if char.isalnum())


def installed_bytes(name: str) -> int:
    """Size of a system's package on disk, weights included, libraries it depends on left out."""
    module = importlib.import_module(PACKAGES[name])
    roots = [Path(module.__file__ or "").parent]
    if name == "lpr":
        registry = importlib.import_module("lpr.registry")
        roots += [registry.find_model(model).path.parent for model in registry.available_models()]
    files = {file for root in roots for file in root.rglob("*") if file.is_file()}
    return sum(file.stat().st_size for file in files if "__pycache__" not in file.parts)
