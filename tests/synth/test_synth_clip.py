"""Seeded clips: same seed same clip, labels that fit the pixels, conditions in their shares."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from lpr.errors import OutputError
from lpr.evaluate import load_clips
from lpr.evaluate.datasets import data_folder
from lpr.synth.clip import ClipFrame, ClipSpec, render_clip, render_frames, sample_clip_spec
from lpr.synth.clip_camera import Camera, Pose
from lpr.synth.clip_encode import ClipWriter
from lpr.synth.clip_optics import Lens
from lpr.synth.clip_spec import DAY, FADED, NEAR, Route, VehicleSpec
from lpr.synth.fonts import FontBook

_FRAMES = 4
_LENS = Lens(0.4, 1 / 1000, 1.0, 0.0, 0.0, -1, 1.0, 0.3)


def _spec(plate: str = "one") -> ClipSpec:
    route = Route(9.0, 4.0, 0.3, 0.0, 0.0, _FRAMES / 12)
    return ClipSpec(
        seed=5,
        fps=12,
        frames=_FRAMES,
        camera=Camera(640, 360, 40.0, 1.6, 7.0),
        light=DAY,
        lens=_LENS,
        vehicles=(VehicleSpec(11, route, False, plate),),
        sign=False,
        bit_rate=800_000,
        regions=("de",),
    )


@pytest.fixture(scope="module")
def fonts(shared_data: Path) -> FontBook:
    """The typefaces of the shared data."""
    assert data_folder(shared_data).is_dir()
    return FontBook()


def test_a_seed_gives_one_spec() -> None:
    assert sample_clip_spec(7) == sample_clip_spec(7)
    assert sample_clip_spec(7) != sample_clip_spec(8)


def test_conditions_come_in_their_shares() -> None:
    specs = [sample_clip_spec(seed) for seed in range(400)]
    tags = [tag for spec in specs for tag in spec.tags]

    def share(tag: str) -> float:
        return tags.count(tag) / len(specs)

    # Four standard deviations of a binomial of 400 around the shares that the benchmark asks for.
    assert share("two lines") == pytest.approx(0.10, abs=0.06)
    assert share("no plate") == pytest.approx(0.05, abs=0.044)
    assert share("illegible") == pytest.approx(0.05, abs=0.044)
    for tag in ("day", "dusk", "night", "rain", "glare", "shake", "exposure step", "leaving"):
        assert share(tag) > 0.03, tag
    for spec in specs:
        assert 12 <= spec.fps <= 30
        assert 2.1 <= spec.frames / spec.fps <= 4.1
        for vehicle in spec.vehicles:
            if "illegible" not in spec.tags:
                assert min(vehicle.route.start, vehicle.route.end) >= NEAR
                assert max(vehicle.route.start, vehicle.route.end) <= 20.0


def test_the_camera_is_a_pinhole() -> None:
    camera = Camera(1000, 500, 90.0, 2.0, 0.0)
    ahead = np.array([[0.0, 2.0, 10.0], [10.0, 2.0, 10.0], [0.0, 0.0, 10.0]])
    # 90 degrees over 1000 pixels: a focal length of 500.
    assert camera.focal == pytest.approx(500.0)
    expected = [[500.0, 250.0], [1000.0, 250.0], [500.0, 350.0]]
    np.testing.assert_allclose(camera.project(ahead), expected, atol=1e-9)
    with pytest.raises(ValueError, match="behind"):
        camera.project(np.array([[0.0, 1.0, -1.0]]))


def test_pitch_yaw_and_roll_turn_the_view() -> None:
    point = np.array([[0.0, 2.0, 10.0]])
    straight = Camera(1000, 500, 90.0, 2.0, 0.0).project(point)[0]
    down = Camera(1000, 500, 90.0, 2.0, 10.0).project(point)[0]
    right = Camera(1000, 500, 90.0, 2.0, 0.0, yaw=10.0).project(point)[0]
    assert down[1] < straight[1]
    assert right[0] < straight[0]


def test_a_pose_turns_and_moves() -> None:
    local = np.array([[1.0, 0.5, 0.0], [0.0, 0.0, 2.0]])
    moved = Pose(3.0, 7.0, 90.0).place(local)
    np.testing.assert_allclose(moved, [[3.0, 0.5, 6.0], [5.0, 0.0, 7.0]], atol=1e-9)


def test_a_route_brakes_or_starts() -> None:
    coming = Route(20.0, 4.0, 0.0, 0.0, 1.0, 2.0)
    assert coming.pose(0.0).z == 20.0
    assert coming.pose(2.0).z == pytest.approx(4.0)
    assert coming.pose(1.0).z < 12.0
    leaving = Route(4.0, 20.0, 0.0, 0.0, 1.0, 2.0)
    assert leaving.pose(1.0).z < 12.0
    assert abs(coming.pose(0.5).heading) < 1e-9


@pytest.fixture(scope="module")
def rendered(fonts: FontBook) -> list[ClipFrame]:
    """The frames of the plain clip."""
    return list(render_frames(_spec(), fonts))


def test_frames_are_the_same_each_time_and_quads_grow(
    fonts: FontBook, rendered: list[ClipFrame]
) -> None:
    again = list(render_frames(_spec(), fonts))
    assert all(np.array_equal(a.image, b.image) for a, b in zip(rendered, again, strict=True))
    quads = [frame.quads[0] for frame in rendered]
    widths = [quad.width for quad in quads if quad is not None]
    assert len(widths) == len(rendered)
    assert widths == sorted(widths)
    assert all(quad.is_convex for quad in quads if quad is not None)


def test_the_plate_is_where_its_label_says(fonts: FontBook, rendered: list[ClipFrame]) -> None:
    """Against the same clip with a spoilt plate: pixels differ inside the quad and only there."""
    whole = rendered[-1]
    spoilt = list(render_frames(_spec(FADED), fonts))[-1]
    quad = whole.quads[0]
    assert quad is not None
    change = cv2.absdiff(whole.image, spoilt.image).max(axis=2).astype(np.float64)
    mask = np.zeros(change.shape, np.uint8)
    cv2.fillPoly(mask, [np.array(quad.expanded(0.08, 0.2).points).astype(np.int32)], 255)
    inside, outside = change[mask > 0].mean(), change[mask == 0].mean()
    assert inside > 15
    assert outside < inside / 10


def test_a_clip_and_its_labels(fonts: FontBook, tmp_path: Path) -> None:
    """A two-line plate that can be read, one that cannot, and a vehicle without."""
    (first,) = _spec("two").vehicles
    beside = replace(first.route, x_start=-2.0, x_end=-2.0)
    vehicles = (
        first,
        VehicleSpec(12, beside, False, FADED),
        VehicleSpec(13, replace(beside, x_start=2.3, x_end=2.3), True, "none"),
    )
    spec = replace(_spec(), vehicles=vehicles)
    labels = render_clip(spec, tmp_path / "a.mp4", fonts=fonts)
    with av.open(str(tmp_path / "a.mp4")) as container:
        frames = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
        assert container.streams.video[0].codec_context.name == "h264"
    assert (len(frames), frames[0].shape) == (_FRAMES, (360, 640, 3))
    plate, faded = labels.plates
    assert (plate.lines, len(plate.quads)) == (2, _FRAMES)
    assert len(plate.text) >= 4
    assert 0 <= plate.first_frame <= plate.last_frame == _FRAMES - 1
    assert (faded.text, faded.first_frame) == ("", -1)
    assert {"two lines", "illegible"} <= set(labels.tags)
    (tmp_path / "labels.jsonl").write_text(json.dumps(labels.to_json()), encoding="utf-8")
    (clip,) = load_clips(tmp_path)
    assert (clip.fps, clip.frames, clip.illegible) == (12.0, _FRAMES, 1)
    assert [one.text for one in clip.plates] == [plate.text]
    assert clip.tags == labels.tags
    assert clip.regions == ("de",)
    rows = labels.to_json(quads=True)["plates"]
    assert isinstance(rows, list)
    assert len(rows[0]["quads"]) == _FRAMES


def test_an_unwritable_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot write"):
        ClipWriter(tmp_path / "none" / "a.mp4", 64, 64, 10, 100_000)
