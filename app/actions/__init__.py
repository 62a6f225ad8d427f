"""Next best actions: a tenant's catalogue, what the customer wants in its words, and what may be done about it now."""

from app.actions.catalogue import Catalogue, CatalogueAction, CatalogueIntent
from app.actions.decisions import DecisionMaker
from app.actions.loading import load_catalogue, parse_catalogue

__all__ = [
    "Catalogue",
    "CatalogueAction",
    "CatalogueIntent",
    "DecisionMaker",
    "load_catalogue",
    "parse_catalogue",
]
