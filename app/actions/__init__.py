"""Next best actions: a tenant's catalogue, what the customer wants in its words, and what may be done about it now."""

from app.actions.case_keeping import CaseKeeper
from app.actions.catalogue import Catalogue, CatalogueAction, CatalogueIntent
from app.actions.decisions import DecisionMaker
from app.actions.learning import Learner
from app.actions.loading import load_catalogue, parse_catalogue, read_catalogue, shipped_catalogues
from app.actions.shelf import InForce
from app.actions.similar import SimilarCases
from app.actions.traffic import TrafficLearner
from app.actions.wording import ActionWriter

__all__ = [
    "ActionWriter",
    "CaseKeeper",
    "Catalogue",
    "CatalogueAction",
    "CatalogueIntent",
    "DecisionMaker",
    "InForce",
    "Learner",
    "SimilarCases",
    "TrafficLearner",
    "load_catalogue",
    "parse_catalogue",
    "read_catalogue",
    "shipped_catalogues",
]
