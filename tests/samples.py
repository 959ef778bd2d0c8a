"""Sample photos of every kind, sound and hostile, made in code: nothing binary is kept in the repository."""

import io
import random
import struct
import zlib
from collections.abc import Callable
from typing import Any

import pillow_heif
from PIL import Image, ImageCms, ImageDraw

pillow_heif.register_heif_opener(thumbnails=False)


def scene(seed: int = 1, size: tuple[int, int] = (640, 480), mode: str = "RGB") -> Image.Image:
    """Draw a picture with enough structure that two seeds look different to a perceptual hash."""
    dice = random.Random(seed)
    picture = Image.new("RGB", size, tuple(dice.randrange(256) for _ in range(3)))
    draw = ImageDraw.Draw(picture)
    for _ in range(24):
        x, y = dice.randrange(size[0]), dice.randrange(size[1])
        w, h = dice.randrange(20, size[0] // 2), dice.randrange(20, size[1] // 2)
        draw.rectangle((x, y, x + w, y + h), fill=tuple(dice.randrange(256) for _ in range(3)))
    return picture if mode == "RGB" else picture.convert(mode)


def encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    """Encode a picture."""
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def jpeg(seed: int = 1, size: tuple[int, int] = (640, 480), **options: Any) -> bytes:
    """Make a plain JPEG; another seed is another picture."""
    return encoded(scene(seed, size), "JPEG", **{"quality": 85, **options})


def png(seed: int = 1, mode: str = "RGB", **options: Any) -> bytes:
    """Make a PNG in a mode."""
    return encoded(scene(seed, mode=mode), "PNG", **options)


def webp(seed: int = 1, **options: Any) -> bytes:
    """Make a WebP."""
    return encoded(scene(seed), "WEBP", **options)


def heic(seed: int = 1, size: tuple[int, int] = (640, 480)) -> bytes:
    """Make a HEIC as iPhones do."""
    return encoded(scene(seed, size), "HEIF", quality=60)


def chunk(kind: bytes, data: bytes) -> bytes:
    """Build a PNG chunk."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def raw_png(width: int, height: int, data: bytes, *before: bytes, depth: int = 8, colour: int = 2) -> bytes:
    """Build a PNG by hand: any declared size, any image data, extra chunks before it."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(before) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def exif_with(orientation: int) -> Image.Exif:
    """Make EXIF that says how the phone was held, where and by whom."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "Huawei"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (39.0, 6.0, 12.0)
    return exif


def with_exif_junk() -> bytes:
    """Make a JPEG whose EXIF block is noise."""
    junk = b"Exif\x00\x00MM\x00*\x00\x00\x00\x08" + random.Random(3).randbytes(4000)
    body = jpeg()
    return body[:2] + b"\xff\xe1" + struct.pack(">H", len(junk) + 2) + junk + body[2:]


def with_many_segments(count: int) -> bytes:
    """Make a JPEG with a great many comment segments before its frame."""
    body = jpeg()
    return body[:2] + b"\xff\xfe\x00\x04hi" * count + body[2:]


def with_huge_header() -> bytes:
    """Make a JPEG that carries three megabytes of application data before its picture."""
    body = jpeg()
    block = b"\xff\xe5\xff\xff" + b"x" * 65533
    return body[:2] + block * 46 + body[2:]


def jpeg_that_claims(width: int, height: int) -> bytes:
    """Make a JPEG whose frame header declares another size than its data has."""
    body = bytearray(jpeg())
    at = body.index(b"\xff\xc0") + 5
    body[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(body)


def cmyk_jpeg(profile: bool = False) -> bytes:
    """Make a CMYK JPEG as print shops send them."""
    return encoded(scene(mode="CMYK"), "JPEG", **({"icc_profile": b"not a profile"} if profile else {}))


def profiled_jpeg() -> bytes:
    """Make a JPEG with a sound colour profile."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return jpeg(icc_profile=profile)


def mpo() -> bytes:
    """Make a multi-picture JPEG as phones with two lenses do."""
    out = io.BytesIO()
    scene(1).save(out, "MPO", save_all=True, append_images=[scene(2)])
    return out.getvalue()


def animated(kind: str) -> bytes:
    """Make an animation in a kind that may hold one."""
    out = io.BytesIO()
    scene(1).save(out, kind, save_all=True, append_images=[scene(2), scene(3)], duration=100)
    return out.getvalue()


def sixteen_bit(colour: bool = False) -> bytes:
    """Make a PNG with 16 bits a channel."""
    if colour:
        row = b"\x00" + b"\x40\x00\x80\x00\xc0\x00" * 64
        return raw_png(64, 48, zlib.compress(row * 48), depth=16)
    return encoded(Image.linear_gradient("L").convert("I").point(lambda v: v * 257).convert("I;16"), "PNG")


def transparent_palette() -> bytes:
    """Make a PNG with a palette of which one colour is transparent."""
    return encoded(scene().convert("P"), "PNG", transparency=0)


def bomb_png() -> bytes:
    """Make a small PNG that declares 40 megapixels and unpacks to far less; its header is accepted."""
    return raw_png(8000, 5000, zlib.compress(bytes(200_000), 9))


def text_bomb_png() -> bytes:
    """Make a PNG with a compressed text that unpacks to 200 MB."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(bytes(1_000_000)) for _ in range(200)) + packer.flush()
    text = chunk(b"zTXt", b"Comment\x00\x00" + packed)
    row = b"\x00" + bytes(64 * 3)
    return raw_png(64, 48, zlib.compress(row * 48), text)


def heic_that_claims(width: int, height: int) -> bytes:
    """Make a HEIC whose declared size is not that of its data."""
    body = bytearray(heic())
    at = body.index(b"ispe") + 8
    body[at : at + 8] = struct.pack(">II", width, height)
    return bytes(body)


def mp4() -> bytes:
    """Make the start of a video."""
    return b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + b"\x00\x00\x00\x08mdat" * 10


HTML = b"<html><script>alert(1)</script></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><rect width="9" height="9"/></svg>'
PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\n%%EOF"

# name: (maker, what becomes of it). "copy": a clean copy. "late": the header is fine, the worker cannot decode it.
# Anything else is the code of the refusal at once.
ODD: dict[str, tuple[Callable[[], bytes], str]] = {
    "plain JPEG": (jpeg, "copy"),
    "progressive JPEG": (lambda: jpeg(progressive=True), "copy"),
    "grey JPEG": (lambda: encoded(scene(mode="L"), "JPEG"), "copy"),
    "CMYK JPEG": (cmyk_jpeg, "copy"),
    "CMYK JPEG with a broken profile": (lambda: cmyk_jpeg(profile=True), "copy"),
    "JPEG with a colour profile": (profiled_jpeg, "copy"),
    "JPEG lying on its side": (lambda: jpeg(exif=exif_with(6)), "copy"),
    "JPEG mirrored and turned": (lambda: jpeg(exif=exif_with(5)), "copy"),
    "JPEG with an impossible orientation": (lambda: jpeg(exif=exif_with(77)), "copy"),
    "JPEG with EXIF junk": (with_exif_junk, "copy"),
    "JPEG with HTML appended": (lambda: jpeg() + HTML, "copy"),
    "JPEG with a ZIP appended": (lambda: jpeg() + b"PK\x03\x04" + bytes(500), "copy"),
    "JPEG with script in a comment": (lambda: jpeg(comment=HTML), "copy"),
    "JPEG with three megabytes of header": (with_huge_header, "copy"),
    "JPEG with fill bytes": (lambda: jpeg()[:2] + b"\xff" * 20 + jpeg()[2:], "copy"),
    "multi-picture JPEG": (mpo, "copy"),
    "one pixel": (lambda: encoded(Image.new("RGB", (1, 1)), "PNG"), "copy"),
    "very long strip": (lambda: encoded(Image.new("RGB", (12000, 3)), "PNG"), "copy"),
    "PNG": (png, "copy"),
    "grey PNG with alpha": (lambda: png(mode="LA"), "copy"),
    "PNG with alpha": (lambda: png(mode="RGBA"), "copy"),
    "PNG with a transparent palette": (transparent_palette, "copy"),
    "black-and-white PNG": (lambda: png(mode="1"), "copy"),
    "16-bit grey PNG": (sixteen_bit, "copy"),
    "16-bit colour PNG": (lambda: sixteen_bit(colour=True), "copy"),
    "PNG with HTML appended": (lambda: png() + HTML, "copy"),
    "WebP": (webp, "copy"),
    "lossless WebP": (lambda: webp(lossless=True), "copy"),
    "WebP with alpha": (lambda: encoded(scene(mode="RGBA"), "WEBP"), "copy"),
    "WebP with EXIF": (lambda: webp(exif=exif_with(8)), "copy"),
    "HEIC": (heic, "copy"),
    "JPEG named .png": (jpeg, "copy"),
    "truncated JPEG": (lambda: jpeg()[:-4000], "late"),
    "truncated PNG": (lambda: png()[:-900], "late"),
    "truncated WebP": (lambda: webp()[:-2000], "late"),
    "truncated HEIC": (lambda: heic()[:-3000], "unreadable"),
    "PNG bomb of 40 megapixels": (bomb_png, "late"),
    "PNG with a text bomb": (text_bomb_png, "late"),
    "PNG with broken image data": (lambda: raw_png(64, 48, b"no zlib at all"), "late"),
    "JPEG larger than its data": (lambda: jpeg_that_claims(7000, 7000), "copy"),
    "JPEG of 4 gigapixels": (lambda: jpeg_that_claims(65000, 65000), "too_many_pixels"),
    "PNG of 51 megapixels": (lambda: raw_png(8500, 6000, zlib.compress(b"")), "too_many_pixels"),
    "PNG of 4 thousand million pixels a side": (
        lambda: raw_png(2**32 - 1, 2**32 - 1, zlib.compress(b"")),
        "too_many_pixels",
    ),
    "HEIC of 90 megapixels": (lambda: heic_that_claims(10000, 9000), "too_many_pixels"),
    "PNG of no width": (lambda: raw_png(0, 48, zlib.compress(b"")), "unreadable"),
    "JPEG cut in its header": (lambda: jpeg()[:30], "unreadable"),
    "JPEG with ten thousand segments": (lambda: with_many_segments(10_000), "unreadable"),
    "three bytes of JPEG": (lambda: b"\xff\xd8\xff", "unreadable"),
    "PNG signature alone": (lambda: b"\x89PNG\r\n\x1a\n", "unreadable"),
    "WebP with an unknown chunk": (lambda: b"RIFF\x20\x00\x00\x00WEBPEVIL" + bytes(30), "unreadable"),
    "HEIC brand with noise": (lambda: heic()[:40] + random.Random(5).randbytes(3000), "unreadable"),
    "zero bytes": (lambda: b"", "empty"),
    "animated PNG": (lambda: animated("PNG"), "animated"),
    "animated WebP": (lambda: animated("WEBP"), "animated"),
    "GIF": (lambda: encoded(scene(), "GIF"), "unsupported"),
    "animated GIF": (lambda: animated("GIF"), "unsupported"),
    "TIFF": (lambda: encoded(scene(), "TIFF"), "unsupported"),
    "BMP": (lambda: encoded(scene(), "BMP"), "unsupported"),
    "ICO": (lambda: encoded(scene(size=(64, 64)), "ICO"), "unsupported"),
    "EPS": (lambda: encoded(scene(), "EPS"), "unsupported"),
    "JPEG 2000": (lambda: encoded(scene(), "JPEG2000"), "unsupported"),
    "SVG": (lambda: SVG, "unsupported"),
    "SVG with a byte order mark": (lambda: b"\xef\xbb\xbf" + SVG, "unsupported"),
    "HTML": (lambda: HTML, "unsupported"),
    "HTML before a JPEG": (lambda: HTML + jpeg(), "unsupported"),
    "PDF": (lambda: PDF, "unsupported"),
    "PDF and JPEG in one": (lambda: PDF + jpeg(), "unsupported"),
    "MP4": (mp4, "unsupported"),
    "AVIF brand": (
        lambda: b"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00avifmif1heic" + bytes(60),
        "unsupported",
    ),
    "ZIP": (lambda: b"PK\x03\x04" + bytes(300), "unsupported"),
    "ELF": (lambda: b"\x7fELF" + bytes(300), "unsupported"),
    "noise": (lambda: random.Random(9).randbytes(5000), "unsupported"),
    "text": (lambda: "只是文字".encode(), "unsupported"),
}
