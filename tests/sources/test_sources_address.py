from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpr.errors import SourceError
from lpr.sources.address import (
    Address,
    SourceKind,
    local_path,
    names_webcam,
    parse_address,
    redact,
    scheme_of,
)


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("0", SourceKind.WEBCAM, "webcam-0"),
        ("/dev/video2", SourceKind.WEBCAM, "webcam-2"),
        ("rtsp://10.0.0.5:554/live", SourceKind.STREAM, "10.0.0.5:554/live"),
        ("RTSPS://cam/", SourceKind.STREAM, "cam"),
        ("https://cam.example/mjpg?fps=5", SourceKind.STREAM, "cam.example/mjpg"),
    ],
)
def test_kinds(text: str, kind: SourceKind, name: str) -> None:
    address = parse_address(text)
    assert (address.kind, address.name) == (kind, name)


def test_what_an_address_is_told_by_its_looks() -> None:
    assert [scheme_of(text) for text in ("RTSP://a", "a.mp4", "0", "c:/a")] == ["rtsp"] + [None] * 3
    assert [names_webcam(text) for text in ("0", "/dev/video1", "1000", "a")] == [1, 1, 0, 0]
    assert local_path("file:///a%20b/c.png") == "/a b/c.png"


@pytest.mark.parametrize("scheme", ["HTTP", "Rtsp", "https"])
def test_schemes_are_handed_over_in_lower_case(scheme: str) -> None:
    assert parse_address(f"{scheme}://Cam/A").target == f"{scheme.lower()}://Cam/A"


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("rtsp://10.0.0.5/stream@1", "rtsp://10.0.0.5/stream@1"),
        ("http://10.0.0.5/a?x=me@b", "http://10.0.0.5/a"),
        ("http://token@10.0.0.5/a@b", "http://10.0.0.5/a@b"),
        ("http://me@example@10.0.0.5/a", "http://10.0.0.5/a"),
        ("rtsp://u:p/w@10.0.0.5/x", "rtsp://10.0.0.5/x"),
        ("rtsp://u:p?w@10.0.0.5/x", "rtsp://10.0.0.5/x"),
    ],
)
def test_an_at_sign_in_the_path_is_no_user(address: str, public: str) -> None:
    """Unless a colon comes before it: then all before it may be a password."""
    assert parse_address(address).public == public


def test_paths(tmp_path: Path) -> None:
    for name, content, kind in [
        ("a.mp4", b"", SourceKind.VIDEO),
        ("a.JPG", b"", SourceKind.PICTURE),
        ("unnamed", b"\x89PNG\r\n\x1a\n" + bytes(30), SourceKind.PICTURE),
        ("a.mjpeg", b"\xff\xd8\xff" + bytes(30), SourceKind.VIDEO),
        ("unknown", b"text", SourceKind.VIDEO),
        ("phone.HEIC", b"\0\0\0\x18ftypheic", SourceKind.PICTURE),
    ]:
        path = tmp_path / name
        path.write_bytes(content)
        assert parse_address(str(path)).kind is kind
        assert parse_address(path.as_uri()).target == str(path)
        assert parse_address(str(path)).name == name
    assert parse_address(str(tmp_path)).kind is SourceKind.FOLDER


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("missing.mp4", "missing.mp4: no such file or folder"),
        ("", "no such file"),
        ("rtmp://cam/live", "rtmp:// is not supported"),
        ("rtpsp://cam/live", "did you mean 'rtsp'"),
        ("rtsp://", "has no host"),
        ("a\0b.mp4", "not a usable path|no such file"),
        ("/dev/null", "neither a regular file nor a folder"),
        ("ftp://u:secret@host/x", "ftp://host/x: ftp:// is not supported"),
    ],
)
def test_wrong_addresses_get_one_clear_line(text: str, words: str) -> None:
    with pytest.raises(SourceError, match=words) as caught:
        parse_address(text)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "rtsp://admin:hunter22@10.0.0.5:554/live",
        "rtsp://admin:hunter22@10.0.0.5/user=admin_password=hunter22_channel=1.sdp",
        "http://10.0.0.5/cgi?user=admin&pwd=hunter22&x=1",
        "http://10.0.0.5/video.mjpg?token=hunter22",
        "rtsp://admin:hun@ter/hunter22@10.0.0.5/live",
        "http://hunter22@10.0.0.5/live",
        "rtsp://admin:it's-hunter22@10.0.0.5/live",
        'rtsp://admin:"<hunter22>@10.0.0.5/live',
        "rtsp://admin:my hunter22@10.0.0.5/live",
        "rtsp://o'neil:hunter22@10.0.0.5/live",
        "rtsp://10.0.0.5/user=admin_password='hunter22_channel=1.sdp",
    ],
)
def test_credentials_are_never_shown(address: str) -> None:
    parsed = parse_address(address)
    assert "hunter22" not in parsed.public + parsed.name + repr(parsed)
    assert "hunter22" not in parsed.clean(f"[Errno 1] failed: '{address}', bye")
    assert "10.0.0.5" in parsed.public


@pytest.mark.parametrize(
    "address",
    [
        "rtsp://admin:hunter22@10.0.0.5/user=admin_password=hunter22_channel=1.sdp",
        "http://10.0.0.5/video.mjpg?token=hunter22",
        "rtsp://admin:hun@ter/hunter22@10.0.0.5/live",
    ],
)
def test_credentials_are_taken_out_of_any_text(address: str) -> None:
    assert "hunter22" not in redact(f"cannot open '{address}'")


passwords = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=4, max_size=20)


@settings(max_examples=50, deadline=None)
@given(passwords)
def test_a_password_of_any_letters_is_taken_out(password: str) -> None:
    host, target = "cam.example", "rtsp://admin:{}@cam.example/live"
    parsed = parse_address(target.format(quote(password, safe="")))
    assert parsed.public == f"rtsp://{host}/live"
    marked = password + "\u2603"  # cannot be part of any fixed word of the message
    address = Address(
        SourceKind.STREAM, target.format(quote(marked)), "rtsp://cam.example/live", "c"
    )
    assert marked not in address.clean(f"refused: {marked} is wrong")
    assert quote(marked) not in address.clean(f"refused: {quote(marked)} is wrong")
