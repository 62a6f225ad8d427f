"""Next best actions: a tenant's catalogue, what the customer wants in its words, and what may be done about it now."""

from app.actions.case_indexer import CaseIndexer
from app.actions.catalogue import ANY_INTENT, Catalogue, CatalogueAction, CatalogueIntent
from app.actions.catalogue_loader import load_catalogue, parse_catalogue, read_catalogue, shipped_catalogues
from app.actions.catalogue_store import InForce
from app.actions.decisions import DecisionMaker, Understanding
from app.actions.intent_training import TrafficLearner
from app.actions.learning import Learner
from app.actions.parameters import parameter_value, worded
from app.actions.ranking import OpenAction, OpenCase, Ranker
from app.actions.similar_cases import SimilarCases

__all__ = [
    "ANY_INTENT",
    "CaseIndexer",
    "Catalogue",
    "CatalogueAction",
    "CatalogueIntent",
    "DecisionMaker",
    "InForce",
    "Learner",
    "OpenAction",
    "OpenCase",
    "Ranker",
    "SimilarCases",
    "TrafficLearner",
    "Understanding",
    "load_catalogue",
    "parameter_value",
    "parse_catalogue",
    "read_catalogue",
    "shipped_catalogues",
    "worded",
]
