"""Fields that the forms of a scheme share: points, texts in two languages, lines."""

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from schemes.definition import UNITS, full_width
from schemes.models import decimal_text
from schemes.reading import CODE_FORM, MOST_POINTS
from schemes.wording import FIELD_NAMES, SENTENCES, in_language


class Points(forms.DecimalField):
    """Points as people write them; cleans to whole 1/10,000 points."""

    def __init__(self, *, least: Decimal = Decimal("0.0001"), **kwargs: Any) -> None:
        super().__init__(min_value=least, max_value=MOST_POINTS, decimal_places=4, max_digits=9, **kwargs)
        self.widget.attrs["inputmode"] = "decimal"

    def prepare_value(self, value: Any) -> Any:
        """Write stored units as points."""
        return decimal_text(value) if isinstance(value, int) else value

    def clean(self, value: Any) -> Any:
        """Return whole 1/10,000 points, None where nothing was typed."""
        points = super().clean(value)
        return None if points is None else int(points * UNITS)


class Text(forms.CharField):
    """Some text; its line ends are as the database keeps them."""

    def to_python(self, value: Any) -> str:
        """Return the text with plain line ends."""
        text = str(super().to_python(value) or "")
        return text.replace("\r\n", "\n").replace("\r", "\n")


class Chinese(Text):
    """Some text in Chinese; punctuation beside Chinese characters becomes full-width."""

    def to_python(self, value: Any) -> str:
        """Return the text with full-width punctuation."""
        return full_width(super().to_python(value))


class Lines(Text):
    """One short text a line; cleans to the list of them."""

    def prepare_value(self, value: Any) -> Any:
        """Write the list as lines."""
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        """Return the lines that say something."""
        rows = [line.strip() for line in super().clean(value).split("\n")]
        return [row for row in rows if row]


class ChineseLines(Lines):
    """The same in Chinese."""

    def to_python(self, value: Any) -> str:
        """Return the text with full-width punctuation."""
        return full_width(super().to_python(value))


def code(most: int) -> forms.CharField:
    """Return the field of a code that an address can hold."""

    def check(value: str) -> None:
        if not CODE_FORM.fullmatch(value):
            raise ValidationError(SENTENCES["code_form"])

    return forms.CharField(label=FIELD_NAMES["code"], max_length=most, validators=[check])


def pair(field: str, most: int, *, rows: int = 0, required: bool = True) -> dict[str, forms.Field]:
    """Return a text's fields in both languages, by name."""
    found: dict[str, forms.Field] = {}
    for language, kind in (("zh", Chinese if not rows else Text), ("en", Text)):
        widget = forms.Textarea(attrs={"rows": rows}) if rows else forms.TextInput()
        found[f"{field}_{language}"] = kind(
            label=in_language(FIELD_NAMES[field], language), max_length=most, required=required, widget=widget
        )
    return found


def revision() -> forms.IntegerField:
    """Return the hidden field that tells which revision the page showed."""
    return forms.IntegerField(widget=forms.HiddenInput, label=_("revision"))
