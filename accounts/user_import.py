"""Reading a list of users from Excel or CSV: rows, or what is wrong in which row and column."""

import csv
import datetime as dt
import io
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import UUID

from django.contrib.auth.hashers import PBKDF2PasswordHasher, get_hasher
from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from python_calamine import CalamineError, CalamineWorkbook

from accounts.models import Organisation, Post, Role, User, one_time_password
from villages.models import Division, Person

# what a column may be called, in either language
COLUMNS = {
    "username": ("用户名", "username"),
    "name": ("姓名", "name"),
    "role": ("角色", "role"),
    "county": ("区市县", "county"),
    "township": ("乡镇街道", "township"),
    "organisation": ("部门或机构", "organisation"),
    "title": ("职务", "title"),
    "may_sign": ("签发", "may_sign"),
    "issues_directly": ("直接交办", "issues_directly"),
    "email": ("邮箱", "email"),
}
NEEDED = ("username", "name", "role")
ROLES = {
    **{role.value: role for role in Role},
    "市人居环境办": Role.CITY_OFFICE,
    "区市县人居环境办": Role.COUNTY_OFFICE,
    "乡镇街道": Role.TOWNSHIP,
    "检查员": Role.INSPECTOR,
    "市直部门": Role.DEPARTMENT,
    "领导": Role.LEADER,
    "审计": Role.AUDITOR,
    "系统管理员": Role.SYSADMIN,
}
YES = frozenset({"是", "yes", "y", "1", "true", "√"})
MOST_ROWS = 5000


@dataclass(frozen=True)
class Trouble:
    """What is wrong, and where: the row as the spreadsheet counts and the column by its heading."""

    row: int
    column: str
    message: str | Promise


@dataclass
class Line:
    """One account to make."""

    row: int
    username: str
    name: str
    role: str
    place: str = ""
    email: str = ""
    division: str | None = None
    organisation: str | None = None
    person: str | None = None
    may_sign: bool = False
    issues_directly: bool = False

    @property
    def role_label(self) -> str:
        """Return the role's word."""
        return str(Role(self.role).label)

    def as_json(self) -> dict[str, Any]:
        """Return the line as plain values."""
        return asdict(self)


@dataclass
class Reading:
    """The outcome of a dry run."""

    lines: list[Line] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)


class UnreadableFile(Exception):
    """The file is neither a workbook nor CSV in UTF-8 or GB18030."""


def read_table(name: str, content: bytes) -> list[list[str]]:
    """Return the cells of the first sheet as text."""
    if name.lower().endswith(".csv"):
        return list(csv.reader(io.StringIO(_decode(content))))
    try:
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0)
    except (CalamineError, IndexError) as error:
        raise UnreadableFile(_("This is not an Excel file or CSV.")) from error
    return [[_text(cell) for cell in row] for row in sheet.to_python(skip_empty_area=False)]


def _decode(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):  # Excel in China writes the second
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnreadableFile(_("This is not an Excel file or CSV."))


def _text(cell: object) -> str:
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()


def read_users(table: list[list[str]], on: dt.date) -> Reading:
    """Check every row against the roster, the places and the accounts of the day; change nothing."""
    reading = Reading()
    heads = [cell.strip() for cell in table[0]] if table else []
    where = {key: heads.index(n) for key, names in COLUMNS.items() for n in names if n in heads}
    for key in NEEDED:
        if key not in where:
            reading.troubles.append(Trouble(1, COLUMNS[key][0], _("This column is missing.")))
    if len(table) > MOST_ROWS:
        reading.troubles.append(Trouble(MOST_ROWS, "", _("At most 5,000 rows at a time.")))
    if not reading.troubles:
        known = Known.on(on)
        for number, row in enumerate(table[1:], start=2):
            if any(cell.strip() for cell in row):
                cells = {key: row[at].strip() if at < len(row) else "" for key, at in where.items()}
                _read_row(number, cells, known, reading)
        reading.troubles += _repeated(reading.lines)
    return reading


@dataclass
class Known:
    """What rows are matched against, read in a constant number of queries."""

    usernames: set[str]
    cities: list[UUID]
    counties: dict[str, UUID]
    townships: dict[tuple[str, str], UUID]
    organisations: dict[str, UUID]
    persons: dict[tuple[str, str], list[UUID]]

    @classmethod
    def on(cls, day: dt.date) -> "Known":
        """Read accounts, places, organisations and persons without an account."""
        divisions = Division.objects.current(day)
        free = Person.objects.filter(user__isnull=True).values_list("name", "title", "pk")
        persons: dict[tuple[str, str], list[UUID]] = {}
        for name, title, pk in free:
            for key in {(name, title), (name, "")}:
                persons.setdefault(key, []).append(pk)
        return cls(
            usernames={name.lower() for name in User.objects.values_list("username", flat=True)},
            cities=list(divisions.filter(level=Division.Level.CITY).values_list("pk", flat=True)),
            counties={row.name: row.pk for row in divisions.counties(day)},
            townships={
                (county, name): pk
                for county, name, pk in divisions.townships(day).values_list("county_name", "name", "pk")
            },
            organisations=dict(Organisation.objects.values_list("name", "pk")),
            persons=persons,
        )


def _read_row(number: int, cells: dict[str, str], known: Known, reading: Reading) -> None:
    found = list(_troubles_of(cells, known))
    reading.troubles += [Trouble(number, COLUMNS[key][0], message) for key, message in found]
    if found:
        return
    role = ROLES[cells["role"]]
    person = (
        known.persons.get((cells["name"], cells.get("title", "")), [None])[0] if role == Role.LEADER else None
    )
    organisation = known.organisations.get(cells.get("organisation", ""))
    division = _division(role, cells, known)
    reading.lines.append(
        Line(
            row=number,
            username=cells["username"],
            name=cells["name"],
            role=role.value,
            place=cells.get("township") or cells.get("county") or cells.get("organisation", ""),
            email=cells.get("email", ""),
            division=str(division) if division else None,
            organisation=str(organisation) if organisation else None,
            person=str(person) if person else None,
            may_sign=cells.get("may_sign", "").lower() in YES,
            issues_directly=cells.get("issues_directly", "").lower() in YES,
        )
    )


def _division(role: Role, cells: dict[str, str], known: Known) -> UUID | None:
    if township := cells.get("township"):
        return known.townships.get((cells.get("county", ""), township))
    if county := cells.get("county"):
        return known.counties.get(county)
    at_city = role in (Role.CITY_OFFICE, Role.AUDITOR) or (
        role == Role.INSPECTOR and not cells.get("organisation")
    )
    return known.cities[0] if at_city and known.cities else None


def _troubles_of(cells: dict[str, str], known: Known) -> Iterator[tuple[str, str | Promise]]:
    yield from ((key, _("Empty.")) for key in NEEDED if not cells[key])
    username, role = cells["username"], ROLES.get(cells["role"])
    if username.lower() in known.usernames:
        yield "username", _("This user name is taken.")
    elif username and not set(username) <= ALLOWED:
        yield "username", _("Letters, digits and @ . + - _")
    if cells["role"] and role is None:
        yield "role", _("No such role.")
    yield from _place_troubles(role, cells, known)
    if role == Role.LEADER:
        yield from _person_troubles(cells, known)


ALLOWED = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@.+-_")


def _place_troubles(
    role: Role | None, cells: dict[str, str], known: Known
) -> Iterator[tuple[str, str | Promise]]:
    county, township, organisation = (cells.get(key, "") for key in ("county", "township", "organisation"))
    if county and county not in known.counties:
        yield "county", _("No such county-level unit.")
    elif township and (county, township) not in known.townships:
        yield "township", _("No such township or street in this unit.")
    if organisation and organisation not in known.organisations:
        yield "organisation", _("No such department or agency.")
    if role in (Role.COUNTY_OFFICE, Role.TOWNSHIP) and not county:
        yield "county", _("Empty.")
    if role == Role.TOWNSHIP and not township:
        yield "township", _("Empty.")
    if role == Role.DEPARTMENT and not organisation:
        yield "organisation", _("Empty.")


def _person_troubles(cells: dict[str, str], known: Known) -> Iterator[tuple[str, str | Promise]]:
    found = known.persons.get((cells["name"], cells.get("title", "")), [])
    if not found:
        yield "name", _("No person on the roster fits.")
    elif len(found) > 1:
        yield "title", _("Several persons have this name; their title tells them apart.")


def _repeated(lines: Iterable[Line]) -> Iterator[Trouble]:
    lines = list(lines)
    times = Counter(line.username.lower() for line in lines)
    for line in lines:
        if times[line.username.lower()] > 1:
            yield Trouble(line.row, COLUMNS["username"][0], _("This user name stands twice in the file."))


@transaction.atomic
def open_accounts(lines: list[Line], on: dt.date) -> tuple[list[str], list[tuple[User, str]]]:
    """Make all the accounts with a post each, or none: return names taken meanwhile, or users with their passwords."""
    taken = User.objects.filter(username__in=[line.username for line in lines]).values_list(
        "username", flat=True
    )
    if taken:
        return sorted(taken), []
    made = [(_account(line, password := one_time_password()), password) for line in lines]
    User.objects.bulk_create([user for user, _password in made])
    Post.objects.bulk_create(
        [_post(user, line, on) for (user, _password), line in zip(made, lines, strict=True)]
    )
    return [], made


def _account(line: Line, password: str) -> User:
    return User(
        username=line.username,
        name=line.name,
        email=line.email,
        person_id=UUID(line.person) if line.person else None,
        password=_quick_hash(password),
        must_change_password=True,
    )


def _quick_hash(password: str) -> str:
    # 59 random bits need no slow hash, and a thousand slow ones would take minutes; the first sign-in makes it slow
    hasher = get_hasher()
    if isinstance(hasher, PBKDF2PasswordHasher):
        return hasher.encode(password, hasher.salt(), iterations=20_000)
    return hasher.encode(password, hasher.salt())


def _post(user: User, line: Line, on: dt.date) -> Post:
    return Post(
        user=user,
        role=line.role,
        since=on,
        division_id=UUID(line.division) if line.division else None,
        organisation_id=UUID(line.organisation) if line.organisation else None,
        may_sign=line.may_sign,
        issues_directly=line.issues_directly,
    )
