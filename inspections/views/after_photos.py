"""Which items and kinds need after-photos, where the shipped rule does not fit: one page for the city office."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.access import require, user_of
from accounts.models import Role
from audit.log import record
from inspections.models import AfterPhotoRule, Finding
from schemes.models import Item

SHIPPED = ("", gettext_lazy("as shipped"))


class AfterPhotosForm(forms.Form):
    """One choice per item and kind; an empty one follows the shipped rule."""

    def __init__(self, *args: object, items: list[Item], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.items = items
        stored = AfterPhotoRule.objects.values_list("item_id", "kind", "policy")
        known = {(item, kind): policy for item, kind, policy in stored}
        for item in items:
            for kind in Finding.Kind:
                self.fields[self.key(item, kind)] = forms.ChoiceField(
                    choices=[SHIPPED, *AfterPhotoRule.Policy.choices],
                    initial=known.get((item.pk, kind), ""),
                    required=False,
                    label=f"{item.code} {item.name} · {kind.label}",
                )

    @staticmethod
    def key(item: Item, kind: str) -> str:
        """Return the field's name."""
        return f"{item.code}-{kind}"

    def rows(self) -> list[tuple[Item, list[forms.BoundField]]]:
        """Return the table: an item with its three fields."""
        return [(item, [self[self.key(item, kind)] for kind in Finding.Kind]) for item in self.items]

    def policies(self) -> dict[tuple[object, str], str]:
        """Return what was chosen."""
        data = self.cleaned_data
        return {(item.pk, kind): data[self.key(item, kind)] for item in self.items for kind in Finding.Kind}


@require(Role.CITY_OFFICE)
@require_http_methods(["GET", "POST"])
def after_photo_rules(request: HttpRequest) -> HttpResponse:
    """Show the table of items and kinds, or store it."""
    items = list(Item.objects.current().filter(level="village"))
    form = AfterPhotosForm(request.POST if request.method == "POST" else None, items=items)
    if form.is_bound and form.is_valid():
        AfterPhotoRule.objects.settle(form.policies())  # type: ignore[arg-type]
        record(request, "write", actor=user_of(request), label="after_photo_rules")
        messages.success(request, _("The rules are stored. They hold for submissions from now on."))
        return redirect("after_photo_rules")
    context = {"form": form, "kinds": [kind.label for kind in Finding.Kind]}
    return render(request, "inspections/after_photo_rules.html", context)


urlpatterns = [path("after-photos/", after_photo_rules, name="after_photo_rules")]
