"""Look into somebody else's Excel workbook with care: what it is, its cells, and the pictures that belong to a row.

Nothing is unpacked that the limits do not allow; no picture is decoded here.

Pictures that are found: floating ones (by the cell of their upper left corner), WPS "embedded in cell"
(`DISPIMG`, cellimages.xml) and Excel 365 "place in cell" (rich values). Not found, because the file does not hold
them: IMAGE() and other links to the web, linked files, charts and shapes, pictures in headers or comments.
"""

import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from xml.etree.ElementTree import Element, ParseError, iterparse

from django.utils.translation import gettext as _

from villages.spreadsheet import Unreadable

MOST_MEMBERS = 5000
MOST_XML = 60 * 1024 * 1024
MOST_UNPACKED = 400 * 1024 * 1024
MOST_RATIO = 200
MOST_COLUMNS = 60
SHEET_RELATION = "/worksheet"
DISPIMG = re.compile(r'DISPIMG\(\s*"([^"]+)"', re.IGNORECASE)
CELL = re.compile(r"^([A-Z]{1,3})([0-9]{1,7})$")
DAMAGED = (zipfile.BadZipFile, zlib.error, NotImplementedError, OSError, EOFError, ValueError, KeyError)
OLE = b"\xd0\xcf\x11\xe0"


class OtherKind(Unreadable):
    """A sound package, but of another kind of document."""


@dataclass(frozen=True)
class Picture:
    """One picture of a row: the part of the file that holds it, and where it stands."""

    row: int
    column: int
    member: str


@dataclass(frozen=True)
class Cell:
    """What a cell says of pictures: its rich value, or the name in a DISPIMG formula."""

    row: int
    column: int
    rich: int = 0
    name: str = ""


class Workbook:
    """An opened workbook whose size and kind have been checked."""

    # the part that makes the package this kind of document
    main = "xl/workbook.xml"

    def __init__(self, path: Path) -> None:
        self.path = path
        _check_start(path)
        try:
            self.zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, NotImplementedError, OSError) as error:
            raise Unreadable(_("The Excel file is damaged and cannot be read.")) from error
        self.names = {_name(info.filename): info for info in self.zip.infolist()}
        self._check()

    def __enter__(self) -> "Workbook":
        return self

    def __exit__(self, *_error: object) -> None:
        self.zip.close()

    # --- what it is -----------------------------------------------------------------------------------------------
    def _check(self) -> None:
        infos = self.zip.infolist()
        if "[content_types].xml" not in self.names or self.main not in self.names:
            raise OtherKind(_("This is no Excel workbook (.xlsx)."))
        if any(info.flag_bits & 1 for info in infos):
            raise Unreadable(_("The file is protected by a password. Save it without one."))
        if len(infos) > MOST_MEMBERS or sum(info.file_size for info in infos) > MOST_UNPACKED:
            raise Unreadable(_("The file unpacks to far more than a problem list needs; it is not opened."))
        for info in infos:
            _check_part(info)
        self._check_xml()
        macros = any("vbaproject" in name for name in self.names)
        if macros or b"macroEnabled" in self._read("[content_types].xml"):
            raise Unreadable(_("The file contains macros. Save it as a plain .xlsx workbook."))

    def _check_xml(self) -> None:
        """Refuse documents with a DTD: no Excel writes one, and entities can grow without end."""
        for name in self.names:
            if name.endswith((".xml", ".rels")):
                start = self._read(name, 4096)
                plain = start.replace(b"\x00", b"")
                if b"<!DOCTYPE" in plain or b"<!ENTITY" in plain:
                    raise Unreadable(_("The Excel file is damaged and cannot be read."))

    def _read(self, name: str, size: int = -1) -> bytes:
        try:
            with self.zip.open(self.names[name]) as part:
                return part.read(size)
        except DAMAGED as error:
            raise Unreadable(_("The Excel file is damaged and cannot be read.")) from error

    def picture(self, member: str, most: int) -> bytes:
        """Return a picture's bytes, one more than `most` at the most."""
        return self._read(member, most + 1)

    # --- XML --------------------------------------------------------------------------------------------------------
    def elements(self, name: str, *tags: str) -> Iterator[Element]:
        """Yield the elements with these local names from one part, each forgotten after use; none if it is missing."""
        if name not in self.names:
            return
        try:
            with self.zip.open(self.names[name]) as part:
                yield from _stream(part, tags)
        except (ParseError, *DAMAGED) as error:
            raise Unreadable(_("The Excel file is damaged and cannot be read.")) from error

    def relations(self, part: str) -> dict[str, tuple[str, str]]:
        """Return a part's relations inside the file: id → (kind, part)."""
        folder, base = posixpath.split(part)
        found = {}
        for row in self.elements(f"{folder}/_rels/{base}.rels", "Relationship"):
            if row.get("TargetMode") != "External":
                found[row.get("Id", "")] = (row.get("Type", ""), _target(folder, row.get("Target", "")))
        return found

    def first_sheet(self) -> str:
        """Return the part of the first sheet that is shown."""
        parts = self.relations("xl/workbook.xml")
        for sheet in self.elements("xl/workbook.xml", "sheet"):
            kind, part = parts.get(_attribute(sheet, "id"), ("", ""))
            if kind.endswith(SHEET_RELATION) and sheet.get("state", "visible") == "visible":
                return part
        raise Unreadable(_("The workbook has no sheet with rows."))

    def says_something_below(self, row: int) -> bool:
        """Tell whether the first sheet has a cell with a value below this row."""
        for cell in self.elements(self.first_sheet(), "c"):
            place = CELL.match(cell.get("r", ""))
            if place and int(place[2]) > row and any(_local(part) in ("v", "is") for part in cell):
                return True
        return False

    # --- pictures -----------------------------------------------------------------------------------------------------
    def pictures(self, most_rows: int) -> list[Picture]:
        """Return the pictures of the first sheet, by row; see the top of the module for the kinds."""
        sheet = self.first_sheet()
        found = [*self._floating(sheet), *self._in_cells(sheet, most_rows)]
        return sorted(found, key=lambda picture: (picture.row, picture.column, picture.member))

    def _floating(self, sheet: str) -> Iterator[Picture]:
        for kind, drawing in self.relations(sheet).values():
            if not kind.endswith("/drawing"):
                continue
            media = self.relations(drawing)
            for anchor in self.elements(drawing, "twoCellAnchor", "oneCellAnchor"):
                start = _find(anchor, "from")
                for blip in _all(anchor, "blip"):
                    _kind, member = media.get(_attribute(blip, "embed"), ("", ""))
                    if start is not None and member in self.names:
                        yield Picture(_number(start, "row") + 1, _number(start, "col") + 1, member)

    def _in_cells(self, sheet: str, most_rows: int) -> Iterator[Picture]:
        wps, rich = self._wps_images(), self._rich_images()
        if not wps and not rich:
            return
        for cell in self._picture_cells(sheet, most_rows):
            member = wps.get(cell.name) if cell.name else rich.get(cell.rich)
            if member in self.names:
                yield Picture(cell.row, cell.column, str(member))

    def _picture_cells(self, sheet: str, most_rows: int) -> Iterator[Cell]:
        for element in self.elements(sheet, "c"):
            place = CELL.match(element.get("r", ""))
            if place is None or int(place[2]) > most_rows:
                continue
            text = "".join(part.text or "" for part in element if _local(part) in ("f", "v"))
            named = DISPIMG.search(text)
            rich = element.get("vm", "")
            if named or rich.isdecimal():
                where = int(place[2]), _column(place[1])
                yield Cell(*where, name=named[1]) if named else Cell(*where, rich=int(rich))

    def _wps_images(self) -> dict[str, str]:
        """Return WPS's cell images: name → part."""
        media = self.relations("xl/cellimages.xml")
        found = {}
        for image in self.elements("xl/cellimages.xml", "cellImage"):
            name, blip = _first(image, "cNvPr"), _first(image, "blip")
            if name is not None and blip is not None:
                found[name.get("name", "")] = media.get(_attribute(blip, "embed"), ("", ""))[1]
        return found

    def _rich_images(self) -> dict[int, str]:
        """Return Excel's pictures in cells: number of the cell's value metadata (from 1) → part."""
        types = [kind.get("name", "") for kind in self.elements("xl/metadata.xml", "metadataType")]
        values = self._future_values()
        pictures = self._local_images()
        found = {}
        for metadata in self.elements("xl/metadata.xml", "valueMetadata"):
            for n, block in enumerate(_children(metadata, "bk"), 1):
                rc = _first(block, "rc")
                kind, value = (_integer(rc, "t"), _integer(rc, "v")) if rc is not None else (0, -1)
                if 0 < kind <= len(types) and types[kind - 1] == "XLRICHVALUE":
                    found[n] = pictures.get(values.get(value, -1), "")
        return found

    def _future_values(self) -> dict[int, int]:
        """Return position in the future metadata → number of the rich value."""
        for future in self.elements("xl/metadata.xml", "futureMetadata"):
            if future.get("name") == "XLRICHVALUE":
                blocks = (_first(block, "rvb") for block in _children(future, "bk"))
                return {n: _integer(rvb, "i") for n, rvb in enumerate(blocks) if rvb is not None}
        return {}

    def _local_images(self) -> dict[int, str]:
        """Return number of the rich value → part, for those that are pictures kept in the file."""
        keys = [
            [key.get("n", "") for key in _children(structure, "k")]
            for structure in self.elements("xl/richdata/rdrichvaluestructure.xml", "s")
        ]
        media = self.relations("xl/richdata/richvaluerel.xml")
        order = [
            media.get(_attribute(rel, "id"), ("", ""))[1]
            for rel in self.elements("xl/richdata/richvaluerel.xml", "rel")
        ]
        found = {}
        for n, value in enumerate(self.elements("xl/richdata/rdrichvalue.xml", "rv")):
            names = keys[_integer(value, "s")] if 0 <= _integer(value, "s") < len(keys) else []
            texts = dict(zip(names, (v.text or "" for v in _children(value, "v")), strict=False))
            index = texts.get("_rvRel:LocalImageIdentifier", "")
            if index.isdecimal() and int(index) < len(order):
                found[n] = order[int(index)]
        return found


def _check_start(path: Path) -> None:
    with path.open("rb") as file:
        start = file.read(8)
    if not start:
        raise Unreadable(_("The file is empty."))
    if start.startswith(OLE):
        raise Unreadable(
            _("This is an old .xls file or one with a password. Save it as .xlsx without a password.")
        )
    if not start.startswith(b"PK\x03\x04"):
        raise Unreadable(_("This is no Excel workbook (.xlsx)."))


def _check_part(info: zipfile.ZipInfo) -> None:
    xml = info.filename.lower().endswith((".xml", ".rels"))
    packed_too_well = info.file_size > 5_000_000 and info.file_size > MOST_RATIO * max(1, info.compress_size)
    if packed_too_well or (xml and info.file_size > MOST_XML):
        raise Unreadable(_("The file unpacks to far more than a problem list needs; it is not opened."))


def _stream(part: IO[bytes], tags: tuple[str, ...]) -> Iterator[Element]:
    inside = 0
    for event, element in iterparse(part, events=("start", "end")):  # noqa: S314 - see _check_xml
        if _local(element) in tags:
            inside += 1 if event == "start" else -1
            if event == "end":
                yield element
        if event == "end" and not inside:
            element.clear()


def _name(name: str) -> str:
    """Return a part's name as the format compares it: some writers begin with a stroke, none may rely on case."""
    return name.replace("\\", "/").lstrip("/").lower()


def _target(folder: str, target: str) -> str:
    return _name(target if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target)))


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _attribute(element: Element, name: str) -> str:
    """Return an attribute of whatever namespace (`r:id`, `r:embed`), not one without."""
    return next((value for key, value in element.attrib.items() if key.endswith("}" + name)), "")


def _children(element: Element, name: str) -> list[Element]:
    return [child for child in element if _local(child) == name]


def _all(element: Element, name: str) -> Iterator[Element]:
    return (child for child in element.iter() if _local(child) == name)


def _first(element: Element, name: str) -> Element | None:
    return next(_all(element, name), None)


def _find(element: Element, name: str) -> Element | None:
    return next(iter(_children(element, name)), None)


def _number(element: Element, name: str) -> int:
    child = _find(element, name)
    return _plain_integer(child.text if child is not None else "")


def _integer(element: Element, name: str) -> int:
    return _plain_integer(element.get(name, ""), -1)


def _plain_integer(text: Any, otherwise: int = 0) -> int:
    plain = str(text or "").strip()
    return int(plain) if plain.isdecimal() and len(plain) < 9 else otherwise


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def by_row(pictures: list[Picture]) -> Mapping[int, list[Picture]]:
    """Group pictures by row, each part once."""
    rows: dict[int, list[Picture]] = {}
    for picture in pictures:
        row = rows.setdefault(picture.row, [])
        if picture.member not in {other.member for other in row}:
            row.append(picture)
    return rows
