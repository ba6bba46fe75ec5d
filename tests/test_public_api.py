from __future__ import annotations

import pytest

import lpr

PUBLIC = [
    "ConfigError",
    "Detection",
    "Engine",
    "EngineConfig",
    "EventKind",
    "Frame",
    "FrameResult",
    "LprError",
    "ModelError",
    "OutputError",
    "PlateEvent",
    "Quad",
    "Reading",
    "SourceError",
    "StillPlate",
    "StillReader",
    "Track",
    "UnreadReason",
    "__version__",
    "build_engine",
    "build_still_reader",
    "load_config",
    "load_models",
    "open_source",
    "read_image",
]


def test_the_public_names_are_a_decision() -> None:
    assert sorted(lpr.__all__) == sorted(PUBLIC)


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_exists_and_is_documented(name: str) -> None:
    value = getattr(lpr, name)
    assert name == "__version__" or value.__doc__


def test_other_names_do_not_exist() -> None:
    with pytest.raises(AttributeError, match="no attribute 'build_motor'"):
        _ = lpr.build_motor
