"""The addresses of rounds."""

from django.urls import path

from inspections.views import rounds, rounds_draw, rounds_plan

urlpatterns = [
    path("", rounds.rounds, name="rounds"),
    path("new/", rounds.round_new, name="round_new"),
    path("commitments/", rounds_draw.commitments, name="commitments"),
    path("<uuid:pk>/", rounds.round_page, name="round"),
    path("<uuid:pk>/change/", rounds.round_change, name="round_change"),
    path("<uuid:pk>/readers/", rounds.round_readers, name="round_readers"),
    path("<uuid:pk>/teams/", rounds.round_teams, name="round_teams"),
    path("<uuid:pk>/freeze/", rounds_draw.round_freeze, name="round_freeze"),
    path("<uuid:pk>/mix/", rounds_draw.round_mix, name="round_mix"),
    path("<uuid:pk>/open/", rounds_draw.round_open, name="round_open"),
    path("<uuid:pk>/close/", rounds_draw.round_close, name="round_close"),
    path("<uuid:pk>/draw/", rounds_draw.draw, name="draw"),
    path("<uuid:pk>/draw/<int:number>/receipt/", rounds_draw.draw_receipt, name="draw_receipt"),
    path("<uuid:pk>/draw/package/", rounds_draw.draw_package, name="draw_package"),
    path("<uuid:pk>/plan/", rounds_plan.round_plan, name="round_plan"),
    path("<uuid:pk>/amend/", rounds_plan.round_amend, name="round_amend"),
    path("<uuid:pk>/visits/<uuid:visit>/missed/", rounds_plan.planned_miss, name="planned_miss"),
    path("<uuid:pk>/progress/", rounds_plan.round_progress, name="round_progress"),
]
