"""The demonstration: a real service, a made-up journey, and nothing left behind."""

import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.demo import JOURNEY, Service, own_service
from app.errors import Unavailable
from app.models import InteractionDraft

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    """The demonstration, run once in an empty folder, with a temporary folder of its own."""
    folder = tmp_path_factory.mktemp("demo")
    (folder / "tmp").mkdir()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("WARMLINE_")},
        "TMPDIR": str(folder / "tmp"),
        "COLUMNS": "100",
    }
    command = [sys.executable, "-m", "app.interfaces.cli", "demo"]
    finished = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    return finished, folder


def test_the_demo_shows_a_brief_with_evidence_and_next_actions(
    played: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    finished, _ = played
    assert finished.returncode == 0, finished.stderr
    for words in ("Handoff", "What was tried", "Promised", "129.00", "ORD-48213", "Do next", "Evidence", "demo-1001"):
        assert words in finished.stdout
    assert re.search(r"brief ready \d+ ms after the escalation", finished.stdout)
    assert "Traceback" not in finished.stdout + finished.stderr


def test_the_demo_knows_the_customer_on_all_four_channels(
    played: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    evidence = played[0].stdout.partition("Evidence")[2]
    assert all(f" {channel}, " in evidence for channel in ("app", "whatsapp", "voice"))


def test_the_demo_says_how_to_go_on(played: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    for words in ("serve", "/docs", "WARMLINE_MODEL="):
        assert words in played[0].stdout


def test_the_demo_leaves_no_file_and_no_service_behind(
    played: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    finished, folder = played
    assert [path for path in folder.rglob("*") if path != folder / "tmp"] == []
    address = re.search(r"http://127\.0\.0\.1:\d+(?! ?/docs)", finished.stdout)
    assert address is not None
    with pytest.raises(Unavailable):
        Service(address.group()).get("/healthz")


def test_the_journey_is_made_of_valid_interactions_in_the_order_they_happened() -> None:
    drafts = [
        InteractionDraft.model_validate(interaction) for episode in JOURNEY for interaction in episode.interactions(NOW)
    ]
    times = [draft.occurred_at for draft in drafts if draft.occurred_at]
    assert times == sorted(times)
    assert NOW - timedelta(minutes=2) <= times[-1] <= NOW
    assert len({draft.id for draft in drafts}) == len(drafts)
    assert {draft.channel.value for draft in drafts} == {"app", "chat", "whatsapp", "voice"}


def test_a_service_that_cannot_start_is_explained_with_the_end_of_its_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WARMLINE_MODEL_FALLBACKS", "not a list")
    with pytest.raises(Unavailable, match=r"(?i)model_fallbacks"), own_service():
        pass
