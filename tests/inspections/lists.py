"""Problem lists for the tests: real workbooks with pictures of every kind that people put into them."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import xlsxwriter
from openpyxl.drawing.image import Image

HEADS = [
    "序号", "区市县", "乡镇（街道）", "村（社区）*", "具体地点", "细则编码或名称*", "问题描述*",
    "严重程度", "问题来源*", "来文编号", "外部时限", "来文文件", "照片",
]  # fmt: skip
PHOTOS = 12
ROW = {
    "区市县": "金普新区", "乡镇（街道）": "华家街道", "村（社区）*": "柳家", "具体地点": "村口",
    "细则编码或名称*": "A1-01", "问题描述*": "村口散落垃圾", "严重程度": "一般", "问题来源*": "省级反馈",
    "来文编号": "", "外部时限": "2026-12-15",
}  # fmt: skip


def cells(**said: Any) -> list[Any]:
    """Return a row's cells by heading (stars may be left out)."""
    row = {**ROW, **{next(h for h in HEADS if h.rstrip("*") == key): value for key, value in said.items()}}
    return [row.get(head, "") for head in HEADS]


def written(rows: Sequence[Sequence[Any]], *, title: str = "") -> io.BytesIO:
    """Write a list without pictures."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    if title:
        sheet.append([title])
    sheet.append(HEADS)
    for row in rows:
        sheet.append(list(row))
    out = io.BytesIO()
    book.save(out)
    out.seek(0)
    return out


def floating(rows: Sequence[Sequence[Any]], pictures: Mapping[int, Sequence[bytes]]) -> bytes:
    """Write a list with pictures that float over the photo column; keys are row numbers as Excel counts."""
    book = openpyxl.load_workbook(written(rows))
    sheet = book.active
    assert sheet is not None
    for row, bodies in pictures.items():
        for body in bodies:
            sheet.add_image(Image(io.BytesIO(body)), f"M{row}")
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def embedded(rows: Sequence[Sequence[Any]], pictures: Mapping[int, bytes]) -> bytes:
    """Write a list with pictures placed in cells, as Excel 365 does."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet("清单")
    for number, row in enumerate([HEADS, *rows]):
        sheet.write_row(number, 0, row)
    for row, body in pictures.items():
        sheet.embed_image(row - 1, PHOTOS, "picture.jpg", {"image_data": io.BytesIO(body)})
    book.close()
    return out.getvalue()


CELL_IMAGES = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<etc:cellImages xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing"
 xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"
 xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"
 xmlns:etc="http://www.wps.cn/officeDocument/2017/etCustomData">{images}</etc:cellImages>"""
CELL_IMAGE = """<etc:cellImage><xdr:pic><xdr:nvPicPr><xdr:cNvPr id="{n}" name="ID_{n:032X}" descr="p"/><xdr:cNvPicPr/>
</xdr:nvPicPr><xdr:blipFill><a:blip r:embed="rId{n}"/></xdr:blipFill></xdr:pic></etc:cellImage>"""
RELATION = (
    '<Relationship Id="rId{n}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/image" '
    'Target="media/image{n}.jpeg"/>'
)
RELATIONS = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{rows}</Relationships>'


def wps(rows: Sequence[Sequence[Any]], pictures: Mapping[int, bytes]) -> bytes:
    """Write a list with pictures embedded in cells, as WPS does: DISPIMG formulas and cellimages.xml."""
    rows = [list(row) for row in rows]
    for n, row in enumerate(pictures, 1):
        rows[row - 2][PHOTOS] = f'=_xlfn.DISPIMG("ID_{n:032X}",1)'
    parts: dict[str, bytes] = {
        "xl/cellimages.xml": CELL_IMAGES.format(
            images="".join(CELL_IMAGE.format(n=n) for n in range(1, len(pictures) + 1))
        ).encode(),
        "xl/_rels/cellimages.xml.rels": RELATIONS.format(
            rows="".join(RELATION.format(n=n) for n in range(1, len(pictures) + 1))
        ).encode(),
    }
    for n, body in enumerate(pictures.values(), 1):
        parts[f"xl/media/image{n}.jpeg"] = body
    return with_parts(written(rows).getvalue(), parts)


def with_parts(body: bytes, parts: Mapping[str, bytes]) -> bytes:
    """Add parts to a workbook, or put others in their place."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in parts:
                new.writestr(name, old.read(name))
        for name, part in parts.items():
            new.writestr(name, part)
    return out.getvalue()


def on_disk(folder: Path, body: bytes) -> Path:
    """Put a list into a file."""
    path = folder / "list.xlsx"
    path.write_bytes(body)
    return path
