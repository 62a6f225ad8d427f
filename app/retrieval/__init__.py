"""Retrieval: finds what matters in one customer's own history, gathers the snapshot of a case, and keeps the index."""

from app.nlu.extent import readable
from app.retrieval.gather import Gatherer
from app.retrieval.index import Indexer, file_watermark
from app.retrieval.meanings import MeaningReader
from app.retrieval.search import RankedPassages, Retriever
from app.retrieval.windows import Windows

__all__ = [
    "Gatherer",
    "Indexer",
    "MeaningReader",
    "RankedPassages",
    "Retriever",
    "Windows",
    "file_watermark",
    "readable",
]
