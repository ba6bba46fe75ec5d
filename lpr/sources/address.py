"""What a source's address names, and how to show it without its credentials."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lpr.errors import SourceError, did_you_mean
from lpr.sources.header import is_picture

PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".png", ".bmp", ".webp", ".tif", ".tiff"})
OTHER_PICTURE_SUFFIXES = frozenset({".heic", ".heif", ".avif", ".jxl", ".jp2"})
"""Pictures that are not supported; a video demuxer would take the first tile of some."""
STREAM_SCHEMES = ("rtsp", "rtsps", "http", "https")

_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*)://")
_WEBCAM = re.compile(r"^(?:/dev/video)?(\d{1,3})$")
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)([^\s'\"<>]*)")
_USER = re.compile(r"^[^/?#]*@")
_NAMED = r"(?i)((?:user(?:name)?|pass(?:word|wd)?|pwd|token|key|auth)=)"
_SECRET = re.compile(_NAMED + r"[^&/\s'\"]*")
_SECRET_OF_ONE = re.compile(_NAMED + r"[^&/]*")


class SourceKind(StrEnum):
    """What kind of source an address names."""

    VIDEO = "video"
    PICTURE = "picture"
    FOLDER = "folder"
    WEBCAM = "webcam"
    STREAM = "stream"


@dataclass(frozen=True, slots=True)
class Address:
    """A parsed address.

    Attributes:
        kind: what it names.
        target: path, device number or URL as it has to be opened: may hold credentials.
        public: the same for people's eyes, without credentials and query.
        name: a short name for the camera, without credentials.
    """

    kind: SourceKind
    target: str
    public: str
    name: str

    def __repr__(self) -> str:
        return f"Address(kind={self.kind.value!r}, public={self.public!r}, name={self.name!r})"

    def clean(self, message: str) -> str:
        """Return `message` without this address's credentials."""
        cleaned = message.replace(self.target, self.public)
        if self.kind is SourceKind.STREAM:
            for secret in _passwords(self.target):
                cleaned = cleaned.replace(secret, "***")
        return redact(cleaned)


def _passwords(url: str) -> tuple[str, ...]:
    """Return the passwords of a URL, as written and unquoted; empty where there is none."""
    rest = url.partition("://")[2]
    userinfo, at, _ = rest.rpartition("@")
    password = userinfo.partition(":")[2] if at else ""
    return tuple({password, unquote(password)}) if len(password) >= 3 else ()


def redact(text: str) -> str:
    """Return `text` with user names, passwords and queries taken out of every URL in it.

    Examples:
        >>> redact("cannot open rtsp://admin:s3cret@10.0.0.5:554/live?token=1: timed out")
        'cannot open rtsp://10.0.0.5:554/live: timed out'
    """
    return _SECRET.sub(r"\1***", _URL.sub(_redact_url, text))


def redact_one(url: str) -> str:
    """Like `redact`, for a text that is one URL: quotes and spaces end no password.

    >>> redact_one("rtsp://admin:it's mine@10.0.0.5/live")
    'rtsp://10.0.0.5/live'
    """
    scheme, mark, rest = url.partition("://")
    return _SECRET_OF_ONE.sub(r"\1***", scheme + mark + _without_credentials(rest))


def _redact_url(match: re.Match[str]) -> str:
    scheme, rest = match.group(1), match.group(2)
    tail = re.search(r"[:,;.)\]]+$", rest)
    end = tail.group() if tail else ""
    return scheme + _without_credentials(rest[: len(rest) - len(end)]) + end


def _without_credentials(rest: str) -> str:
    """Return what comes after a URL's scheme, without user name, password and query."""
    userinfo, _, shown = rest.rpartition("@")
    if ":" not in userinfo:  # else a password, which may hold a slash that should be quoted
        shown = _USER.sub("", rest)
    return re.split(r"[?#]", shown, maxsplit=1)[0]


def scheme_of(text: str) -> str | None:
    """The scheme of an address in lower case; None for paths and webcams.

    >>> scheme_of("RTSP://10.0.0.5/live"), scheme_of("gate.mp4")
    ('rtsp', None)
    """
    found = _SCHEME.match(text)
    return None if found is None else found.group(1).lower()


def local_path(url: str) -> str:
    """The path that a file:// address names."""
    return unquote(urlsplit(url).path)


def names_webcam(text: str) -> bool:
    """Whether `text` is a webcam's number or device."""
    return _WEBCAM.match(text) is not None


def parse_address(text: str) -> Address:
    """Find out what an address names.

    Args:
        text: a video file, a picture, a folder of pictures, a webcam number ("0" or
            "/dev/video0"), or an rtsp://, rtsps://, http:// or https:// address.

    Raises:
        SourceError: nothing is there, or the scheme is not supported.
    """
    scheme = scheme_of(text)
    if scheme is not None:
        # The case is of no account, but FFmpeg knows them so.
        return _parse_url(scheme + text[len(scheme) :], scheme)
    webcam = _WEBCAM.match(text)
    if webcam:
        number = str(int(webcam.group(1)))
        return Address(SourceKind.WEBCAM, number, f"webcam {number}", f"webcam-{number}")
    return _parse_path(text)


def _parse_url(text: str, scheme: str) -> Address:
    if scheme == "file":
        return _parse_path(local_path(text))
    if scheme not in STREAM_SCHEMES:
        raise SourceError(
            f"{redact_one(text)}: {scheme}:// is not supported; use a path or one of "
            f"{', '.join(name + '://' for name in STREAM_SCHEMES)}"
            f"{did_you_mean(scheme, STREAM_SCHEMES)}"
        )
    public = redact_one(text)
    name = public.partition("://")[2].rstrip("/")
    if not name:
        raise SourceError(f"{public}: the address has no host")
    return Address(SourceKind.STREAM, text, public, name)


def _parse_path(text: str) -> Address:
    path = Path(text)
    try:
        exists, is_folder = path.exists(), path.is_dir()
    except (OSError, ValueError) as error:
        raise SourceError(f"{text!r}: not a usable path: {error}") from error
    if text == "-" and not exists:
        raise SourceError("-: a source is a file, a folder or an address, not standard input")
    if not text or not exists:
        raise SourceError(f"{text or 'the empty path'}: no such file or folder")
    name = path.name or path.resolve().name or "."
    if is_folder:
        return Address(SourceKind.FOLDER, text, text, name)
    if not path.is_file():
        raise SourceError(f"{text}: neither a regular file nor a folder")
    suffix = path.suffix.lower()
    picture = suffix in PICTURE_SUFFIXES | OTHER_PICTURE_SUFFIXES or _starts_like_picture(path)
    return Address(SourceKind.PICTURE if picture else SourceKind.VIDEO, text, text, name)


def _starts_like_picture(path: Path) -> bool:
    """Whether a file without a picture's suffix is one; motion JPEG starts like a JPEG."""
    if path.suffix.lower() in {".mjpeg", ".mjpg"}:
        return False
    try:
        with path.open("rb") as file:
            return is_picture(file.read(32))
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror}") from error
