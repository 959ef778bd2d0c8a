from django.urls import URLPattern

from inspections.views import (
    after_photos,
    desk,
    documents,
    exports,
    files,
    finding,
    issuing,
    leaders,
    ledger,
    photos,
    problem_import,
    proposals,
    record,
    rectify,
    requests,
    review,
    submissions,
)

# each part keeps its own addresses; literal ones never look like an id
urlpatterns: list[URLPattern] = [
    *record.urlpatterns,
    *rectify.urlpatterns,
    *desk.urlpatterns,
    *issuing.urlpatterns,
    *after_photos.urlpatterns,
    *leaders.urlpatterns,
    *requests.urlpatterns,
    *photos.urlpatterns,
    *files.urlpatterns,
    *ledger.urlpatterns,
    *exports.urlpatterns,
    *review.urlpatterns,
    *submissions.urlpatterns,
    *documents.urlpatterns,
    *proposals.urlpatterns,
    *problem_import.urlpatterns,
    *finding.urlpatterns,
]
