"""Schemes by version, their sources, aspects and items, and the examples of items."""

from schemes.models.examples import ExamplePhoto, ExampleRefused
from schemes.models.items import Aspect, Item, ItemQuerySet, SourceCode
from schemes.models.parts import PARTS, UNITS, SchemeFrozen, SchemeRefused, decimal_text
from schemes.models.schemes import DRAFT_READERS, READERS, Scheme, SchemeQuerySet, SchemeSource

__all__ = [
    "DRAFT_READERS",
    "PARTS",
    "READERS",
    "UNITS",
    "Aspect",
    "ExamplePhoto",
    "ExampleRefused",
    "Item",
    "ItemQuerySet",
    "Scheme",
    "SchemeFrozen",
    "SchemeQuerySet",
    "SchemeRefused",
    "SchemeSource",
    "SourceCode",
    "decimal_text",
]
