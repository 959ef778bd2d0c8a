"""Turn received photos into copies that are safe to show, and compare them. Pure: no models, no clock, no settings."""

import io
import warnings
from dataclasses import dataclass
from typing import BinaryIO

import imagehash
import pillow_heif
from PIL import Image, ImageCms

pillow_heif.register_heif_opener(thumbnails=False)

LARGE, SMALL = 1600, 400
QUALITY = 82
# What Pillow may open for each kind that `image_headers` recognises: nothing else is ever tried on the bytes.
OPENERS = {"jpeg": ("JPEG", "MPO"), "png": ("PNG",), "webp": ("WEBP",), "heic": ("HEIF",)}
ORIENTATION = 0x0112
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SRGB = ImageCms.createProfile("sRGB")


class Unreadable(Exception):
    """The decoder could not make a whole picture of the bytes."""


@dataclass(frozen=True)
class Copies:
    """Two clean JPEGs, the size of the upright photo in pixels and its perceptual hash (16 hex digits)."""

    large: bytes
    small: bytes
    width: int
    height: int
    phash: str


def make_copies(file: BinaryIO, kind: str) -> Copies:
    """Decode a photo fully and re-encode it at 1600 and 400 pixels, upright, in sRGB, without any metadata.

    Whatever was appended to, hidden in or broken about the file ends here; raises `Unreadable`.
    """
    try:
        with warnings.catch_warnings():
            # Pillow warns of odd EXIF and of large pictures; the pixel limit was checked by header before.
            warnings.simplefilter("ignore")
            return _copies(file, kind)
    except Exception as error:  # decoders raise nearly everything on hostile bytes; each means the same here
        raise Unreadable(str(error)) from error


def _copies(file: BinaryIO, kind: str) -> Copies:
    file.seek(0)
    with Image.open(file, formats=OPENERS[kind]) as opened:
        width, height = opened.size
        # Lets the JPEG decoder skip most of the work; it wants the size in the photo's own aspect.
        opened.draft(None, fit(opened.size, LARGE))
        opened.load()
        # Only after the load: of a PNG, asking for EXIF decodes, and a second decoding hides that the first failed.
        turn = TURNS.get(orientation_of(opened))
        picture = flat(opened)
    picture.thumbnail((LARGE, LARGE), Image.Resampling.LANCZOS)
    picture = to_srgb(picture)
    if turn is not None:
        picture = picture.transpose(turn)
        width, height = (height, width) if turn in SIDEWAYS else (width, height)
    small = picture.copy()
    small.thumbnail((SMALL, SMALL), Image.Resampling.LANCZOS)
    return Copies(encode(picture), encode(small), width, height, perceptual_hash(small))


SIDEWAYS = {TURNS[5], TURNS[6], TURNS[7], TURNS[8]}


def orientation_of(picture: Image.Image) -> int:
    """Return the EXIF orientation 1–8; 1 for junk. HEIC is turned by its decoder already."""
    try:
        value = picture.getexif().get(ORIENTATION, 1)
    except Exception:  # EXIF is the part of a file that is broken most often, and the least important
        return 1
    return value if isinstance(value, int) and picture.format != "HEIF" else 1


def fit(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """Scale a size down, in its own aspect, so that its longer side is at most `longest`."""
    scale = min(1.0, longest / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def flat(picture: Image.Image) -> Image.Image:
    """Return a picture in L, RGB or CMYK: 16-bit depth reduced, transparency put on white."""
    if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):
        return picture.convert("F").point(lambda value: value * (1 / 257)).convert("L")
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        ground = Image.new("RGBA", picture.size, "white")
        return with_profile(Image.alpha_composite(ground, picture).convert("RGB"), picture)
    if picture.mode in ("L", "RGB", "CMYK"):
        return picture.copy()
    return with_profile(picture.convert("L" if picture.mode == "1" else "RGB"), picture)


def with_profile(picture: Image.Image, source: Image.Image) -> Image.Image:
    """Carry the colour profile over to a converted picture."""
    picture.info["icc_profile"] = source.info.get("icc_profile")
    return picture


def to_srgb(picture: Image.Image) -> Image.Image:
    """Return the picture in sRGB, through its own colour profile where that is sound."""
    profile = picture.info.get("icc_profile")
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(picture, source, SRGB, outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, ValueError):
            converted = None  # a broken or foreign profile: plain conversion shows the colours nearly right
        if converted is not None:
            return converted
    return picture.convert("RGB")


def encode(picture: Image.Image) -> bytes:
    """Encode an RGB picture as JPEG with nothing but the pixels."""
    out = io.BytesIO()
    picture.info.clear()
    picture.save(out, "JPEG", quality=QUALITY, optimize=True)
    return out.getvalue()


def perceptual_hash(picture: Image.Image) -> str:
    """Return the 64-bit DCT hash of a picture as 16 hex digits."""
    return str(imagehash.phash(picture))


def distance(one: int, other: int) -> int:
    """Count the bits in which two perceptual hashes differ (0–64)."""
    return (one ^ other).bit_count()
