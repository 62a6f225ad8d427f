"""`warmline bench …`: how long an answer takes on this machine, the least it could take, and the ratio of the two.

Every figure has its floor from the same run, so that a slow machine shows in both.
"""

from evals.bench.analytics import AnalyticsBench, bench_analytics
from evals.bench.answers import HandoffBench, RetrievalBench, bench_handoff, bench_retrieval
from evals.bench.drafted import DraftedBench, bench_drafted
from evals.bench.figures import LatencyFigure, ThroughputFigure, figure, rate
from evals.bench.history import Growth, HistoryBench, bench_history
from evals.bench.hostile import HostileBench, bench_hostile
from evals.bench.ingest import IngestBench, bench_ingest
from evals.bench.model import ModelBench, bench_model
from evals.bench.next_action import NextActionBench, bench_next_action
from evals.bench.overload import OverloadBench, bench_overload
from evals.bench.revisions import RevisionsBench, bench_revisions
from evals.bench.silences import SilencesBench, bench_silences

__all__ = [
    "AnalyticsBench",
    "DraftedBench",
    "Growth",
    "HandoffBench",
    "HistoryBench",
    "HostileBench",
    "IngestBench",
    "LatencyFigure",
    "ModelBench",
    "NextActionBench",
    "OverloadBench",
    "RetrievalBench",
    "RevisionsBench",
    "SilencesBench",
    "ThroughputFigure",
    "bench_analytics",
    "bench_drafted",
    "bench_handoff",
    "bench_history",
    "bench_hostile",
    "bench_ingest",
    "bench_model",
    "bench_next_action",
    "bench_overload",
    "bench_retrieval",
    "bench_revisions",
    "bench_silences",
    "figure",
    "rate",
]
