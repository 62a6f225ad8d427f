"""What was acknowledged reaches webhooks although the service is killed, and once where it is only stopped."""

from pathlib import Path

import pytest

from tests.support.webhook_kills import run

pytestmark = pytest.mark.long


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
async def test_acknowledged_signals_reach_webhooks_over_kills_and_none_twice_without_a_kill_between(
    database: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    database_url: str | None = request.getfixturevalue("postgres") if database == "postgres" else None
    counts = await run(tmp_path, database_url, kills=2, stops=1, seed=database)
    assert counts.acknowledged_signals > 0
    assert (counts.missing, counts.doubled_in_one_life, counts.doubled_over_a_stop) == (0, 0, 0)
