"""The models of assessment, one module per noun."""

from .adjustments import Adjustment
from .entries import Entry, EntryFact, EntryFile, EntryRefused, FactValues, Values
from .imports import SheetImport
from .opening import missing_to_open, open_period, open_sheets
from .periods import Period, PeriodEvent, PeriodPart
from .sheets import Sheet, SheetEvent, SheetSnapshot

__all__ = [
    "Adjustment",
    "Entry",
    "EntryFact",
    "EntryFile",
    "EntryRefused",
    "FactValues",
    "Period",
    "PeriodEvent",
    "PeriodPart",
    "Sheet",
    "SheetEvent",
    "SheetImport",
    "SheetSnapshot",
    "Values",
    "missing_to_open",
    "open_period",
    "open_sheets",
]
