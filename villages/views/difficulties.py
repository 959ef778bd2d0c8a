"""What villages and townships cannot solve themselves: raised there, answered by the office of their leader."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from villages.access import DIFFICULTY_READERS, KEEPERS, may, require, today
from villages.forms import AnswerForm, DifficultyForm
from villages.models import Difficulty, Division, Village

PER_PAGE = 20


@require(*DIFFICULTY_READERS)
@require_safe
def difficulties(request: HttpRequest) -> HttpResponse:
    """List the difficulties of the user's places, those without an answer first; a township raises its own."""
    on = today()
    rows = Difficulty.objects.visible_to(request.user, on, *DIFFICULTY_READERS).select_related(
        "village", "township"
    )
    context = {
        "page": Paginator(rows.waiting_first(), PER_PAGE).get_page(request.GET.get("page")),
        "townships": own_townships(request).order_by("position", "name"),
        "may_answer": may(request.user, on, *KEEPERS),
        "may_keep": may(request.user, on, *KEEPERS),
    }
    return render(request, "villages/difficulties.html", context)


def own_townships(request: HttpRequest) -> Any:
    """Return the townships whose officials the user is among today."""
    on = today()
    where = request.user.places(on, "township").q(county="county_id", township="pk", village="pk")  # type: ignore[union-attr]
    return Division.objects.townships(on).filter(where)


@require("township")
@require_POST
def township_difficulty_raise(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Raise a difficulty of a township as a whole."""
    township = get_object_or_404(own_townships(request), pk=pk)
    form = DifficultyForm(request.POST)
    if form.is_valid():
        text = form.cleaned_data["text"]
        Difficulty.objects.raise_by_township(township, by=request.user, at=timezone.now(), text=text)
    _say(request, form)
    return redirect("difficulties")


@require("township", "leader")
@require_POST
def difficulty_raise(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Raise a difficulty of a village; its leader's office answers."""
    on = today()
    village = get_object_or_404(Village.objects.current(on).visible_to(request.user, on), pk=pk)
    form = DifficultyForm(request.POST)
    if form.is_valid():
        text = form.cleaned_data["text"]
        Difficulty.objects.raise_for(village, by=request.user, at=timezone.now(), text=text)
    _say(request, form)
    return redirect(village)


def _say(request: HttpRequest, form: DifficultyForm) -> None:
    if form.is_valid():
        messages.success(request, _("The difficulty was passed to the office."))
    else:
        messages.error(request, _("Please write what the difficulty is."))


@require(*KEEPERS)
@require_POST
def difficulty_answer(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Answer a difficulty once."""
    seen = Difficulty.objects.visible_to(request.user, today(), *KEEPERS)
    difficulty = get_object_or_404(seen.select_related("village"), pk=pk)
    form = AnswerForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Please write an answer."))
    elif not difficulty.give_answer(by=request.user, at=timezone.now(), answer=form.cleaned_data["answer"]):
        messages.error(request, _("Someone else has just answered."))
    return redirect(difficulty.village or "difficulties")


urlpatterns = [
    path("difficulties/", difficulties, name="difficulties"),
    path("difficulties/township/<uuid:pk>/", township_difficulty_raise, name="township_difficulty_raise"),
    path("<uuid:pk>/difficulties/", difficulty_raise, name="difficulty_raise"),
    path("difficulties/<uuid:pk>/answer/", difficulty_answer, name="difficulty_answer"),
]
