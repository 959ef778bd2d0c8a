"""Take a file for a new version: what it holds, and in which cell or line anything is wrong. Writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from accounts.models import Organisation
from schemes import workbook, yaml_form
from schemes.checks import UNSTORABLE, placed, problems
from schemes.definition import Definition, Fault, Path
from schemes.reading import read, stated
from schemes.wording import sentence
from schemes.workbook import MOST_BYTES
from villages.spreadsheet import Unreadable

Locate = Callable[[Path], "Spot"]


@dataclass(frozen=True)
class Spot:
    """Where something stands: the sheet (of a workbook), the row or line, the column."""

    sheet: str
    row: int
    column: str


@dataclass(frozen=True)
class Error:
    """One thing that is wrong, and where."""

    spot: Spot
    sentence: str


@dataclass
class Plan:
    """What an import would do: nothing while there are errors; what does not add up yet may wait for the editor."""

    definition: Definition
    errors: list[Error] = field(default_factory=list)
    problems: list[Error] = field(default_factory=list)


def plan_import(content: bytes, guidance: bytes = b"") -> Plan:
    """Read a workbook or a YAML file (or the pair of them). Raises Unreadable when it is neither."""
    if len(content) > MOST_BYTES or len(guidance) > MOST_BYTES:
        raise Unreadable(_("The file is larger than 2 MB."))
    if not content.strip():
        raise Unreadable(_("The file is empty."))
    if content.startswith(b"PK\x03\x04"):
        return _from_workbook(content)
    return _from_yaml(content, guidance)


def _from_workbook(content: bytes) -> Plan:
    book = workbook.read(content)
    definition, faults = read(book.data)

    def locate(path: Path) -> Spot:
        place = book.locate(path)
        return Spot(place.sheet, place.row, place.column)

    plan = _judge(definition, faults, [], locate)
    own = [Error(Spot(place.sheet, place.row, place.column), sentence(fault)) for place, fault in book.faults]
    plan.errors = own + plan.errors
    return plan


def _from_yaml(content: bytes, guidance: bytes) -> Plan:
    document = _yaml(content)
    texts = _yaml(guidance) if guidance.strip() else None
    definition, faults = read(document.data, texts.data if texts else None)

    def locate(path: Path) -> Spot:
        if texts and path[:1] == ("guidance",):
            line, column = texts.locate(path[1:])
        else:
            line, column = document.locate(path)
        return Spot("", line, str(column))

    more = stated(document.data, definition) if not faults else []
    return _judge(definition, faults, more, locate)


def _yaml(content: bytes) -> yaml_form.Document:
    try:
        return yaml_form.read(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise Unreadable(_("This is neither an Excel workbook nor a YAML file in UTF-8.")) from error
    except yaml_form.NotYaml as error:
        message = _("The YAML file cannot be read: line %(line)s, column %(column)s.")
        raise Unreadable(message % {"line": error.line, "column": error.column}) from error


def _judge(definition: Definition, faults: list[Fault], more: list[Fault], locate: Locate) -> Plan:
    """Sort what is wrong: what cannot be stored is an error, what does not add up waits for the editor."""
    faults = faults + more + list(_unknown_departments(definition))
    found = problems(definition) if not faults else []
    faults += [fault for fault in found if fault.code in UNSTORABLE]
    later = [fault for fault in found if fault.code not in UNSTORABLE]
    return Plan(definition, _located(faults, locate), _located(later, locate))


def _located(faults: Iterable[Fault], locate: Locate) -> list[Error]:
    return [Error(locate(fault.path), sentence(fault)) for fault in faults]


def _unknown_departments(definition: Definition) -> Iterable[Fault]:
    """Yield the departments that are named as being in this system and are not."""
    named = {item.organisation for item in definition.items() if item.organisation}
    known = (
        set(Organisation.objects.filter(name__in=named).values_list("name", flat=True)) if named else set()
    )
    for path, item in placed(definition):
        if item.organisation and item.organisation not in known:
            yield Fault((*path, "organisation"), "unknown_organisation", {"name": item.organisation})
