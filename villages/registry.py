"""Parse a registry of places: one line per place with its parent's code, or one line per village."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from villages.spreadsheet import CellError, Row, Unreadable, read_rows, yes_or_no

LEVELS = ("city", "county", "township", "village")
LEVEL_WORDS = {
    "city": ("city", "市", "地级市"),
    "county": ("county", "区市县", "县", "县级", "unit"),
    "township": ("township", "乡镇", "乡镇街道", "乡镇(街道)", "乡级"),
    "village": ("village", "村", "行政村", "村级", "村(社区)"),
}
ATTRIBUTES = {
    "coast": ("沿海", "临海"),
    "river_or_reservoir": ("河流水库", "有河流或水库", "临河临库"),
    "farmland": ("耕地", "有耕地"),
    "livestock": ("畜禽养殖", "养殖"),
    "treatment_plant": ("污水处理设施",),
    "public_toilet": ("公厕", "公共厕所"),
    "sensitive_area": ("敏感区域", "涉密区域"),
}
NUMBERS = {"households": ("户数",), "population": ("人口", "人口数")}
COUNTS = ("counts", "纳入统计", "是否纳入", "计入", "是否计入")
MERGED = ("merged_into", "并入代码", "并入村代码")
COMMON = {"counts": COUNTS, "merged_into": MERGED, **ATTRIBUTES, **NUMBERS}
TREE = {
    "code": ("统计代码", "区划代码", "代码"),
    "name": ("名称", "村名", "单位名称"),
    "name_en": ("英文名", "英文名称"),
    "level": ("级别", "层级"),
    "parent_code": ("上级代码", "上级区划代码"),
    "adcode": ("行政区划代码",),
    "kind": ("类型", "类别"),
    **COMMON,
}
FLAT = {
    "county": ("区市县", "县区", "区县", "县级单位", "unit"),
    "county_code": ("区市县代码", "县区代码"),
    "township": ("乡镇", "乡镇街道", "街道", "乡镇(街道)"),
    "township_code": ("乡镇代码", "乡镇街道代码", "街道代码"),
    "village": ("村", "村名", "行政村", "村(社区)", "村居", "村名称"),
    "code": ("统计代码", "村代码", "区划代码", "代码", "village_code"),
    "kind": ("类型", "类别"),
    **COMMON,
}
COMMITTEE = re.compile(r"(村民委员会|居民委员会|村委会|居委会)$")


@dataclass(eq=False)
class Line:
    """One place as the file states it; `parent` is another line, None at the top."""

    row: int
    level: str
    code: str
    name: str
    parent: "Line | None" = None
    name_en: str = ""
    kind: str = ""
    adcode: str = ""
    merged_into: str = ""
    attributes: dict[str, bool | int | None] = field(default_factory=dict)

    @property
    def display(self) -> str:
        """Return the name without its committee."""
        return display_name(self.name)


@dataclass
class Parsed:
    """What a file holds: its lines from the top down, or what is wrong with it."""

    lines: list[Line] = field(default_factory=list)
    errors: list[CellError] = field(default_factory=list)
    uncounted: int = 0


def display_name(official: str) -> str:
    """Return the name that people use: without 村委会, 居委会 and their long forms (社区 stays)."""
    return COMMITTEE.sub("", official) or official


def parse(content: bytes) -> Parsed:
    """Parse either form of a registry. Raises `Unreadable` when the file as a whole is not one."""
    try:
        rows = read_rows(content, TREE, ["name", "level", "parent_code"])
        return _check(_tree(rows))
    except Unreadable:
        return _check(_flat(read_rows(content, FLAT, ["county", "township", "village"])))


def _tree(rows: list[Row]) -> Parsed:
    parsed = Parsed()
    by_code: dict[str, Line] = {}
    children: list[tuple[Row, Line]] = []
    for row in _counted(rows, parsed):
        level = _level(row, parsed)
        if not level or not _named(row, "name", parsed):
            continue
        line = _line(row, level, row["name"], parsed)
        if line.code in by_code:
            parsed.errors.append(row.error("code", _("This code stands in the file twice.")))
        by_code[line.code] = line
        children.append((row, line))
    for row, line in children:
        _attach(row, line, by_code, parsed)
    return parsed


def _attach(row: Row, line: Line, by_code: dict[str, Line], parsed: Parsed) -> None:
    """Find the parent that a line of the tree form names."""
    if not line.code and line.level != "village":
        parsed.errors.append(row.error("code", _("The code is missing.")))
    if line.level == "city":
        parsed.lines.append(line)
        return
    parent = by_code.get(row["parent_code"]) if row["parent_code"] else None
    if parent is None:
        parsed.errors.append(row.error("parent_code", _("No line of the file has this code.")))
    elif LEVELS.index(parent.level) != LEVELS.index(line.level) - 1:
        parsed.errors.append(row.error("parent_code", _("The parent is not one level above.")))
    line.parent = parent
    parsed.lines.append(line)


def _flat(rows: list[Row]) -> Parsed:
    parsed = Parsed()
    above: dict[tuple[str, ...], Line] = {}
    for row in _counted(rows, parsed):
        named = [_named(row, key, parsed) for key in ("county", "township", "village")]
        if not all(named):
            continue
        county = _above(row, (row["county"],), None, parsed, above)
        township = _above(row, (row["county"], row["township"]), county, parsed, above)
        line = _line(row, "village", row["village"], parsed)
        line.parent = township
        parsed.lines.append(line)
    return parsed


def _above(
    row: Row, path: tuple[str, ...], parent: Line | None, parsed: Parsed, above: dict[tuple[str, ...], Line]
) -> Line:
    """Return the unit or township of a village line, made at its first mention."""
    if path not in above:
        level = LEVELS[len(path)]
        above[path] = Line(row.number, level, row[f"{level}_code"], path[-1], parent)
        parsed.lines.append(above[path])
    line = above[path]
    stated = row[f"{line.level}_code"]
    if stated and stated != line.code:
        message = _("Row %(row)s gives this place another code.") % {"row": line.row}
        parsed.errors.append(row.error(f"{line.level}_code", message))
    return line


def _counted(rows: list[Row], parsed: Parsed) -> Iterator[Row]:
    """Yield the rows that count; without the column all do."""
    for row in rows:
        counts = yes_or_no(row["counts"]) if row.has("counts") else True
        if counts is None:
            parsed.errors.append(row.error("counts", _("Say yes or no.")))
        elif counts or (row["level"] and _word_level(row["level"]) != "village"):
            yield row
        else:
            parsed.uncounted += 1


def _level(row: Row, parsed: Parsed) -> str:
    level = _word_level(row["level"])
    if not level:
        parsed.errors.append(row.error("level", _("This is no level: city, county, township or village.")))
    return level


def _word_level(text: str) -> str:
    plain = text.strip().lower().replace("（", "(").replace("）", ")")
    return next((level for level, words in LEVEL_WORDS.items() if plain in words), "")


def _named(row: Row, key: str, parsed: Parsed) -> bool:
    if row[key]:
        return True
    parsed.errors.append(row.error(key, _("The name is missing.")))
    return False


def _line(row: Row, level: str, name: str, parsed: Parsed) -> Line:
    return Line(
        row=row.number,
        level=level,
        code=row["code"],
        name=name,
        name_en=row["name_en"],
        kind=row["kind"],
        adcode=row["adcode"],
        merged_into=row["merged_into"],
        attributes=_attributes(row, parsed) if level == "village" else {},
    )


def _attributes(row: Row, parsed: Parsed) -> dict[str, bool | int | None]:
    """Return the attributes whose columns the file has."""
    values: dict[str, bool | int | None] = {}
    for key in filter(row.has, ATTRIBUTES):
        values[key] = yes_or_no(row[key])
        if values[key] is None:
            parsed.errors.append(row.error(key, _("Say yes or no.")))
    for key in filter(row.has, NUMBERS):
        plain = row[key].replace(",", "")
        values[key] = int(plain) if plain.isdecimal() else None
        if plain and not plain.isdecimal():
            parsed.errors.append(row.error(key, _("This is not a whole number.")))
    return values


def _check(parsed: Parsed) -> Parsed:
    """Add the errors that only the whole file shows: doubles by code and by place and name."""
    names: dict[tuple[object, ...], Line] = {}
    codes: dict[tuple[bool, str], Line] = {}
    for line in parsed.lines:
        first = names.setdefault((line.level, line.parent, line.display), line)
        if first is not line:
            message = _("Row %(row)s has the same name in the same place.") % {"row": first.row}
            parsed.errors.append(CellError(line.row, _("name"), message))
        holder = codes.setdefault((line.level == "village", line.code), line) if line.code else line
        if holder is not line and not any(error.row == line.row for error in parsed.errors):
            message = _("Row %(row)s has the same code.") % {"row": holder.row}
            parsed.errors.append(CellError(line.row, _("code"), message))
    staying = {line.code for line in parsed.lines if not line.merged_into}
    for line in parsed.lines:
        if line.merged_into and line.merged_into not in staying:
            message = _("No line of the file has this code.")
            parsed.errors.append(CellError(line.row, _("merged into"), message))
    if not parsed.lines and not parsed.errors:
        raise Unreadable(_("The file holds no places."))
    parsed.lines.sort(key=lambda line: LEVELS.index(line.level))
    parsed.errors.sort(key=lambda error: error.row)
    return parsed
