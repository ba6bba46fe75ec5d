from __future__ import annotations

import base64
import os
import struct
import zlib
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from av.video.stream import VideoStream

from lpr.errors import ImageError
from lpr.sources import read_image
from lpr.sources.header import is_picture, is_video, read_header, read_orientation
from lpr.types import Image

CMYK_RED = (
    "/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwANCQoLCggNCwoLDg4NDxMgFRMSEhMnHB4XIC4pMTAuKS0sMzpKPjM2Rjcs"
    "LUBXQUZMTlJTUjI+WmFaUGBKUVJP/8AAFAgACAAIBEMRAE0RAFkRAEsRAP/EAB8AAAEFAQEBAQEBAAAAAAAAAAAB"
    "AgMEBQYHCAkKC//EALUQAAIBAwMCBAMFBQQEAAABfQECAwAEEQUSITFBBhNRYQcicRQygZGhCCNCscEVUtHwJDNi"
    "coIJChYXGBkaJSYnKCkqNDU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6g4SFhoeIiYqSk5SV"
    "lpeYmZqio6Slpqeoqaqys7S1tre4ubrCw8TFxsfIycrS09TV1tfY2drh4uPk5ebn6Onq8fLz9PX29/j5+v/aAA4E"
    "QwBNAFkASwAAPwD06vMK8wr06v/Z"
)


@pytest.fixture
def picture() -> Image:
    """A smooth colour picture, 80x60, with a bright top left corner."""
    small = np.random.default_rng(0).integers(30, 200, (6, 8, 3), dtype=np.uint8)
    image = np.asarray(cv2.resize(small, (80, 60), interpolation=cv2.INTER_CUBIC), np.uint8)
    image[:15, :20] = 255
    return image


def encode(suffix: str, image: np.ndarray) -> bytes:
    done, data = cv2.imencode(suffix, image)
    assert done
    return data.tobytes()


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".webp", ".tif"])
def test_formats(tmp_path: Path, picture: Image, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(encode(suffix, picture))
    image = read_image(path)
    assert image.shape == (60, 80, 3)
    assert image.dtype == np.uint8
    assert image.flags.c_contiguous
    assert np.abs(image.astype(int) - picture).mean() < 6
    header = read_header(path.read_bytes())
    assert header is not None
    assert (header.width, header.height) == (80, 60)


def test_every_depth_and_channel_count_becomes_bgr(tmp_path: Path, picture: Image) -> None:
    grey = picture[:, :, 1]
    three = np.dstack([grey] * 3)
    half = np.full_like(grey, 128)
    cases: dict[str, tuple[np.ndarray, np.ndarray]] = {
        "grey.png": (grey, three),
        "grey16.png": (grey.astype(np.uint16) * 257, three),
        "colour16.png": (picture.astype(np.uint16) * 257, picture),
        "grey16.tif": (grey.astype(np.uint16) * 257, three),
        "solid.png": (np.dstack([picture, np.full_like(grey, 255)]), picture),
        "clear.png": (np.dstack([picture, np.zeros_like(grey)]), np.full_like(picture, 255)),
        "half.webp": (np.dstack([picture, half]), (picture.astype(int) + 256) // 2),
        "half16.png": (
            np.dstack([picture, half]).astype(np.uint16) * 257,
            (picture.astype(int) + 256) // 2,
        ),
    }
    for name, (stored, expected) in cases.items():
        (tmp_path / name).write_bytes(encode(Path(name).suffix, stored))
        image = read_image(tmp_path / name)
        assert image.shape == (60, 80, 3), name
        assert np.abs(image.astype(int) - expected).mean() < 4, name


def test_cmyk(tmp_path: Path) -> None:
    (tmp_path / "cmyk.jpg").write_bytes(base64.b64decode(CMYK_RED))
    blue, green, red = read_image(tmp_path / "cmyk.jpg")[4, 4].tolist()
    assert red > 200
    assert max(blue, green) < 60


exif_orientations = pytest.mark.parametrize(
    ("orientation", "corner", "shape"),
    [
        (1, "top left", (60, 80)),
        (2, "top right", (60, 80)),
        (3, "bottom right", (60, 80)),
        (4, "bottom left", (60, 80)),
        (5, "top left", (80, 60)),
        (6, "top right", (80, 60)),
        (7, "bottom right", (80, 60)),
        (8, "bottom left", (80, 60)),
    ],
)


def exif(orientation: int) -> bytes:
    return b"II*\0" + struct.pack("<IHHHII", 8, 1, 0x0112, 3, 1, orientation) + bytes(4)


def assert_upright(image: Image, corner: str, shape: tuple[int, int]) -> None:
    assert image.shape[:2] == shape
    assert image.flags.c_contiguous
    bright = {
        "top left": image[:8, :8],
        "top right": image[:8, -8:],
        "bottom left": image[-8:, :8],
        "bottom right": image[-8:, -8:],
    }
    assert max(bright, key=lambda name: float(bright[name].mean())) == corner


@exif_orientations
def test_exif_rotation(
    tmp_path: Path, picture: Image, orientation: int, corner: str, shape: tuple[int, int]
) -> None:
    jpeg = encode(".jpg", np.where(picture == 255, 255, 40).astype(np.uint8))
    body = b"Exif\0\0" + exif(orientation)
    segment = b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
    (tmp_path / "turned.jpg").write_bytes(jpeg[:2] + segment + jpeg[2:])
    assert_upright(read_image(tmp_path / "turned.jpg"), corner, shape)


@exif_orientations
def test_exif_rotation_beside_transparency(
    tmp_path: Path, picture: Image, orientation: int, corner: str, shape: tuple[int, int]
) -> None:
    clear = np.full(picture.shape[:2], 200, np.uint8)
    stored = np.dstack([np.where(picture == 255, 255, 40).astype(np.uint8), clear])
    for name, pixels in (("8.png", stored), ("16.png", stored.astype(np.uint16) * 257)):
        png = encode(".png", pixels)
        turned = png[:33] + png_chunk(b"eXIf", exif(orientation)) + png[33:]
        (tmp_path / name).write_bytes(turned)
        assert_upright(read_image(tmp_path / name), corner, shape)
    done, webp = cv2.imencodeWithMetadata(
        ".webp",
        stored,
        [cv2.IMAGE_METADATA_EXIF],
        [np.frombuffer(exif(orientation), np.uint8)],
    )
    assert done
    (tmp_path / "a.webp").write_bytes(webp.tobytes())
    assert_upright(read_image(tmp_path / "a.webp"), corner, shape)


def test_a_broken_orientation_is_upright() -> None:
    assert read_orientation(exif(6)) == 6
    assert read_orientation(exif(9)) == 1
    assert read_orientation(exif(6)[:15]) == 1
    assert read_orientation(b"") == 1


@pytest.mark.parametrize("between", [0, 6000])
def test_a_transparent_colour_is_white_wherever_it_is_told(tmp_path: Path, between: int) -> None:
    head = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 1, 8, 2, 0, 0, 0))
    clear = png_chunk(b"tRNS", struct.pack(">HHH", 0, 0, 0))
    row = png_chunk(b"IDAT", zlib.compress(b"\0" + bytes(3) + b"\x10\x20\x30"))
    text = png_chunk(b"tEXt", b"Comment\0" + b"x" * between)
    data = b"\x89PNG\r\n\x1a\n" + head + text + clear + row + png_chunk(b"IEND", b"")
    (tmp_path / "clear.png").write_bytes(data)
    assert read_image(tmp_path / "clear.png").tolist() == [[[255, 255, 255], [0x30, 0x20, 0x10]]]


@pytest.mark.parametrize(
    ("depth", "row", "key", "second"),
    [
        (8, b"\x01\x40", 1, 0x40),
        (16, b"\x01\x00\x40\x00", 0x100, 0x40),
        (1, b"\x40", 0, 255),
        (4, b"\x3c", 3, 204),
    ],
)
def test_the_transparent_level_of_a_grey_png_is_white(
    tmp_path: Path, depth: int, row: bytes, key: int, second: int
) -> None:
    head = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 1, depth, 0, 0, 0, 0))
    clear = png_chunk(b"tRNS", struct.pack(">H", key))
    clear = png_chunk(b"tEXt", b"Comment\0 tRNS is another one") + clear
    body = png_chunk(b"IDAT", zlib.compress(b"\0" + row)) + png_chunk(b"IEND", b"")
    (tmp_path / "grey.png").write_bytes(b"\x89PNG\r\n\x1a\n" + head + clear + body)
    assert read_image(tmp_path / "grey.png").tolist() == [[[255] * 3, [second] * 3]]


def test_one_pixel(tmp_path: Path) -> None:
    (tmp_path / "one.png").write_bytes(encode(".png", np.full((1, 1, 3), 7, np.uint8)))
    assert read_image(tmp_path / "one.png").tolist() == [[[7, 7, 7]]]


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_of_size(width: int, height: int) -> bytes:
    """A PNG that promises a size and holds next to nothing."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    start = b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", head)
    return start + png_chunk(b"IDAT", zlib.compress(bytes(1000))) + png_chunk(b"IEND", b"")


def test_a_bomb_is_refused_by_its_header(tmp_path: Path) -> None:
    (tmp_path / "bomb.png").write_bytes(png_of_size(20_000, 20_000))
    with pytest.raises(ImageError, match=r"bomb\.png: 20000x20000 pixels .* 128 megapixels"):
        read_image(tmp_path / "bomb.png")
    jpeg = bytearray(encode(".jpg", np.zeros((16, 16, 3), np.uint8)))
    place = jpeg.index(b"\xff\xc0") + 5
    jpeg[place : place + 4] = struct.pack(">HH", 65500, 65500)
    (tmp_path / "bomb.jpg").write_bytes(jpeg)
    with pytest.raises(ImageError, match="65500x65500"):
        read_image(tmp_path / "bomb.jpg")
    (tmp_path / "small.png").write_bytes(encode(".png", np.zeros((20, 30, 3), np.uint8)))
    with pytest.raises(ImageError, match=r"limit of 0\.0005 megapixels"):
        read_image(tmp_path / "small.png", max_pixels=500)


def test_bad_files_get_one_clear_line(tmp_path: Path, picture: Image) -> None:
    cases = {
        "text.jpg": (b"not a picture\n" * 20, "not a picture that can be read"),
        "empty.png": (b"", "the file is empty"),
        "phone.jpg": (b"\0\0\0\x18ftypheic" + bytes(50), "HEIC files are not supported"),
        "moving.png": (b"GIF89a" + bytes(50), "GIF files are not supported"),
        "lying.png": (png_of_size(3000, 2000), "broken PNG"),
        "zero.png": (png_of_size(0, 0), "not a picture that can be read"),
    }
    for suffix in (".jpg", ".png", ".webp", ".bmp", ".tif"):
        data = encode(suffix, picture)
        cases[f"cut{suffix}"] = (data[: len(data) // 2], "cut short|broken|not a picture")
    for name, (data, words) in cases.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(ImageError, match=words) as caught:
            read_image(tmp_path / name)
        assert str(caught.value).startswith(str(tmp_path / name))
        assert "\n" not in str(caught.value)
    with pytest.raises(ImageError, match=r"none\.png: no such file"):
        read_image(tmp_path / "none.png")
    with pytest.raises(ImageError, match="not a regular file"):
        read_image(tmp_path)


def test_broken_pictures_are_quiet(
    tmp_path: Path, picture: Image, capfd: pytest.CaptureFixture[str]
) -> None:
    """OpenCV reports to standard error by itself; the one line is ours to give."""
    png = encode(".png", picture)
    (tmp_path / "cut.bmp").write_bytes(encode(".bmp", picture)[:3000])
    (tmp_path / "cut.png").write_bytes(png[: len(png) // 2] + b"IEND")
    for name in ("cut.bmp", "cut.png"):
        with pytest.raises(ImageError):
            read_image(tmp_path / name)
    assert capfd.readouterr().err == ""
    assert cv2.utils.logging.getLogLevel() != cv2.utils.logging.LOG_LEVEL_SILENT


def test_a_damaged_jpeg_is_refused_and_named(
    tmp_path: Path, picture: Image, capfd: pytest.CaptureFixture[str]
) -> None:
    jpeg = encode(".jpg", picture)
    scan, half = jpeg.index(b"\xff\xda") + 14, len(jpeg) // 2
    assert half > scan
    damaged = {
        "short.jpg": jpeg[:half] + b"\xff\xd9",
        "garbled.jpg": jpeg[:half] + bytes(range(1, 200)) + b"\xff\xfe\0\2" + jpeg[-20:],
    }
    for name, data in damaged.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(ImageError, match=f"{name}: damaged JPEG data: ") as caught:
            read_image(tmp_path / name)
        assert "\n" not in str(caught.value)
    assert capfd.readouterr().err == ""


def test_a_jpeg_with_bytes_to_spare_is_whole(
    tmp_path: Path, picture: Image, capfd: pytest.CaptureFixture[str]
) -> None:
    jpeg = encode(".jpg", picture)
    (tmp_path / "whole.jpg").write_bytes(jpeg)
    (tmp_path / "spare.jpg").write_bytes(jpeg[:-2] + bytes(7) + jpeg[-2:])
    assert (read_image(tmp_path / "spare.jpg") == read_image(tmp_path / "whole.jpg")).all()
    assert capfd.readouterr().err == ""


def test_a_closed_standard_error_does_no_harm(tmp_path: Path, picture: Image) -> None:
    (tmp_path / "a.png").write_bytes(encode(".png", picture))
    real = os.dup(2)
    os.close(2)
    try:
        image = read_image(tmp_path / "a.png")
    finally:
        os.dup2(real, 2)
        os.close(real)
    assert (image == picture).all()


@pytest.mark.parametrize(
    ("name", "kind", "codec"),
    [
        ("a.mp4", "mp4", "libx264"),
        ("a.mov", "mov", "libx264"),
        ("a.mkv", "matroska", "libx264"),
        ("a.avi", "avi", "mjpeg"),
        ("a.ts", "mpegts", "mpeg2video"),
        ("a.m2ts", "mpegts", "mpeg2video"),
        ("a.mpg", "mpeg", "mpeg2video"),
        ("a.flv", "flv", "flv"),
        ("a.wmv", "asf", "wmv2"),
    ],
)
def test_videos_are_known_by_their_first_bytes(
    tmp_path: Path, name: str, kind: str, codec: str
) -> None:
    path = tmp_path / name
    options = {"mpegts_m2ts_mode": "1"} if name == "a.m2ts" else {}
    with av.open(str(path), "w", format=kind, container_options=options) as container:
        stream = container.add_stream(codec, rate=25)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = 64, 48
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for level in range(3):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 60 * level, np.uint8), "bgr24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    start = path.read_bytes()[:400]
    assert is_video(start)
    assert not is_picture(start)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".webp", ".tif"])
def test_no_picture_is_taken_for_a_video(picture: Image, suffix: str) -> None:
    assert not is_video(cv2.imencode(suffix, picture)[1].tobytes()[:400])


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"GIF89a" + bytes(182) + b"G",
        b"\0\0\0\x18ftypheic",
        b"\0\0\0\x1cftypavif",
        b"RIFF1234WAVE",
    ],
)
def test_other_files_are_no_videos(start: bytes) -> None:
    assert not is_video(start)
