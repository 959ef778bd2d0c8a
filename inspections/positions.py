"""Take the position out of a photo's bytes, in place: same length, same pixels. Pure: no models, no clock.

EXIF is a TIFF block wherever it lies (JPEG, PNG, WebP and HEIC differ only in what is around it): its GPS directory is
blanked. XMP is text: the values of its GPS properties are overwritten with spaces.
"""

import re
import struct
import zlib
from collections.abc import Iterator

GPS = 0x8825
MOST_ENTRIES = 500
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
TIFF = re.compile(rb"II\*\x00|MM\x00\*")
XMP = re.compile(rb"""(exif:GPS\w+\s*=\s*["']|<exif:GPS\w+>)([^"'<]*)""")
PNG = b"\x89PNG\r\n\x1a\n"
# PNG chunks whose text may be packed: they are blanked whole
PACKED = (b"zTXt", b"iTXt", b"tEXt")


def without_position(data: bytes) -> bytes:
    """Return the bytes of a photo without its position; the same bytes where there is none."""
    body = bytearray(data)
    for found in TIFF.finditer(data):
        _blank_gps(body, found.start())
    for found in XMP.finditer(data):
        body[found.start(2) : found.end(2)] = b" " * (found.end(2) - found.start(2))
    if data.startswith(PNG):
        _mend_png(body)
    return bytes(body)


def _blank_gps(body: bytearray, start: int) -> None:
    """Blank the GPS directory of the TIFF block that begins there; noise that only looks like one is left alone."""
    order = "<" if body[start : start + 2] == b"II" else ">"
    try:
        (first,) = struct.unpack_from(f"{order}I", body, start + 4)
        for at, tag, _size, value in list(_entries(body, start, first, order)):
            if tag == GPS:
                _blank_directory(body, start, value, order)
                body[at : at + 12] = bytes(12)
    except (struct.error, ValueError):
        return


def _entries(body: bytearray, start: int, offset: int, order: str) -> Iterator[tuple[int, int, int, int]]:
    """Yield (where, tag, bytes of its value, value or offset) of a directory; ValueError where it is none."""
    (count,) = struct.unpack_from(f"{order}H", body, start + offset)
    if not 0 < count <= MOST_ENTRIES:
        raise ValueError(count)
    for n in range(count):
        at = start + offset + 2 + 12 * n
        tag, kind, number, value = struct.unpack_from(f"{order}HHII", body, at)
        if kind not in SIZES:
            raise ValueError(kind)
        yield at, tag, SIZES[kind] * number, value


def _blank_directory(body: bytearray, start: int, offset: int, order: str) -> None:
    """Blank every entry of a directory and what it points to."""
    for at, _tag, size, value in list(_entries(body, start, offset, order)):
        where = start + value
        if size > 4 and where + size <= len(body):
            body[where : where + size] = bytes(size)
        body[at : at + 12] = bytes(12)
    body[start + offset : start + offset + 2] = bytes(2)


def _mend_png(body: bytearray) -> None:
    """Blank the text chunks of a PNG that name raw profiles or XMP, and write the sums of all metadata anew."""
    at = len(PNG)
    while at + 12 <= len(body):
        (length,) = struct.unpack_from(">I", body, at)
        kind, end = bytes(body[at + 4 : at + 8]), at + 8 + length
        if end + 4 > len(body):
            return
        text = bytes(body[at + 8 : min(end, at + 100)])
        if kind in PACKED and text.startswith((b"Raw profile type", b"XML:com.adobe.xmp")):
            body[at + 4 : at + 8] = b"tEXt"
            body[at + 8 : end] = (b"Blanked\x00" + b" " * length)[:length]
        if kind in (*PACKED, b"eXIf"):
            struct.pack_into(">I", body, end, zlib.crc32(body[at + 4 : end]))
        at = end + 4
