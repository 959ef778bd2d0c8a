"""The models of assessment, one module per noun."""

from .adjustments import Adjustment
from .appeals import Appeal, AppealFile, Override
from .entries import Entry, EntryFact, EntryFile, EntryRefused, FactValues, Values
from .imports import SheetImport
from .opening import missing_to_open, open_period, open_sheets
from .periods import Period, PeriodEvent, PeriodPart
from .sheets import Sheet, SheetEvent, SheetSnapshot
from .standings import Edition, Level, Standing, StandingPart, VillageItem

__all__ = [
    "Adjustment",
    "Appeal",
    "AppealFile",
    "Edition",
    "Entry",
    "EntryFact",
    "EntryFile",
    "EntryRefused",
    "FactValues",
    "Level",
    "Override",
    "Period",
    "PeriodEvent",
    "PeriodPart",
    "Sheet",
    "SheetEvent",
    "SheetImport",
    "SheetSnapshot",
    "Standing",
    "StandingPart",
    "Values",
    "VillageItem",
    "missing_to_open",
    "open_period",
    "open_sheets",
]
