"""The shipped detector and its tiling and camera policies."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from lpr.detect.detector import OnnxDetector
from lpr.detect.maps import Candidates
from lpr.detect.tiles import CameraDetector, FarPolicy, TiledDetector
from lpr.detect.views import quarter_size
from lpr.errors import ModelIntegrityError
from lpr.geometry import Quad, box_iou
from lpr.registry import DEFAULT_DETECTOR, ModelFiles, find_model
from lpr.synth.fonts import FontBook
from lpr.synth.scene import paint_background, render_scene
from lpr.types import Detection, Track, TrackState


@pytest.fixture(scope="module")
def detector() -> OnnxDetector:
    return OnnxDetector(find_model(DEFAULT_DETECTOR))


def test_a_model_of_free_batch_size_is_run_one_by_one(tmp_path: Path) -> None:
    shipped = find_model(DEFAULT_DETECTOR)
    model = onnx.load(str(shipped.path))
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "batch"
    for node in model.graph.node:
        assert node.op_type != "Gather", "the batch size is not computed with"
    path = tmp_path / "model.onnx"
    onnx.save(model, str(path))
    spec = shipped.manifest.input
    free = spec.model_copy(update={"shape": (0, *spec.shape[1:])})
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    manifest = shipped.manifest.model_copy(update={"input": free, "sha256": digest})
    picture = np.full((360, 640, 3), 90, np.uint8)
    assert OnnxDetector(ModelFiles(path, manifest)).detect(picture) == ()


def _hits(found: tuple[Detection, ...], quads: list[Quad], iou: float = 0.5) -> int:
    return sum(any(box_iou(one.quad, quad) >= iou for one in found) for quad in quads)


@pytest.mark.parametrize(
    "shape", [(1, 1, 3), (1, 700, 3), (700, 1, 3), (7, 9, 3), (1920, 1080, 3), (2160, 3840, 3)]
)
def test_plain_pictures_of_any_size_have_no_plates(
    detector: OnnxDetector, shape: tuple[int, int, int]
) -> None:
    assert detector.detect(np.full(shape, 90, np.uint8)) == ()


def test_rendered_plates_are_found_once_inside_the_picture(detector: OnnxDetector) -> None:
    fonts = FontBook()
    quads, hits, finds = 0, 0, 0
    for seed in range(8):
        rng = np.random.default_rng(seed)
        scene = render_scene(
            paint_background(1280, 720, rng), rng, fonts, count=2, widths=(90.0, 400.0)
        )
        found = detector.detect(scene.image)
        scores = [one.score for one in found]
        assert scores == sorted(scores, reverse=True)
        assert all(one.quad.is_convex and one.lines in (1, 2) for one in found)
        quads += len(scene.plates)
        hits += _hits(found, [plate.quad for plate in scene.plates])
        finds += len(found)
    assert hits >= 0.7 * quads
    assert finds <= 2 * quads


def test_a_higher_threshold_finds_a_subset(detector: OnnxDetector) -> None:
    rng = np.random.default_rng(1)
    scene = render_scene(paint_background(640, 384, rng), rng, FontBook(), count=3)
    strict = OnnxDetector(find_model(DEFAULT_DETECTOR), score_threshold=0.95)
    assert all(one.score >= 0.95 for one in strict.detect(scene.image))
    assert len(strict.detect(scene.image)) <= len(detector.detect(scene.image))
    same = detector.with_threshold(0.95)
    assert same.detect(scene.image) == strict.detect(scene.image)
    assert detector.threshold < same.threshold == 0.95


def test_tiles_find_far_plates_and_report_near_ones_once(detector: OnnxDetector) -> None:
    fonts = FontBook()
    far, tiled = 0, 0
    for seed in range(4):
        rng = np.random.default_rng(100 + seed)
        scene = render_scene(
            paint_background(2560, 1440, rng), rng, fonts, count=4, widths=(36.0, 60.0)
        )
        quads = [plate.quad for plate in scene.plates]
        far += _hits(detector.detect(scene.image), quads, 0.4)
        found = TiledDetector(detector).detect(scene.image)
        tiled += _hits(found, quads, 0.4)
        for i, one in enumerate(found):
            assert all(box_iou(one.quad, other.quad) < 0.4 for other in found[i + 1 :])
    assert tiled > far


@pytest.mark.parametrize(("score", "kept"), [(0.75, True), (0.88, False)])
def test_a_doubtful_plate_on_the_whole_picture_hides_no_sure_one_close_up(
    monkeypatch: pytest.MonkeyPatch, score: float, kept: bool
) -> None:
    files = find_model(DEFAULT_DETECTOR)
    steep = ((0.0, 0.0), (0.75, 0.1), (0.88, 0.97), (1.0, 1.0))
    calibrated = files.manifest.model_copy(update={"calibration": steep})
    blob, plate = Quad.from_box(900, 500, 1100, 560), Quad.from_box(940, 510, 1040, 535)
    finds = iter([_found(blob, score), _found(plate, 0.9)])
    monkeypatch.setattr(OnnxDetector, "_run", lambda *_: next(finds))
    detector = OnnxDetector(ModelFiles(files.path, calibrated))
    found = detector.detect_views(np.zeros((1080, 1920, 3), np.uint8), [()], close=[()])
    assert [one.quad for one in found] == [plate if kept else blob]


def _found(quad: Quad, score: float) -> Candidates:
    scores = np.array([score], np.float32)
    return Candidates(np.array([quad.points], np.float32), scores, scores * 0)


def _track(quad: Quad, number: int = 1) -> Track:
    return Track(number, quad, TrackState.ACTIVE, 0.0, 0.0, 3, None)


def test_small_frames_get_no_native_look() -> None:
    image = np.zeros((384, 640, 3), np.uint8)
    assert FarPolicy(640, 384).plan(image, ()) == ()


def test_tall_frames_are_as_large_as_their_two_halves_show_them() -> None:
    policy = FarPolicy(640, 384)
    image = np.zeros((720, 400, 3), np.uint8)
    near = _track(Quad.from_box(100, 300, 200, 330))
    assert [policy.plan(image, (near,)) for _ in range(8)] == [()] * 8


@pytest.mark.parametrize(
    ("frame", "plate", "look"),
    [
        ((3840, 2160), (250, 62), quarter_size(640, 384)),
        ((3840, 2160), (287, 72), (640, 384)),
        ((3840, 2160), (200, 175), (640, 384)),
        ((5120, 2880), (350, 88), (640, 384)),
        ((7680, 4320), (560, 140), (640, 384)),
    ],
)
def test_a_look_at_a_small_track_shows_all_of_its_plate(
    frame: tuple[int, int], plate: tuple[int, int], look: tuple[int, int]
) -> None:
    policy = FarPolicy(640, 384)
    image = np.zeros((frame[1], frame[0], 3), np.uint8)
    quad = Quad.from_box(1700, 1500, 1700 + plate[0], 1500 + plate[1])
    plans = [boxes for _ in range(4) if (boxes := policy.plan(image, (_track(quad),)))]
    ((left, top, right, bottom),) = plans[1]
    assert (right - left, bottom - top) == look
    assert left + 4 < quad.box[0]
    assert right - 4 > quad.box[2]
    assert top + 4 < quad.box[1]
    assert bottom - 4 > quad.box[3]


def test_a_track_that_needs_a_canvas_of_its_own_waits_for_its_turn() -> None:
    policy = FarPolicy(640, 384)
    image = np.zeros((4320, 7680, 3), np.uint8)
    wide = _track(Quad.from_box(1000, 1000, 1500, 1125))
    narrow = replace(_track(Quad.from_box(5000, 3000, 5100, 3025), 2), last_seen=1.0)
    plans = [boxes for _ in range(4) if (boxes := policy.plan(image, (wide, narrow)))]
    assert plans[1] == ((930, 870, 1570, 1254),)
    wide = replace(wide, last_seen=2.0)
    plans = [boxes for _ in range(4) if (boxes := policy.plan(image, (wide, narrow)))]
    assert [left for left, *_ in plans[1]] == [4894], "there is no room for the other one"
    larger_than_a_look = _track(Quad.from_box(1000, 1000, 1100, 1400))
    plans = [boxes for _ in range(4) if (boxes := policy.plan(image, (larger_than_a_look,)))]
    assert len(plans) == 2, "a tile in its place"


def test_every_part_of_a_large_frame_gets_its_turn() -> None:
    policy = FarPolicy(640, 384)
    image = np.zeros((1080, 1920, 3), np.uint8)
    seen = np.zeros((1080, 1920), bool)
    for _ in range(120):
        for left, top, right, bottom in policy.plan(image, ()):
            seen[top:bottom, left:right] = True
    assert seen.all()


def test_small_tracks_are_looked_at_and_large_ones_are_not() -> None:
    policy = FarPolicy(640, 384)
    image = np.zeros((1080, 1920, 3), np.uint8)
    small = _track(Quad.from_box(1000, 500, 1045, 512))
    large = _track(Quad.from_box(200, 200, 600, 300), 2)
    plans = [boxes for _ in range(8) if (boxes := policy.plan(image, (small, large)))]
    assert len(plans) == 2, "near a large plate, one frame of four is looked at natively"
    around = [boxes for boxes in plans if boxes[0][2] - boxes[0][0] == quarter_size(640, 384)[0]]
    assert len(around) == 1
    (box,) = around[0]
    assert box[0] < 1000
    assert box[2] > 1045


def test_motion_draws_the_look() -> None:
    policy = FarPolicy(640, 384)
    still = np.zeros((1080, 1920, 3), np.uint8)
    looks = 0
    for i in range(80):
        moving = still.copy()
        moving[700:1000, 100 + 4 * i : 500 + 4 * i] = 200
        boxes = policy.plan(moving if i // 2 % 2 else still, ())
        looks += any(left < 900 and bottom > 700 for left, _, _, bottom in boxes)
    assert looks > 20


def test_the_tile_in_which_something_moved_is_looked_at_first() -> None:
    policy = FarPolicy(640, 384)
    picture = np.full((1080, 1920, 3), 90, np.uint8)
    policy.plan(picture, ())
    policy.plan(picture, ())
    picture[:200, 1500:] = 200
    assert policy.plan(picture, ()) == ()
    assert policy.plan(picture, ()) == ((1280, 0, 1920, 384),)


def test_a_small_movement_in_a_tall_picture_is_seen() -> None:
    policy = FarPolicy(640, 384)
    picture = np.zeros((2000, 900, 3), np.uint8)
    policy.plan(picture, ())
    policy.plan(picture, ())
    picture[1900:, 850:, 1] = 255
    assert policy.plan(picture, ()) == ()
    assert policy.plan(picture, ()) == ((260, 1616, 900, 2000),)


def test_threads_share_one_detector(detector: OnnxDetector) -> None:
    fonts, pictures = FontBook(), []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        background = paint_background(960, 540, rng)
        pictures.append(render_scene(background, rng, fonts, count=1, widths=(90, 200)).image)
    alone = [detector.detect(picture) for picture in pictures]
    assert any(alone)
    with ThreadPoolExecutor(3) as pool:
        for _ in range(3):
            assert list(pool.map(detector.detect, pictures)) == alone


def test_a_camera_detector_finds_a_far_plate_within_a_few_frames(detector: OnnxDetector) -> None:
    rng = np.random.default_rng(3)
    scene = render_scene(
        paint_background(1920, 1080, rng), rng, FontBook(), count=4, widths=(44.0, 60.0)
    )
    camera = CameraDetector(detector)
    quads = [plate.quad for plate in scene.plates]
    found = [camera.detect(scene.image) for _ in range(40)]
    ever = tuple(one for frame in found for one in frame)
    assert _hits(ever, quads, 0.4) >= max(1, len(quads) - 2)


def test_a_recognizers_manifest_is_refused() -> None:
    files = find_model(DEFAULT_DETECTOR)
    other = files.manifest.model_copy(update={"task": "recognizer"})
    with pytest.raises(ModelIntegrityError, match="a detector is needed"):
        OnnxDetector(ModelFiles(files.path, other))
