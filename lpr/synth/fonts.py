"""Typefaces for synthetic plates: found at run time, never shipped.

Looked for in `$LPR_FONTS` (folders, separated like `$PATH`), `$LPR_DATA/fonts`, the system's font
folders. Pillow draws each glyph once; plates are put together from the cached masks.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from lpr.errors import ConfigError
from lpr.synth.face import Face, Pen, script_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "fe": ("glnummernschild",),
    "din": ("osp-din",),
    "us": ("rg2014",),
    "thin": ("routed-gothic", "osifont"),
    "condensed": (
        "barlow-condensed-latin-500",
        "barlow-condensed-latin-600",
        "barlow-condensed-latin-700",
        "oswald-latin-400",
        "oswald-latin-500",
        "roboto-condensed-latin-500",
        "roboto-condensed-latin-700",
        "saira-semi-condensed-latin-500",
        "saira-semi-condensed-latin-600",
        "liberationsansnarrow-bold",
        "dejavusanscondensed-bold",
        "share-tech-latin-400",
        "anton-latin-400",
        "archivo-narrow-latin-600",
        "archivo-narrow-latin-700",
        "bebas-neue-latin-400",
        "fjalla-one-latin-400",
        "francois-one-latin-400",
        "pathway-gothic-one-latin-400",
        "pt-sans-narrow-latin-700",
        "teko-latin-500",
        "ubuntu-condensed-latin-400",
    ),
    "sans": (
        "liberationsans-bold",
        "liberationsans-regular",
        "overpass-latin-600",
        "overpass-latin-700",
        "overpass-latin-800",
        "rajdhani-latin-600",
        "rajdhani-latin-700",
        "dejavusans-bold",
        "dejavusansmono-bold",
        "gothic-a1-latin-600",
        "ptn77f",
        "pts75f",
        "arimo-latin-500",
        "arimo-latin-700",
        "cousine-latin-700",
        "exo-2-latin-600",
        "inconsolata-latin-700",
        "jura-latin-700",
        "kanit-latin-500",
        "m-plus-rounded-1c-latin-700",
        "nunito-latin-700",
        "play-latin-700",
        "varela-round-latin-400",
    ),
    "serif": (
        "liberationserif-bold",
        "dejavuserif-bold",
        "dejavuserifcondensed-bold",
        "ptf75f",
        "arvo-latin-700",
        "bree-serif-latin-400",
        "courier-prime-latin-700",
        "libre-baskerville-latin-700",
        "playfair-display-latin-700",
        "pt-serif-latin-700",
        "roboto-slab-latin-500",
        "roboto-slab-latin-700",
        "tinos-latin-400",
        "tinos-latin-700",
    ),
    "italic": (
        "liberationsans-bolditalic",
        "liberationserif-bolditalic",
        "arimo-latin-400-italic",
        "arimo-latin-700-italic",
        "exo-2-latin-600-italic",
        "kanit-latin-500-italic",
        "libre-baskerville-latin-400-italic",
        "playfair-display-latin-700-italic",
        "tinos-latin-400-italic",
        "tinos-latin-700-italic",
    ),
    "stencil": (
        "allerta-stencil-latin-400",
        "big-shoulders-stencil-text-latin-700",
        "black-ops-one-latin-400",
        "saira-stencil-one-latin-400",
        "stardos-stencil-latin-400",
        "stardos-stencil-latin-700",
    ),
    "fancy": (
        "audiowide-latin-400",
        "chakra-petch-latin-600",
        "electrolize-latin-400",
        "kaushan-script-latin-400",
        "michroma-latin-400",
        "orbitron-latin-500",
        "orbitron-latin-700",
        "oxanium-latin-600",
        "permanent-marker-latin-400",
        "quantico-latin-700",
        "righteous-latin-400",
        "russo-one-latin-400",
        "special-elite-latin-400",
        "squada-one-latin-400",
    ),
    "hangul": (
        "nanumgothicbold",
        "nanumbarungothicbold",
        "nanumsquareb",
        "nanumsquareroundb",
        "nanumgothic",
        "notosanscjk-thin",
    ),
    "han": (
        "notosanscjk-bold",
        "notosanscjk-regular",
        "notosanscjk-medium",
        "notosanscjk-black",
        "notosanscjk-demilight",
        "notoserifcjk-bold",
        "wqy-microhei",
        "droidsansfallbackfull",
        "lxgwwenkai-bold",
        "notosanscjk-thin",
        "lxgwwenkai-light",
    ),
    "arabic": (
        "dejavusans-bold",
        "dejavusans",
        "amiri-arabic-700",
        "cairo-arabic-500",
        "cairo-arabic-700",
        "noto-kufi-arabic-arabic-600",
        "noto-sans-arabic-arabic-500",
        "noto-sans-arabic-arabic-700",
        "vazirmatn-arabic-600",
    ),
    "thai": (
        "kanit-thai-500",
        "noto-sans-thai-thai-500",
        "noto-sans-thai-thai-700",
        "prompt-thai-500",
        "sarabun-thai-600",
        "sarabun-thai-700",
    ),
    "devanagari": (
        "mukta-devanagari-600",
        "noto-sans-devanagari-devanagari-500",
        "noto-sans-devanagari-devanagari-700",
    ),
    "bengali": (
        "hind-siliguri-bengali-500",
        "hind-siliguri-bengali-700",
        "noto-sans-bengali-bengali-600",
    ),
    "myanmar": ("noto-sans-myanmar-myanmar-500", "noto-sans-myanmar-myanmar-700"),
    "khmer": ("noto-sans-khmer-khmer-500", "noto-sans-khmer-khmer-700"),
    "lao": ("noto-sans-lao-lao-500", "noto-sans-lao-lao-700"),
    "ethiopic": ("noto-sans-ethiopic-ethiopic-500", "noto-sans-ethiopic-ethiopic-700"),
    "kana": ("notosanscjk-bold", "notosanscjk-regular", "notosanscjk-medium"),
    "cyrillic": (
        "dejavusans-bold",
        "dejavusanscondensed-bold",
        "liberationsans-bold",
        "liberationsansnarrow-bold",
        "pts75f",
    ),
}
_THIN: Final = ("notosanscjk-thin", "lxgwwenkai-light")
"""Faces that are drawn with pens."""
_PENS: Final[Mapping[str, tuple[Pen, ...]]] = {
    "han": tuple(Pen(wide, bold) for wide in (0.5, 0.65) for bold in (0.03, 0.05)),
    "hangul": tuple(Pen(wide, bold) for wide in (0.75, 0.95) for bold in (0.07, 0.1)),
}
"""Strokes of plates, all equally wide; Chinese characters are half as wide as high there."""
_NOTO_CJK: Final[Mapping[str, int]] = {"hangul": 1, "han": 2}
"""Face of the Noto CJK collections with the Korean and with the simplified Chinese shapes."""

PLATE_FONTS: Final[Mapping[str, tuple[tuple[str, float], ...]]] = {
    "fe": (("fe", 0.7), ("din", 0.2), ("condensed", 0.1)),
    "din": (("din", 0.45), ("condensed", 0.25), ("fe", 0.1), ("sans", 0.1), ("thin", 0.1)),
    "uk": (("condensed", 0.5), ("sans", 0.25), ("din", 0.25)),
    "us": (("us", 0.6), ("thin", 0.12), ("condensed", 0.18), ("sans", 0.1)),
    "fr": (("din", 0.5), ("condensed", 0.4), ("sans", 0.1)),
    "nl": (("din", 0.4), ("condensed", 0.4), ("us", 0.2)),
    "cn": (("condensed", 0.5), ("din", 0.3), ("sans", 0.2)),
    "kr": (("sans", 0.5), ("condensed", 0.3), ("din", 0.2)),
    "generic": (
        ("condensed", 0.24),
        ("sans", 0.25),
        ("din", 0.12),
        ("fe", 0.08),
        ("us", 0.08),
        ("thin", 0.04),
        ("serif", 0.07),
        ("italic", 0.05),
        ("stencil", 0.02),
        ("fancy", 0.05),
    ),
}
"""The font hints of the plate formats as mixtures of kinds of face."""


def _faces_from(path: Path, kind: str) -> Iterator[Face]:
    """The faces of one kind that a file gives."""
    name = path.name.lower()
    collection = name.startswith(("notosanscjk", "notoserifcjk"))
    index = _NOTO_CJK.get(kind, 0) if collection and path.suffix == ".ttc" else 0
    if name.startswith(_THIN):
        yield from (Face(path, index, pen) for pen in _PENS[kind])
    else:
        yield Face(path, index)


class FontBook:
    """The faces found on this machine, by kind.

    Args:
        folders: where to look; by default `font_folders()`.

    Raises:
        ConfigError: no face for Latin plates was found.
    """

    def __init__(self, folders: Sequence[Path] | None = None) -> None:
        places = tuple(folders) if folders is not None else font_folders()
        found: dict[str, list[Face]] = {kind: [] for kind in _KINDS}
        for path in sorted(_font_files(places), key=lambda file: (file.name, str(file))):
            for kind in _kinds_of(path):
                if path.name.lower() not in {one.path.name.lower() for one in found[kind]}:
                    found[kind] += _faces_from(path, kind)
        self._faces = found
        if not any(found[kind] for kind in ("fe", "din", "us", "condensed", "sans")):
            raise ConfigError(
                "no fonts for plates found in "
                + ", ".join(str(folder) for folder in places)
                + "; set LPR_FONTS to a folder with TrueType files (see docs/training.md)"
            )

    @classmethod
    def installed(cls) -> FontBook | None:
        """The faces of this machine; None where there is none for Latin plates."""
        try:
            return cls()
        except ConfigError:
            return None

    def kinds(self) -> tuple[str, ...]:
        """The kinds of which at least one face was found."""
        return tuple(kind for kind, faces in self._faces.items() if faces)

    def missing(self) -> tuple[str, ...]:
        """The faces that could be used and were not found, by the names of their files.

        The same seed draws other plates without them.
        """
        lacking = {
            stem
            for kind, stems in _KINDS.items()
            for stem in stems
            if not any(_is_named(face.path, stem, kind) for face in self._faces[kind])
        }
        return tuple(sorted(lacking))

    def pick(self, hint: str, rng: np.random.Generator) -> Face:
        """Draw a face for a font hint of the plate formats, from the kinds that are there."""
        choices = [(kind, share) for kind, share in PLATE_FONTS[hint] if self._faces[kind]]
        if not choices:
            choices = [(kind, 1.0) for kind in ("condensed", "sans", "din", "us", "fe", "thin")]
            choices = [(kind, share) for kind, share in choices if self._faces[kind]]
        shares = np.array([share for _, share in choices])
        kind = choices[int(rng.choice(len(choices), p=shares / shares.sum()))][0]
        return self.pick_kind(kind, rng)

    def pick_kind(self, kind: str, rng: np.random.Generator) -> Face:
        """Draw a face of one kind.

        Raises:
            ConfigError: none was found.
        """
        faces = self._faces[kind]
        if not faces:
            raise ConfigError(
                f"no {kind} font found ({', '.join(_KINDS[kind][:2])}); install one (on Debian "
                "fonts-nanum, fonts-noto-cjk, fonts-dejavu-core; others are packages of "
                "docs/training.md) or set LPR_FONTS"
            )
        return faces[int(rng.integers(len(faces)))]

    def pick_kind_or(self, kind: str, rng: np.random.Generator) -> Face:
        """Draw a face of one kind, or of any Latin kind where none of that was found."""
        return self.pick_kind(kind, rng) if self._faces[kind] else self.pick("generic", rng)

    def faces_of(self, words: str, face: Face, rng: np.random.Generator) -> list[Face]:
        """A face for each character: `face`, or one that has its script; one for each script.

        Raises:
            ConfigError: none has the script.
        """
        own: dict[str, Face] = {}
        for char in words:
            kind = script_of(char)
            if kind is not None and kind not in own:
                own[kind] = self.pick_kind(kind, rng)
        return [own.get(script_of(char) or "", face) for char in words]


def font_folders() -> tuple[Path, ...]:
    """The folders in which fonts are looked for."""
    own = [Path(part) for part in os.environ.get("LPR_FONTS", "").split(os.pathsep) if part]
    data = os.environ.get("LPR_DATA")
    shared = Path(data) if data else Path(__file__).resolve().parents[2].parent / "shared" / "data"
    home = Path.home()
    system = [Path("/usr/share/fonts"), home / ".fonts", home / ".local/share/fonts"]
    return tuple(folder for folder in (*own, shared / "fonts", *system) if folder.is_dir())


def _font_files(folders: Sequence[Path]) -> Iterator[Path]:
    for folder in folders:
        for suffix in ("ttf", "otf", "ttc", "woff"):
            yield from folder.rglob(f"*.{suffix}")


def _kinds_of(path: Path) -> tuple[str, ...]:
    return tuple(
        kind for kind, stems in _KINDS.items() if any(_is_named(path, stem, kind) for stem in stems)
    )


def _is_named(path: Path, stem: str, kind: str) -> bool:
    """Whether a file's name is the one of a face of a kind."""
    name = path.stem.lower().removesuffix("-normal")
    return name == stem or (kind in ("fe", "us") and name.startswith(stem))
