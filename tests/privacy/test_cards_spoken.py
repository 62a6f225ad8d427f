"""A card's number and code, in figures and words of seven languages, in one message or several, are read nowhere."""

import logging
import re
from pathlib import Path

import httpx
import pytest

from app.privacy import masked_among
from app.privacy.cards import passes_luhn
from app.privacy.context import Row
from app.privacy.secrets import mask
from app.services import App
from app.settings import Settings
from tests.interfaces.http import message, record
from tests.support.builders import draft
from tests.support.spoken_cards import filed, is_readable, tellings

# Ids and times hold a few figures in a row as well.
_IN_AN_ID = re.compile(r"(?:\d\W*){1,4}")
VIEWS = ("application/json", "text/markdown", "text/html", "application/vcon+json")


@pytest.mark.parametrize("seed", range(4))
def test_nothing_of_a_card_that_is_told_is_filed(seed: int) -> None:
    shown = [(telling, " | ".join(filed(telling))) for telling in tellings(seed, 500)]
    leaks = [
        (telling.turns, text) for telling, text in shown if any(is_readable(part, text) for part in telling.secrets)
    ]
    assert leaks == []


async def test_nothing_of_a_card_that_is_told_stands_on_a_page_in_an_export_a_log_or_a_file(
    client: httpx.AsyncClient, app: App, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    spoken = list(tellings(11, 24))
    seen: dict[str, str] = {}
    for number, telling in enumerate(spoken):
        conversation, customer_id = f"talk-{number}", ""
        for position, (actor, text) in enumerate(telling.turns):
            who = [{"type": "account_id", "value": f"acc-{number}", "verified": True}]
            row = message(text, conversation_id=conversation, channel="voice", actor=actor, identifiers=who)
            [result] = await record(client, row | {"id": f"{conversation}-{position}"})
            customer_id = result["customer_id"]
        handoff = await client.post("/v1/handoffs", json={"conversation_id": conversation})
        pages = [handoff.text]
        for accept in VIEWS:
            path = f"/v1/handoffs/{handoff.json()['handoff_id']}"
            pages.append((await client.get(path, headers={"accept": accept})).text)
        wanted = {"conversation_id": conversation, "audience": "agent"}
        pages.append((await client.post("/v1/next-actions", json=wanted)).text)
        views = ("timeline", "export", "search?q=card")
        pages += [(await client.get(f"/v1/customers/{customer_id}/{view}")).text for view in views]
        seen[conversation] = "\n".join(pages)
    seen["logs"] = "\n".join(
        entry.getMessage() for entry in caplog.records if entry.name.startswith(("warmline", "app"))
    )
    await app.close()
    seen["files"] = bytes_below(settings.data_dir)
    wholes = [secret for telling in spoken for secret in telling.secrets if len(secret) > 11]
    for number, telling in enumerate(spoken):
        page = seen[f"talk-{number}"]
        assert [part for part in telling.secrets if not _IN_AN_ID.fullmatch(part) and is_readable(part, page)] == [], (
            telling
        )
    assert [secret for secret in wholes if secret in seen["files"] or secret in seen["logs"]] == []


def bytes_below(folder: Path | str) -> str:
    """All bytes of all files, as text."""
    files = sorted(file for file in Path(folder).rglob("*") if file.is_file())
    return "\n".join(file.read_bytes().decode(errors="replace") for file in files)


def test_what_a_customer_gets_back_or_counts_is_no_code() -> None:
    card = draft("My card is 4242 4242 4242 4242.", conversation_id="c")
    before = masked_among([], card).row
    for text in ("I paid 350 euros and want 120 back.", "My 555 order came back", "The 120 on the back seat"):
        assert masked_among([before], draft(text, conversation_id="c")).row.text == text


def test_a_figure_that_answers_another_question_stays() -> None:
    rows: list[Row] = []
    for actor, text in (
        ("agent", "What is the CVV?"),
        ("customer", "seven"),
        ("agent", "yes"),
        ("customer", "three nine"),
        ("agent", "Thanks. How many nights?"),
        ("customer", "3"),
    ):
        rows.append(masked_among(rows, draft(text, actor=actor, conversation_id="c")).row)
    assert [row.text for row in rows if row.actor == "customer"] == ["•", "••", "3"]


@pytest.mark.parametrize(
    "text",
    [
        "it is five five five five five five five five bear with me five five five five four four four four",
        "the card says 5555 5555 now the rest of it 5555 4444",
        "la tarjeta es cinco cinco cinco cinco cinco cinco cinco cinco un momento cinco cinco cinco cinco"
        " cuatro cuatro cuatro cuatro",
    ],
)
def test_a_card_that_is_told_with_other_words_between_its_parts_is_masked_whole(text: str) -> None:
    assert passes_luhn("5555555555554444")
    shown = mask(text)
    assert shown.endswith("4444")
    assert not {"5555", "five", "cinco"} & set(shown.replace("•", " ").split())


def test_two_numbers_of_other_things_are_no_card_together() -> None:
    text = "the orders 55555555 and then 55554444 are both late"
    assert mask(text) == text
