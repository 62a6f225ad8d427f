"""Codes and card numbers that only the conversation tells, over turns and keys, in seven languages."""

from collections.abc import AsyncGenerator

import pytest

from app.adapters.memory import MemoryLedger
from app.adapters.sql import SqlStore
from app.identity import Rules
from app.ledger import Recorder
from app.models import Actor, InteractionDraft, Kind
from app.nlu.tables import LANGUAGES
from app.ports import Ledger
from app.privacy import depends_on_context
from tests.support.builders import draft
from tests.support.secret_cases import faults, secret_cases

CASES = secret_cases()
BOT = {"actor": Actor.BOT}
AGENT = {"actor": Actor.AGENT}


def keys(pressed: str) -> InteractionDraft:
    """Keys of a telephone that were pressed."""
    return draft(kind=Kind.EVENT, name="dtmf", data={"digits": pressed}, conversation_id="c")


@pytest.fixture
async def ledger_file(sqlite: str) -> AsyncGenerator[SqlStore]:
    """A ledger in a file."""
    store = SqlStore(sqlite)
    yield store
    await store.close()


async def texts_after(
    *turns: tuple[str, dict[str, Actor]] | str | InteractionDraft, ledger: Ledger | None = None
) -> list[str]:
    """What stands in the ledger when each turn was filed by a request of its own; a text alone is the customer's."""
    store = ledger or MemoryLedger()
    recorder = Recorder(store, Rules())
    for turn in turns:
        text, fields = (turn, {}) if isinstance(turn, str | InteractionDraft) else turn
        message = text if isinstance(text, InteractionDraft) else draft(text, conversation_id="c", **fields)
        await recorder.record("t", [message])
    rows = [row for _, _, row in await store.after_position(0, 100)]
    return [row.text or str(row.data["digits"]) for row in rows]


@pytest.mark.parametrize("case", [case for case in CASES if not case.held_out], ids=lambda case: f"line {case.line}")
async def test_what_is_secret_goes_and_what_is_needed_stays(case: object) -> None:
    assert await faults(case) == []  # pyright: ignore[reportArgumentType]


async def test_nearly_all_conversations_that_no_rule_was_made_for_are_told_apart() -> None:
    faults_per_case = [await faults(case) for case in CASES if case.held_out]
    assert sum(map(bool, faults_per_case)) <= len(faults_per_case) // 10


def test_the_cases_are_in_all_languages_and_half_of_them_innocent() -> None:
    assert {case.language for case in CASES} == set(LANGUAGES)
    assert len(CASES) >= 150
    assert 0.4 < sum(case.is_secret for case in CASES) / len(CASES) < 0.6


async def test_parts_of_a_card_number_are_masked_in_the_rows_that_told_them(ledger_file: SqlStore) -> None:
    texts = await texts_after(
        "My card is 4242 42", ("mhm", BOT), "42 4242", ("4242 4242 42, go on", BOT), "4242", ledger=ledger_file
    )
    assert texts == ["My card is ••••", "mhm", "••••", "••••, go on", "••••4242"]


async def test_a_card_number_that_is_keyed_in_one_by_one_cannot_be_read() -> None:
    texts = await texts_after(("Please enter your card number.", BOT), *map(keys, "5425233430109903"))
    assert texts[1:] == ["••••"] * 15 + ["••••9903"]


async def test_who_begins_anew_leaves_no_part_behind() -> None:
    texts = await texts_after("it's 5425 2334 30", ("sorry?", AGENT), "5425 2334 3010 9903")
    assert texts == ["it's ••••", "sorry?", "••••9903"]


async def test_numbers_that_answer_other_questions_are_no_card() -> None:
    turns = (("And your order number?", BOT), "54252334", ("And the customer number?", BOT), "30109903")
    assert await texts_after(*turns) == [text if isinstance(text, str) else text[0] for text in turns]


async def test_parts_told_in_one_request_are_masked_too() -> None:
    ledger = MemoryLedger()
    recorder = Recorder(ledger, Rules())
    parts = [draft(text, conversation_id="c") for text in ("5425 2334", "3010", "9903")]
    parts.insert(1, draft("ok", conversation_id="c", **BOT))
    await recorder.record("t", parts)
    rows = [row.text for _, _, row in await ledger.after_position(0, 100)]
    assert rows == ["••••", "ok", "••••", "••••9903"]


async def test_a_code_stays_asked_for_until_it_is_given() -> None:
    texts = await texts_after(
        ("What is the security code?", BOT), "Let me get my card", ("Sure", BOT), "317", ("Got it, 317?", AGENT)
    )
    assert texts[3:] == ["•••", "Got it, •••?"]


async def test_another_question_ends_the_asking() -> None:
    texts = await texts_after(("What is the security code?", BOT), "no idea", ("What is your postcode?", BOT), "80331")
    assert texts[-1] == "80331"


async def test_a_code_that_is_keyed_in_one_by_one_cannot_be_read() -> None:
    texts = await texts_after(
        ("Please enter your PIN.", BOT),
        *map(keys, "8814"),
        ("Thanks. Press 1 for sales or 2 for help.", BOT),
        keys("2"),
    )
    assert texts[1:5] == ["•••"] * 4
    assert texts[-1] == "2"


def test_only_a_short_message_waits_for_what_was_said_before_it() -> None:
    figures = "4 8 2 9"
    short, long = (draft(text=text, conversation_id="c-1") for text in (figures, figures + " and so on" * 400))
    assert depends_on_context(short)
    assert not depends_on_context(long)
