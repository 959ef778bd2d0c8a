"""The models of inspections, one file per noun."""

from inspections.models.amending import Amender, CaseAmender, PlanAmender
from inspections.models.documents import (
    Document,
    DocumentFinding,
    DocumentReceipt,
    DocumentScan,
    DocumentSeries,
)
from inspections.models.draws import Draw
from inspections.models.exports import ExportJob
from inspections.models.files import FindingFile
from inspections.models.finding import IN_HAND, Finding, FindingQuerySet, ReportConflict
from inspections.models.lookback_draws import LookBackDraw
from inspections.models.lookbacks import LookBackCase, LookBackPhoto
from inspections.models.meeting_parts import (
    MeetingDecision,
    MeetingEvent,
    MeetingFinding,
    MeetingPhoto,
    MeetingReader,
    MeetingVillage,
)
from inspections.models.meetings import Meeting
from inspections.models.photos import NearDuplicate, Photo, PhotoUse
from inspections.models.planned import Amendment, MissReason, PlannedVisit
from inspections.models.problem_imports import ProblemImport
from inspections.models.proposals import Proposal
from inspections.models.rechecks import Recheck, RecheckDraw
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
from inspections.models.rounds import (
    BARRED_KINDS,
    SCORING_KINDS,
    Round,
    RoundReader,
    RoundState,
    Team,
    TeamMember,
    TeamPlan,
    VisitKind,
)
from inspections.models.submissions import Snapshot, Submission, SubmissionDecision
from inspections.models.visits import Visit, VisitItem, VisitPhoto, VisitPoint, VisitVersion

__all__ = [
    "BARRED_KINDS",
    "IN_HAND",
    "SCORING_KINDS",
    "AfterPhotoRule",
    "Amender",
    "Amendment",
    "CaseAmender",
    "Claim",
    "DeadlineRule",
    "Decision",
    "Document",
    "DocumentFinding",
    "DocumentReceipt",
    "DocumentScan",
    "DocumentSeries",
    "Draw",
    "ExportJob",
    "Extension",
    "Finding",
    "FindingEvent",
    "FindingFile",
    "FindingQuerySet",
    "Instruction",
    "LookBackCase",
    "LookBackDraw",
    "LookBackPhoto",
    "Meeting",
    "MeetingDecision",
    "MeetingEvent",
    "MeetingFinding",
    "MeetingPhoto",
    "MeetingReader",
    "MeetingVillage",
    "Milestone",
    "MissReason",
    "NearDuplicate",
    "NumberSeries",
    "Part",
    "Photo",
    "PhotoUse",
    "PlanAmender",
    "PlannedVisit",
    "ProblemImport",
    "Proposal",
    "Recheck",
    "RecheckDraw",
    "Rectification",
    "RectificationPlan",
    "Reminder",
    "ReportConflict",
    "Round",
    "RoundReader",
    "RoundState",
    "Snapshot",
    "Submission",
    "SubmissionDecision",
    "Sweep",
    "Team",
    "TeamMember",
    "TeamPlan",
    "Visit",
    "VisitItem",
    "VisitKind",
    "VisitPhoto",
    "VisitPoint",
    "VisitVersion",
]
