"""What leaves for a model holds no secret and no personal number, and what an agent may see comes back."""

import pytest

from app.privacy import Redactor, questions_answered, redact
from tests.support.builders import interaction


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("my card is 4111 1111 1111 1111, thanks", "my card is [card_1], thanks"),
        ("card 4242 4242 4242 4242 12/29", "card [card_1] 12/29"),
        ("the code from my bank is 771204", "the code from my bank is [code_1]"),
        ("the code you texted just now is 482915", "the code you texted just now is [code_1]"),
        ("amex 3782-822463-10005", "amex [card_1]"),
        ("IBAN DE89 3704 0044 0532 0130 00 please", "IBAN [iban_1] please"),
        ("iban gb82west12345698765432.", "iban [iban_1]."),
        ("ssn 123-45-6789", "ssn [national_id_1]"),
        ("social security number: 123456789", "social security number: [national_id_1]"),
        ("NI number AB 12 34 56 C", "NI number [national_id_1]"),
        ("DNI 12345678Z", "DNI [national_id_1]"),
        ("CPF 529.982.247-25", "CPF [national_id_1]"),
        ("Aadhaar 2341 2341 2346", "Aadhaar [national_id_1]"),
        ("my password is hunter2!", "my password is [password_1]!"),
        ('{"password": "Tr0ub4dor", "otp": "482913"}', '{"password": "[password_1]", "otp": "[code_1]"}'),
        ("password is password", "password is [password_1]"),
        ("Your verification code is 482 913.", "Your verification code is [code_1]."),
        ("482913 is your login code", "[code_1] is your login code"),
        ("the cvv is 123", "the cvv is [code_1]"),
        ("mail me at user@mail.example", "mail me at [email_1]"),
        ("call +1 (555) 010-9999 or 555-010-9998", "call [phone_1] or [phone_2]"),
    ],
)
def test_secrets_and_personal_numbers_leave_as_typed_placeholders(text: str, sent: str) -> None:
    assert Redactor().redact(text) == sent


@pytest.mark.parametrize(
    "text",
    [
        "order 4111 1111 1111 1112 is late",  # no card: the check digit is wrong
        "order 1234567890123456",
        "device 356938035643809",
        "DE89 3704 0044 0532 0130 01",
        "123-4567890-1234567",
        "my password is wrong",
        "I changed my password yesterday",
        "error code 500 since 2026-03-02",
        "the error code is 4071",
        "my booking code is 482915",
        "12345678A",
        "529.982.247-26",
        "the total is 1,250.00 USD for 3 items",
    ],
)
def test_ordinary_numbers_and_words_stay(text: str) -> None:
    assert Redactor().redact(text) == text


def test_the_same_value_has_the_same_placeholder_however_it_is_written() -> None:
    redactor = Redactor()
    assert redactor.redact("4111 1111 1111 1111") == redactor.redact("4111-1111-1111-1111") == "[card_1]"
    assert redactor.redact("5555 5555 5555 4444") == "[card_2]"


def test_a_card_comes_back_by_its_last_four_and_a_secret_never() -> None:
    redactor = Redactor()
    sent = redactor.redact("card 4111 1111 1111 1111, mail user@mail.example, password is hunter2")
    assert redactor.restore(sent) == "card ••••1111, mail user@mail.example, password is •••"


def test_contacts_stay_where_they_are_allowed() -> None:
    assert Redactor(contacts=False).redact("user@mail.example +1 555 010 9999") == "user@mail.example +1 555 010 9999"


def test_redacting_twice_changes_nothing_more() -> None:
    redactor = Redactor()
    once = redactor.redact("password is hunter2, pin 4711, card 4111111111111111")
    assert redactor.redact(once) == once


def test_what_is_redacted_for_good_keeps_contacts_and_loses_secrets() -> None:
    assert redact("pin 4711 for user@mail.example") == "pin [code_1] for user@mail.example"


def test_a_placeholder_of_another_call_means_nothing_here() -> None:
    Redactor().redact("user@mail.example")
    assert Redactor().restore("[email_1]") == "[email_1]"


@pytest.mark.parametrize("unit", ["1", "a1", "a.", "DE12 ", "password is ", "+1 ", "pin ", "x@", "1 "])
def test_the_longest_text_there_may_be_is_read_through(unit: str) -> None:
    text = (unit * 200_000)[:200_000]  # a pattern that backs up over all of it would not come to an end here
    assert Redactor().redact(text)


@pytest.mark.parametrize(
    ("asked", "answer", "hidden"),
    [
        ("Did you get a code?", "yes 339127, typed it in, still nothing", "339127"),
        ("Please enter the six digits you received.", "339 127", "339 127"),
        ("What is your PIN?", "4711", "4711"),
        ("Can you tell me the three-digit CVV?", "904 I think", "904"),
        ("Could you tell me your password?", "zaunkoenig", "zaunkoenig"),
        ("What is your password?", "it should be Zaun7koenig, I think", "Zaun7koenig"),
        ("Wie lautet der Bestätigungscode? Bitte senden.", "771204", "771204"),
    ],
)
def test_what_answers_a_request_for_a_secret_is_one(asked: str, answer: str, hidden: str) -> None:
    shown = Redactor().redact(answer, answering=asked)
    assert hidden not in shown
    assert hidden not in Redactor().restore(shown)
    assert Redactor().redact(answer) == answer


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("What is your order number?", "It is 339127."),
        ("Which booking code is it?", "339127"),
        ("What is your zip code?", "55121"),
        ("Please never send your PIN in the chat.", "ok, order 339127 then"),
        ("Did you get a code?", "no, and I was charged 310 EUR"),
        ("What is your password?", "I forgot it"),
        ("", "339127"),
    ],
)
def test_what_answers_another_question_stays(asked: str, answer: str) -> None:
    assert Redactor().redact(answer, answering=asked) == answer


def test_an_answer_counts_until_bot_or_agent_speaks_again_in_the_same_conversation() -> None:
    rows = [
        interaction(1, "My payment fails."),
        interaction(2, "Did you get a code?", actor="bot"),
        interaction(3, "yes"),
        interaction(4, "339127"),
        interaction(5, "339127", conversation_id="c2"),
        interaction(6, "Which order is it?", actor="bot"),
        interaction(7, "339127"),
    ]
    asked = questions_answered(rows)
    assert asked == {"int_3": rows[1].text, "int_4": rows[1].text, "int_7": rows[5].text}
