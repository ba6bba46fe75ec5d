"""The composition root: configuration in, working engine out."""

from __future__ import annotations

from dataclasses import dataclass

from lpr.config import EngineConfig
from lpr.detect.corners import (
    MARGIN_X,
    MARGIN_Y,
    OTHER_STARTS,
    CornerRefiner,
    RefinedDetector,
    RefiningRectifier,
)
from lpr.detect.crop import CropDetector
from lpr.detect.detector import OnnxDetector
from lpr.detect.region import RegionDetector, RegionRectifier
from lpr.detect.tiles import CameraDetector, TiledDetector
from lpr.engine import Engine
from lpr.errors import ConfigError, ModelError
from lpr.formats.prior import FormatPrior
from lpr.imaging import PerspectiveRectifier
from lpr.protocols import Detector, Recognizer, Rectifier
from lpr.recognize.fusion import FusedLooks
from lpr.recognize.recognizer import OnnxRecognizer
from lpr.registry import ModelFiles, find_model
from lpr.settings import check_settings
from lpr.stills import VOUCHED_SCORE, StillReader
from lpr.track.tracker import PlateTracker
from lpr.vote.voter import PlateVoter


@dataclass(frozen=True, slots=True)
class Models:
    """The networks, opened once and shared by every camera of a process."""

    detector: OnnxDetector
    """Reports what its manifest recommends; `finder` gives it a configuration's threshold."""
    refiner: CornerRefiner | None
    """Corrects corners; None where the detector's are trusted."""
    cutter: PerspectiveRectifier
    """Cuts plates out by the corners it is given."""
    recognizer: Recognizer
    alphabet: str
    """The characters that the recognizer can read."""

    @property
    def rectifier(self) -> Rectifier:
        """Cuts plates out by corrected corners."""
        return self.cutter if self.refiner is None else RefiningRectifier(self.refiner, self.cutter)

    @property
    def other_cuts(self) -> tuple[Rectifier, ...]:
        """Further ways to cut a plate out of a single picture."""
        if self.refiner is None:
            return ()
        return tuple(RefiningRectifier(self.refiner, self.cutter, start) for start in OTHER_STARTS)

    def finder(self, config: EngineConfig) -> OnnxDetector:
        """The detector with a configuration's threshold, the manifest's where it sets none."""
        threshold = config.detector.score_threshold
        return self.detector if threshold is None else self.detector.with_threshold(threshold)

    def refined(self, detector: Detector, closer: Detector | None = None) -> Detector:
        """A detector whose corners are corrected at once, after a closer look if there is one."""
        if self.refiner is None:
            return detector
        return RefinedDetector(detector, self.refiner, closer)


def load_models(config: EngineConfig | None = None) -> Models:
    """Open the networks that a configuration names.

    Args:
        config: by default the shipped models, one thread each.

    Raises:
        ModelError: a model is missing, does not match its manifest, or does another task.
        TypeError: the configuration is none.
    """
    config = _settled(config)
    found = _find(config.detector.model, "detector")
    read = _find(config.recognizer.model, "recognizer")
    width, height = read.manifest.input.size
    return Models(
        detector=OnnxDetector(found, threads=config.threads),
        refiner=_refiner(config),
        cutter=_cutter(config, width, height),
        recognizer=OnnxRecognizer(read, threads=config.threads),
        alphabet=read.manifest.alphabet,
    )


def build_engine(
    config: EngineConfig | None = None,
    *,
    camera: str = "",
    regions: tuple[str, ...] = (),
    models: Models | None = None,
    voter: PlateVoter | None = None,
    roi: tuple[int, int, int, int] | None = None,
) -> Engine:
    """Build one camera's engine.

    Args:
        config: by default every default.
        camera: the camera's name in the events; by default that of their frames.
        regions: countries whose plates are expected; replaces those of the configuration.
        models: networks to share with other engines; opened here where not given. What was
            settled when they were opened (files, threads, looks at corners) stays.
        voter: one of `build_voter`, for callers that want its explanations; by default its own.
            It knows its camera and regions.
        roi: left, top, right, bottom of the only part of the picture to look at, frame pixels;
            replaces that of the configuration.

    Raises:
        ConfigError: a region is unknown, the roi is none that a configuration may have, or a voter
            is given and so is a camera or a region.
        ModelError: a model cannot be used.
        TypeError: the configuration or the models are none.
    """
    if voter is not None and (camera or regions):
        raise ConfigError("camera and regions are the voter's: give them to build_voter()")
    config = _settled(config, regions, roi)
    models = _opened(models, config)
    finder = models.finder(config)
    detector: Detector = CameraDetector(finder) if config.detector.far else finder
    rectifier = models.rectifier
    if config.roi is not None:
        detector = RegionDetector(detector, config.roi)
        rectifier = RegionRectifier(rectifier, config.roi)
    return Engine(
        detector,
        rectifier,
        models.recognizer,
        PlateTracker(config.tracker),
        voter or build_voter(config, camera),
        fuser=build_fuser(config),
        max_reads=config.max_reads,
    )


def build_voter(config: EngineConfig, camera: str = "") -> PlateVoter:
    """Build one camera's voter, with the formats of the configured regions as its prior."""
    return PlateVoter(config.voter, camera=camera, prior=FormatPrior(config.regions))


def build_fuser(config: EngineConfig) -> FusedLooks | None:
    """Build what makes pictures of one camera's looks, None where the configuration wants none."""
    return FusedLooks() if config.recognizer.fuse_looks else None


def build_still_reader(
    config: EngineConfig | None = None,
    *,
    regions: tuple[str, ...] = (),
    models: Models | None = None,
) -> StillReader:
    """Build a reader of single pictures.

    Args:
        config: by default every default.
        regions: countries whose plates are expected; replaces those of the configuration.
        models: networks to share; opened here where not given.

    Raises:
        ConfigError: a region is unknown.
        ModelError: a model cannot be used.
        TypeError: the configuration or the models are none.
    """
    config = _settled(config, regions)
    models = _opened(models, config)
    finder = models.finder(config)
    chosen = config.detector.score_threshold is not None
    # One that a user chose is kept to.
    least = finder.threshold if chosen else min(VOUCHED_SCORE, finder.threshold)
    return StillReader(
        still_detector(config, models, least),
        models.refined(CropDetector(finder)),
        models.cutter,
        models.recognizer,
        FormatPrior(config.regions),
        models.other_cuts,
        sure_score=finder.threshold,
        crops=not chosen,
    )


def still_detector(config: EngineConfig, models: Models, least: float | None = None) -> Detector:
    """The detector for single pictures: with native-scale tiles unless `detector.far` is off.

    Args:
        config: of the detector.
        models: the networks.
        least: least score of what it reports, 0 to 1; by default that of the configuration.
    """
    own = models.finder(config)
    finder = own if least is None else own.with_threshold(least)
    detector = TiledDetector(finder) if config.detector.far else finder
    return models.refined(detector, CropDetector(own))


def _settled(
    config: EngineConfig | None,
    regions: tuple[str, ...] = (),
    roi: tuple[int, int, int, int] | None = None,
) -> EngineConfig:
    """The configuration, with what the call says in its place."""
    config = EngineConfig() if config is None else config
    if not isinstance(config, EngineConfig):
        raise TypeError(
            f"config must be an EngineConfig, not {type(config).__name__}; "
            "lpr.load_config() reads one from a file"
        )
    said: dict[str, object] = {"regions": regions} if regions else {}
    if roi is not None:
        said["roi"] = roi
    return check_settings({**dict(config), **said}, EngineConfig, "arguments") if said else config


def _opened(models: Models | None, config: EngineConfig) -> Models:
    if models is None:
        return load_models(config)
    if not isinstance(models, Models):
        raise TypeError(f"models must be what lpr.load_models() opens, not {type(models).__name__}")
    return models


def _cutter(config: EngineConfig, width: int, height: int) -> PerspectiveRectifier:
    if not config.corners.looks:
        return PerspectiveRectifier(width, height)
    return PerspectiveRectifier(width, height, margin_x=MARGIN_X, margin_y=MARGIN_Y)


def _refiner(config: EngineConfig) -> CornerRefiner | None:
    if not config.corners.looks:
        return None
    files = _find(config.corners.model, "corners")
    return CornerRefiner(files, threads=config.threads, looks=config.corners.looks)


def _find(name: str, task: str) -> ModelFiles:
    files = find_model(name)
    if files.manifest.task != task:
        raise ModelError(f"model {name!r} is a {files.manifest.task}, not a {task}")
    return files
