"""Forms about accounts. They check; the models act."""

import datetime as dt
from typing import Any, cast

from allauth.account.forms import LoginForm
from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Post, Role, User
from villages.models import Division, Person


class SignInForm(LoginForm):
    """allauth's form under our words (its own catalog is not complete in Chinese)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        login, password = self.fields["login"], self.fields["password"]
        login.label, password.label = _("User name"), _("Password")
        password.help_text = ""
        for field in (login, password):
            field.widget.attrs.pop("placeholder", None)
        login.widget.attrs |= {"autocapitalize": "none", "autofocus": True}

    def clean(self) -> dict[str, Any]:
        """Try the password; say the same for a wrong name and a wrong password."""
        try:
            return super().clean()  # type: ignore[no-any-return]
        except ValidationError as error:
            raise ValidationError(_("User name or password is wrong."), "wrong_password") from error


class PasswordForm(forms.Form):
    """Choose a new password."""

    old = forms.CharField(
        label=_("Present password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    new = forms.CharField(
        label=_("New password"),
        strip=False,
        help_text=_("At least 8 characters, not only digits, and not one that many people use."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label=_("New password again"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_old(self) -> str:
        """Check the present password."""
        old: str = self.cleaned_data["old"]
        if not self.user.check_password(old):
            raise ValidationError(_("The present password is wrong."), "wrong_password")
        return old

    def clean_new(self) -> str:
        """Check the rules, and that it is a new one."""
        new: str = self.cleaned_data["new"]
        validate_password(new, self.user)
        if new == self.cleaned_data.get("old"):
            raise ValidationError(_("Choose a password other than the present one."), "same_password")
        return new

    def clean(self) -> dict[str, Any]:
        """Check that both entries agree."""
        data = super().clean() or self.cleaned_data
        if data.get("new") and data.get("again") and data["new"] != data["again"]:
            self.add_error("again", _("The two entries differ."))
        return data


class ProfileForm(forms.ModelForm):
    """How the pages look and where mail goes."""

    class Meta:
        model = User
        fields = ["language", "theme", "large_text", "email"]
        labels = {"email": _("Mail address for reminders")}
        help_texts = {"email": _("Mails only say how many things wait for you.")}


class PersonField(forms.CharField):
    """A person of the roster, found by name and, where names repeat, by title or employer."""

    def clean(self, value: Any) -> Person | None:
        """Return the one person whom all words fit."""
        words = super().clean(value).split()
        found = list(_persons(words)[:6]) if words else []
        if len(found) > 1:
            raise ValidationError(
                _("Several persons fit: %(names)s. Add the title or the employer.")
                % {"names": "；".join(describe(person) for person in found[:5])},
                "ambiguous",
            )
        if words and not found:
            raise ValidationError(_("No person on the roster fits."), "unknown")
        return found[0] if found else None


def _persons(words: list[str]) -> "QuerySet[Person]":
    rows = Person.objects.all()
    for word in words:
        rows = rows.filter(Q(name=word) | Q(title__icontains=word) | Q(employer__icontains=word))
    return rows.order_by("name", "pk")


def describe(person: Person) -> str:
    """Return name, title and employer: the words that find this person again."""
    return " ".join(part for part in (person.name, person.title, person.employer) if part)


class UserForm(forms.ModelForm):
    """An account as the administrator sees it."""

    person = PersonField(
        label=_("Person on the roster"),
        required=False,
        help_text=_(
            "Leaders and secretaries see the places that this person answers for. Name, title, employer."
        ),
    )

    class Meta:
        model = User
        fields = ["username", "name", "email"]
        labels = {"username": _("User name"), "email": _("Mail address for reminders")}
        help_texts = {"username": _("Letters, digits and @ . + - _")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].required = True
        if self.instance.person:
            self.initial["person"] = describe(self.instance.person)

    def clean_person(self) -> Person | None:
        """Refuse a person who has an account already."""
        person: Person | None = self.cleaned_data["person"]
        if person and User.objects.exclude(pk=self.instance.pk).filter(person=person).exists():
            raise ValidationError(_("This person has an account already."), "taken")
        return person

    def clean_username(self) -> str:
        """Refuse a name that differs from another only in case."""
        username: str = self.cleaned_data["username"]
        if User.objects.exclude(pk=self.instance.pk).filter(username__iexact=username).exists():
            raise ValidationError(_("This user name is taken."), "taken")
        return username


class PlaceField(forms.ModelChoiceField):
    """A choice of places, each with its unit before it, since names repeat."""

    def label_from_instance(self, obj: Any) -> str:
        """Return the place's name."""
        county = getattr(obj, "county_name", "")
        return f"{county} › {obj}" if obj.level == Division.Level.TOWNSHIP and county else str(obj)


class PrincipalField(forms.ModelChoiceField):
    """A choice of posts that somebody may stand in for."""

    def label_from_instance(self, obj: Any) -> str:
        """Return who holds the post, and the post."""
        return f"{obj.user} · {obj}"


class PostForm(forms.ModelForm):
    """A post from a day on."""

    division = PlaceField(Division.objects.none(), label=_("Place"), required=False)
    deputy_for = PrincipalField(
        Post.objects.none(),
        label=_("Stands in for"),
        required=False,
        help_text=_("For a deputy during leave: the post whose work is taken over."),
    )

    class Meta:
        model = Post
        fields = [
            "role", "division", "organisation", "since", "until", "may_sign", "issues_directly", "deputy_for"
        ]  # fmt: skip
        labels = {"since": _("From"), "until": _("Until")}
        help_texts = {
            "until": _("The first day on which it no longer holds; empty for no end."),
        }
        widgets = {
            "since": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "until": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        }

    def __init__(self, *args: Any, user: User, on: dt.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.user = user
        self.initial.setdefault("since", on)
        division = cast(PlaceField, self.fields["division"])
        division.queryset = Division.objects.current(on).with_parent(on).order_by("level", "position", "name")
        deputy = cast(PrincipalField, self.fields["deputy_for"])
        deputy.queryset = (
            Post.objects.on(on).exclude(user=user).select_related("user", "division", "organisation")
            .order_by("user__username")
        )  # fmt: skip

    def as_post(self) -> Post:
        """Return the checked post, not yet stored."""
        return cast(Post, self.instance)

    def clean(self) -> dict[str, Any]:
        """Check that the place fits the role."""
        data = super().clean() or self.cleaned_data
        wanted = LEVELS.get(data.get("role", ""))
        division = data.get("division")
        if wanted and (division is None or division.level != wanted):
            self.add_error("division", PLACE_WANTED[wanted])
        if data.get("role") == Role.DEPARTMENT and not data.get("organisation"):
            self.add_error("organisation", _("Choose the department."))
        principal = data.get("deputy_for")
        if principal and (principal.role, principal.division) != (data.get("role"), division):
            self.add_error("deputy_for", _("Whoever stands in holds the same role at the same place."))
        return data


LEVELS = {
    Role.CITY_OFFICE: Division.Level.CITY,
    Role.COUNTY_OFFICE: Division.Level.COUNTY,
    Role.TOWNSHIP: Division.Level.TOWNSHIP,
}
PLACE_WANTED = {
    Division.Level.CITY: _("This role is at the city."),
    Division.Level.COUNTY: _("This role is at a county-level unit."),
    Division.Level.TOWNSHIP: _("This role is at a township or street."),
}


class EndPostForm(forms.Form):
    """The day from which a post no longer holds."""

    until = forms.DateField(label=_("Until"), widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, post: Post, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.post = post

    def clean_until(self) -> dt.date:
        """Refuse a day before the post began."""
        until: dt.date = self.cleaned_data["until"]
        if until <= self.post.since:
            raise ValidationError(_("A post holds for at least a day."), "too_early")
        return until


class ImportForm(forms.Form):
    """A list of users to read."""

    file = forms.FileField(
        label=_("Excel or CSV file"), help_text=_("Nothing is changed before you confirm.")
    )

    def clean_file(self) -> Any:
        """Refuse files that no list of users can be."""
        upload = self.cleaned_data["file"]
        if upload.size > 5 * 1024 * 1024:
            raise ValidationError(_("The file is larger than 5 MB."), "too_large")
        return upload
