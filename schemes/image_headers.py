"""Read what an image says about itself – kind and size – without decoding it.

The web process never hands a stranger's bytes to a decoder: these few readers look at headers only, need constant
memory, stop after `MAX_STEPS` pieces, and know exactly the four kinds that are accepted. Decoding is the worker's.
"""

import struct
from dataclasses import dataclass
from typing import BinaryIO

# A real file has a few dozen segments, chunks or boxes before its picture; a file made to keep us busy has millions.
MAX_STEPS = 2000

JPEG, PNG, WEBP, HEIC = "jpeg", "png", "webp", "heic"
HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis"}


class NotAPhoto(Exception):
    """No still image of an accepted kind; `code` says why: unsupported, unreadable, animated, empty."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Header:
    """Kind (`jpeg`, `png`, `webp`, `heic`) and size in pixels as the file declares them."""

    format: str
    width: int
    height: int

    @property
    def pixels(self) -> int:
        """Say how many pixels a decoder would make of it."""
        return self.width * self.height


def read_header(file: BinaryIO) -> Header:
    """Return the header of an image, judged by content alone; raise `NotAPhoto` for everything else."""
    file.seek(0)
    start = file.read(64)
    if not start:
        raise NotAPhoto("empty")
    kind = kind_of(start)
    try:
        width, height = READERS[kind](file)
    except (struct.error, IndexError, ValueError, OverflowError) as error:
        raise NotAPhoto("unreadable") from error
    if width < 1 or height < 1:
        raise NotAPhoto("unreadable")
    return Header(kind, width, height)


def kind_of(start: bytes) -> str:
    """Tell the kind from the first bytes."""
    if start.startswith(b"\xff\xd8\xff"):
        return JPEG
    if start.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if start.startswith(b"RIFF") and start[8:12] == b"WEBP":
        return WEBP
    if start[4:8] == b"ftyp" and start[8:12] != b"avif" and HEIC_BRANDS & set(brands(start)):
        return HEIC
    raise NotAPhoto("unsupported")


def brands(start: bytes) -> list[bytes]:
    """List the major and the compatible brands of an ISO media file."""
    length = min(int.from_bytes(start[:4], "big"), len(start))
    return [start[8:12], *(start[at : at + 4] for at in range(16, length - 3, 4))]


def jpeg_size(file: BinaryIO) -> tuple[int, int]:
    """Walk the segments of a JPEG to its frame header."""
    file.seek(2)
    for _ in range(MAX_STEPS):
        marker = next_marker(file)
        (length,) = struct.unpack(">H", file.read(2))
        if marker in (0xC0, 0xC1, 0xC2):
            precision, height, width, components = struct.unpack(">BHHB", file.read(6))
            if precision != 8 or components not in (1, 3, 4):
                raise ValueError("a frame no browser shows")
            return width, height
        if marker in (0xD9, 0xDA) or length < 2:
            break
        file.seek(length - 2, 1)
    raise ValueError("no frame header")


def next_marker(file: BinaryIO) -> int:
    """Return the code of the next JPEG marker; fill bytes before it are allowed, but not without end."""
    if file.read(1) != b"\xff":
        raise ValueError("no marker")
    for _ in range(64):
        if code := file.read(1).lstrip(b"\xff"):
            return code[0]
    raise ValueError("only fill bytes")


def png_size(file: BinaryIO) -> tuple[int, int]:
    """Read the IHDR of a PNG and refuse an animation, which announces itself before the picture."""
    file.seek(8)
    length, kind, width, height = struct.unpack(">I4sII", file.read(16))
    if kind != b"IHDR" or length != 13:
        raise ValueError("no IHDR")
    file.seek(8 + 12 + 13)
    for _ in range(MAX_STEPS):
        length, kind = struct.unpack(">I4s", file.read(8))
        if kind == b"acTL":
            raise NotAPhoto("animated")
        if kind == b"IDAT":
            return width, height
        file.seek(length + 4, 1)
    raise ValueError("no picture")


def webp_size(file: BinaryIO) -> tuple[int, int]:
    """Read the first chunk of a WebP: lossy, lossless or extended (which may be an animation)."""
    file.seek(12)
    kind, start = file.read(4), file.read(14)[4:]
    if kind == b"VP8X":
        if start[0] & 0x02:
            raise NotAPhoto("animated")
        return int.from_bytes(start[4:7], "little") + 1, int.from_bytes(start[7:10], "little") + 1
    if kind == b"VP8L" and start[0] == 0x2F:
        bits = int.from_bytes(start[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and start[3:6] == b"\x9d\x01\x2a":
        width, height = struct.unpack("<HH", start[6:10])
        return width & 0x3FFF, height & 0x3FFF
    raise ValueError("no picture")


def heic_size(file: BinaryIO) -> tuple[int, int]:
    """Return the largest size that a HEIC declares: of a tiled photo, that of the whole."""
    meta = box(file, b"meta", 0, file.seek(0, 2))
    properties = box(file, b"iprp", meta[0] + 4, meta[1])
    start, end = box(file, b"ipco", *properties)
    sizes = [
        struct.unpack(">II", read_at(file, inside + 4, 8))
        for kind, inside, _ in boxes(file, start, end)
        if kind == b"ispe"
    ]
    width, height = max(sizes, key=lambda size: size[0] * size[1])
    return width, height


def box(file: BinaryIO, wanted: bytes, start: int, end: int) -> tuple[int, int]:
    """Find one box of an ISO media file between two offsets; return where its content starts and ends."""
    for kind, inside, after in boxes(file, start, end):
        if kind == wanted:
            return inside, after
    raise ValueError(f"no {wanted!r}")


def boxes(file: BinaryIO, start: int, end: int) -> list[tuple[bytes, int, int]]:
    """List the boxes between two offsets as (kind, content start, end)."""
    found: list[tuple[bytes, int, int]] = []
    while start + 8 <= end and len(found) < MAX_STEPS:
        length, kind = struct.unpack(">I4s", read_at(file, start, 8))
        inside = start + 8
        if length == 1:
            (length,) = struct.unpack(">Q", read_at(file, inside, 8))
            inside += 8
        length = length or end - start
        if length < inside - start or start + length > end:
            raise ValueError("a box that leaves its parent")
        found.append((kind, inside, start + length))
        start += length
    return found


def read_at(file: BinaryIO, offset: int, length: int) -> bytes:
    """Read some bytes at an offset."""
    file.seek(offset)
    return file.read(length)


READERS = {JPEG: jpeg_size, PNG: png_size, WEBP: webp_size, HEIC: heic_size}
