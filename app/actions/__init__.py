"""Next best actions: a tenant's catalogue, what the customer wants in its words, and what may be done about it now."""

from app.actions.catalogue import Catalogue, CatalogueAction, CatalogueIntent
from app.actions.decisions import DecisionMaker
from app.actions.learning import Learner
from app.actions.loading import load_catalogue, parse_catalogue, read_catalogue
from app.actions.shelf import InForce
from app.actions.traffic import TrafficLearner
from app.actions.wording import ActionWriter

__all__ = [
    "ActionWriter",
    "Catalogue",
    "CatalogueAction",
    "CatalogueIntent",
    "DecisionMaker",
    "InForce",
    "Learner",
    "TrafficLearner",
    "load_catalogue",
    "parse_catalogue",
    "read_catalogue",
]
