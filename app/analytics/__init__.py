"""Where continuity breaks: journeys, escalations, what had to be said again, and what it costs."""

from app.analytics import row_filters
from app.analytics.definitions import DEFINITIONS
from app.analytics.figures import breakpoints, figures, groups, over_time
from app.analytics.follower import Follower, VisitReader
from app.analytics.graph import behind, graph_of, node_id
from app.analytics.ranking import ranked
from app.analytics.repeats import restated_name

__all__ = [
    "DEFINITIONS",
    "Follower",
    "VisitReader",
    "behind",
    "breakpoints",
    "figures",
    "graph_of",
    "groups",
    "node_id",
    "over_time",
    "ranked",
    "restated_name",
    "row_filters",
]
