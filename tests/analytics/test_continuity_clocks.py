"""How long an agent waited for a brief, whichever clock its showing was told by."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.analytics.handoffs import handoffs_of
from app.ids import made_at, new_id

JUDGED_AS_OF = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def waited(handoff_id: str, shown: datetime | None) -> int | None:
    """The milliseconds until the brief of a handoff was there that was judged as of an earlier day."""
    handoff: dict[str, Any] = {
        "handoff_id": handoff_id,
        "created_at": JUDGED_AS_OF.isoformat(),
        "request": {"now": JUDGED_AS_OF.isoformat()},
        "as_of_seq": 1,
        "duration_ms": 40,
        "status": "completed",
        "brief": {},
    }
    feedback = {"feedback_id": "fbk_1", "handoff_id": handoff_id, "filed_at": JUDGED_AS_OF.isoformat()}
    filed = [{**feedback, "displayed_at": shown.isoformat()}] if shown else []
    return handoffs_of({"handoffs": [handoff], "feedback": filed})[0].brief_ms


@pytest.mark.parametrize("clock", ["of the handoff's moment", "of its making"])
def test_a_brief_judged_as_of_another_day_was_waited_for_by_the_clock_it_was_shown_by(clock: str) -> None:
    handoff_id = new_id("hnd")
    asked = JUDGED_AS_OF if clock == "of the handoff's moment" else made_at(handoff_id)
    assert waited(handoff_id, asked + timedelta(seconds=3)) == 3000


def test_a_brief_that_was_never_told_to_be_shown_was_there_when_it_was_made() -> None:
    assert waited(new_id("hnd"), None) == 40
