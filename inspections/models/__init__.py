"""The models of inspections, one file per noun."""

from inspections.models.documents import (
    Document,
    DocumentFinding,
    DocumentReceipt,
    DocumentScan,
    DocumentSeries,
)
from inspections.models.exports import ExportJob
from inspections.models.files import FindingFile
from inspections.models.finding import IN_HAND, Finding, FindingQuerySet, ReportConflict
from inspections.models.photos import NearDuplicate, Photo, PhotoUse
from inspections.models.problem_imports import ProblemImport
from inspections.models.proposals import Proposal
from inspections.models.records import (
    AfterPhotoRule,
    Claim,
    DeadlineRule,
    Decision,
    Extension,
    FindingEvent,
    Instruction,
    Milestone,
    NumberSeries,
    Part,
    Rectification,
    RectificationPlan,
)
from inspections.models.reminders import Reminder, Sweep
from inspections.models.submissions import Snapshot, Submission, SubmissionDecision

__all__ = [
    "IN_HAND",
    "AfterPhotoRule",
    "Claim",
    "DeadlineRule",
    "Decision",
    "Document",
    "DocumentFinding",
    "DocumentReceipt",
    "DocumentScan",
    "DocumentSeries",
    "ExportJob",
    "Extension",
    "Finding",
    "FindingEvent",
    "FindingFile",
    "FindingQuerySet",
    "Instruction",
    "Milestone",
    "NearDuplicate",
    "NumberSeries",
    "Part",
    "Photo",
    "PhotoUse",
    "ProblemImport",
    "Proposal",
    "Rectification",
    "RectificationPlan",
    "Reminder",
    "ReportConflict",
    "Snapshot",
    "Submission",
    "SubmissionDecision",
    "Sweep",
]
