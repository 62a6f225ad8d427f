"""A key that is sent to several processes at once leaves one piece of work, and its webhooks are told once."""

from pathlib import Path

from tests.support.key_races import AT_ONCE, Counts, run

KEYS = 6
WORKERS = 2


async def test_keys_sent_at_once_to_a_service_of_several_processes_leave_one_row_handoff_and_message_each(
    postgres: str, tmp_path: Path
) -> None:
    counts = await run(tmp_path, postgres, keys=KEYS, workers=WORKERS)
    assert counts == Counts(
        keys=KEYS,
        workers=WORKERS,
        requests=2 * KEYS * AT_ONCE,
        sent_again=counts.sent_again,
        interactions=KEYS,
        handoffs=KEYS,
        signal_messages=KEYS,
        handoff_messages=KEYS,
        messages_arrived=2 * KEYS,
    )
