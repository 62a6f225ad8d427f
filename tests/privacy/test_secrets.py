"""Whole card numbers and secret codes are neither filed nor shown, in figures or in words; what is needed stays."""

import pytest
from pydantic import JsonValue

from app.adapters.memory import MemoryLedger
from app.identity import Rules
from app.ledger import Recorder
from app.models import Actor, Kind
from app.privacy import mask, masked_data, masked_row
from app.privacy.questions import asks_for_code
from tests.support.builders import draft, interaction

CARDS = [
    "my card is 4242 4242 4242 4242",
    "4242424242424242",
    "4242-4242-4242-4242",
    "4242.4242.4242.4242",
    "4242\n4242\n4242\n4242",
    "4242\u200b4242\u200b4242\u200b4242",
    "4242/4242/4242/4242",
    "It is 4242, 4242, 4242, 4242.",
    "٤٢٤٢ ٤٢٤٢ ٤٢٤٢ ٤٢٤٢",
    "4 2 4 2 4 2 4 2 4 2 4 2 4 2 4 2",
    "card4242424242424242",
    "I am filing a refund for 4242 4242 4242 4242.",
    "My number is 4242 four two four two 4242 forty two forty two",
    "four two four two, um, four two four two, then four two four two and four two four two",
    "forty two forty-two, forty two forty two forty two forty two forty two forty two",
    "vier zwei vier zwei vier zwei vier zwei vier zwei vier zwei vier zwei vier zwei",
    " ".join(["zweiundvierzig"] * 8),
    " ".join(["quarante-deux"] * 8),
    " ".join(["cuarenta y dos"] * 8),
    " ".join(["quarenta e dois"] * 8),
    " ".join(["quarantadue"] * 8),
    " ".join(["tweeënveertig"] * 8),
]
OTHER_CARDS = [
    ("five five five five, triple five five, five five five five, quadruple four", "4444"),
    ("3782 822463 10005", "0005"),
    ("three seven eight two eight two two four six three one oh oh oh five", "0005"),
    ("3056 930902 5904", "5904"),
    ("6011111111111117", "1117"),
    ("3530111333300000", "0000"),
    ("my maestro card 6759649826438453", "8453"),
]
CODES = [
    "security code is 123",
    "CVV: 1234",
    "cvv 123",
    "the CVC is nine oh four",
    "security code is double four two",
    "my PIN is four seven one one",
    "The PIN for my card is 1234 and it gets rejected",
    "the code is 4 8 1 5 1 6",
    "The code is four eight one five one six.",
    "verification code 482913",
    "482913 is your login code",
    "123 on the back",
    "the last three digits on the back are one two three",
    "My security code. One two three.",
    "I'll give you the CVV now. It's 123.",
    "your one-time code is 883 201",
    "one time password is 883 201",
    "TAN 883201",
    "Sicherheitscode ist eins zwei drei",
    "Kartenprüfnummer hundertdreiundzwanzig",
    "meine Geheimzahl lautet 4711",
    "le cryptogramme est un deux trois",
    "le code de sécurité est cent vingt-trois",
    "el código de seguridad es uno dos tres",
    "o código de segurança é um dois três",
    "il codice di sicurezza è uno due tre",
    "de beveiligingscode is een twee drie",
    '{"cvv": "123", "pin": "4711"}',
]
ORDINARY = [
    "order 4111 1111 1111 1112 is late",  # the check digit is wrong
    "my order number is 4539578763621486",  # named as an order, in one piece
    "tracking 4539578763621486",
    "IMEI 490154203237518",
    "the error code is 4071",
    "my booking code is 482915",
    "the zip code is 55121, country code 49",
    "code postal 75011, código postal 28013, Postleitzahl 80331",
    "DE89 3704 0044 0532 0130 00",
    "the total is 1,250.00 USD for 3 items",
    "1200, 4500, 3000 and 9800 euros",
    "call +49 151 1234 5678 or +4915112345678",
    "my phone is zero one five one two three four five six seven eight nine",
    "my PIN was rejected 3 times since 2026",
    "promo code 2024, QR code 1234, confirmation code 482915",
    "I received the code at 10:30, order 553201",
    "Does your code work? Order 339127.",
    "three shirts and four shoes for five people, six bags, seven hats, eight, nine, ten, eleven, twelve",
    "the shirt came back: order 5512, size 42",
    "social security number 123-45-6789",
    "on 2026-03-02 09:00:00 and 2026-03-02 10:15:00 I called 3 times",
    "account number 12345678, customer number 44182993",
]


@pytest.fixture
def recorder() -> Recorder:
    return Recorder(MemoryLedger(), Rules())


@pytest.mark.parametrize("text", CARDS)
def test_a_whole_card_number_is_masked_but_for_its_last_four(text: str) -> None:
    shown = mask(text)
    assert "••••4242" in shown
    assert shown.count("4242") == 1
    assert not any(word in shown for word in ("four", "vier", "quarant", "cuarenta", "quarenta", "veertig"))
    assert mask(shown) == shown


@pytest.mark.parametrize(("text", "last"), OTHER_CARDS)
def test_cards_of_every_issuer_are_masked(text: str, last: str) -> None:
    assert mask(text).removeprefix("my maestro card ") == f"••••{last}"


@pytest.mark.parametrize("text", CODES)
def test_a_code_that_is_named_as_one_is_masked(text: str) -> None:
    shown = mask(text)
    assert "•••" in shown
    assert not any(sign.isdigit() for sign in shown)
    assert not any(word in shown.lower().split() for word in ("two", "deux", "dos", "due", "dois", "twee", "zwei"))
    assert mask(shown) == shown


@pytest.mark.parametrize("text", ORDINARY)
def test_numbers_that_are_needed_stay(text: str) -> None:
    assert mask(text) == text


def test_the_code_behind_a_cards_number_and_expiry_goes_too() -> None:
    assert mask("card 4242 4242 4242 4242 12/29 123") == "card ••••4242 12/29 •••"


def test_a_field_of_data_is_read_with_the_names_around_it() -> None:
    sent: dict[str, JsonValue] = {
        "card": {"number": "4242424242424242", "securityCode": 123, "cvv2": "904", "expiry": "12/29"},
        "form": [{"field": "pin", "value": "4711"}, {"field": "quantity", "value": "4711"}],
        "groups": ["4242", "4242", "4242", "4242"],
        "arguments": '{"cvc": "123", "order_id": "8839201"}',
        "4242 4242 4242 4242": "paid",
        "order_id": "4539578763621486",
        "tracking": {"code": "123456"},
        "amount": 4711,
        "deep": {"er": [{"otp": ["482913"]}]},
    }
    assert masked_data(sent) == {
        "card": {"number": "••••4242", "securityCode": "•••", "cvv2": "•••", "expiry": "12/29"},
        "form": [{"field": "pin", "value": "•••"}, {"field": "quantity", "value": "4711"}],
        "groups": ["•••", "•••", "•••", "••••4242"],
        "arguments": '{"cvc": "•••", "order_id": "8839201"}',
        "••••4242": "paid",
        "order_id": "4539578763621486",
        "tracking": {"code": "123456"},
        "amount": 4711,
        "deep": {"er": [{"otp": ["•••"]}]},
    }


def test_the_name_of_a_step_names_what_was_entered_in_it() -> None:
    assert masked_data({"value": "4711", "attempt": 2}, "enter_pin") == {"value": "•••", "attempt": 2}
    assert masked_data({"value": "4711"}, "choose_size") == {"value": "4711"}


SHAPES = [
    "4",
    "4 ",
    "A",
    "a1",
    "four ",
    "four um ",
    "4242 ",
    "\n",
    "[",
    "DE89 ",
    "cvv: ",
    "code is 12 ",
    "٤ ",
    "1234 is ",
]


@pytest.mark.parametrize("unit", SHAPES)
def test_a_long_text_of_any_shape_is_searched_through(unit: str) -> None:
    text = (unit * 50_000)[:50_000]  # what grew faster than the text would not come to an end here
    assert mask(text)
    assert mask(text + " my card is 5555 5555 5555 4444").count("5555 5555") == 0


async def test_a_code_that_answers_a_question_is_not_filed(recorder: Recorder) -> None:
    ledger = recorder._ledger  # pyright: ignore[reportPrivateUsage]
    bot = {"actor": Actor.BOT, "conversation_id": "c"}
    await recorder.record("t", [draft("What is your order number?", **bot), draft("339127", conversation_id="c")])
    await recorder.record("t", [draft("Which three-digit security code is on the back?", **bot)])
    await recorder.record("t", [draft("uh, nine zero four", conversation_id="c")])
    await recorder.record("t", [draft("Please never send your PIN.", **bot)])
    await recorder.record("t", [draft("339127", conversation_id="c")])
    texts = [row.text for _, _, row in await ledger.after_position(0, 100)]
    assert texts[1::2] == ["339127", "uh, •••", "339127"]


async def test_a_card_number_told_in_several_messages_is_never_whole_in_the_ledger(recorder: Recorder) -> None:
    ledger = recorder._ledger  # pyright: ignore[reportPrivateUsage]
    for part in ("4242 4242", "four two four two", "4242"):
        await recorder.record("t", [draft(part, conversation_id="c")])
    texts = [row.text for _, _, row in await ledger.after_position(0, 100)]
    assert texts == ["••••", "••••", "••••4242"]


async def test_the_same_delivery_is_a_duplicate_whatever_was_said_meanwhile(recorder: Recorder) -> None:
    asked = draft("Please tell me your PIN.", id="q", actor=Actor.BOT, conversation_id="c")
    answer = draft("4711", id="a", conversation_id="c")
    card = draft("4242 4242 4242 4242", id="b", conversation_id="c", kind=Kind.NOTE)
    first = await recorder.record("t", [asked, answer, card])
    await recorder.record("t", [draft("Thank you. And your order number?", actor=Actor.BOT, conversation_id="c")])
    again = await recorder.record("t", [asked, answer, card])
    assert [recorded.duplicate for recorded in again] == [True, True, True]
    assert [recorded.seq for recorded in again] == [recorded.seq for recorded in first]
    (other,) = await recorder.record(
        "t", [draft("4242 4242 4242 4242 now", id="b", conversation_id="c", kind=Kind.NOTE)]
    )
    assert other.problem is not None


def test_a_row_without_secrets_is_the_same_object() -> None:
    row = interaction(1, "Where is order 8839201?")
    assert masked_row(row) is row


def test_who_politely_tells_that_a_code_is_on_its_way_does_not_ask_for_it() -> None:
    assert not asks_for_code("Please be aware that your one-time code went to your e-mail address.")
    assert asks_for_code("Please, your one-time code.")
