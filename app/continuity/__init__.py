"""Where continuity breaks: journeys, escalations, what had to be said again, and what it costs."""

from app.continuity import selecting
from app.continuity.definitions import DEFINITIONS
from app.continuity.figures import breakpoints, figures, groups, over_time
from app.continuity.follower import Follower, VisitReader
from app.continuity.graph import behind, graph_of, node_id
from app.continuity.ranking import ranked
from app.continuity.repeats import restated_name

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
    "selecting",
]
