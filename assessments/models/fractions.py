"""A column for exact fractions."""

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from django.db import models


class FractionField(models.TextField):
    """An exact fraction, kept as its digits, `numerator/denominator`: nothing overflows, nothing is added up in SQL."""

    if TYPE_CHECKING:  # a fraction to whoever reads or writes the column, not a text
        _pyi_private_set_type: Any
        _pyi_private_get_type: Any
        _pyi_lookup_exact_type: Any

    def from_db_value(self, value: str | None, _expression: Any, _connection: Any) -> Fraction | None:
        """Read the digits."""
        return None if value is None else Fraction(value)

    def to_python(self, value: Any) -> Fraction | None:
        """Return a fraction of whatever stands for one."""
        return value if value is None or isinstance(value, Fraction) else Fraction(value)

    def get_prep_value(self, value: Any) -> str | None:
        """Write the digits, in lowest terms."""
        if value is None:
            return None
        exact = Fraction(value)
        return f"{exact.numerator}/{exact.denominator}"

    def value_to_string(self, obj: models.Model) -> str:
        """Return the digits for a dump."""
        return self.get_prep_value(self.value_from_object(obj)) or ""
