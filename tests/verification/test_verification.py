"""The check by rules: hard facts that stand nowhere are refuted, however they are written, and meaning is left open."""

from time import process_time

import pytest

from app.models import Quote, Statement, Transcript, VerdictKind
from app.verification import CHECKS, RuleVerifier, check
from app.verification.verifier import NO_TIME
from tests.support.builders import interaction
from tests.support.verification_room import by, verdict

CUSTOMER = (
    "My router ABX-2041 has not worked since 2 March and I want a refund of $1,250.00. Call me at half past four."
)
STAFF = interaction(2, "I can send Maria Lopez on Friday between 9 and 12, for 40 euros.", actor="bot")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("The customer's router ABX-2042 does not work.", "ABX-2042"),
        ("The customer wants a refund of $1,350.00.", "the amount $1,350.00"),
        ("The router has not worked since 5 March.", "5 March"),
        ("The bot offered a technician on Thursday.", "Thursday"),
        ("The customer wants to be called at 5:40 pm.", "5:40 pm"),
        ("The customer wants to be called at ten to seven.", "the time 10 to 7"),
        ("The bot offered to send Martha on Friday.", "the name Martha"),
        ("The customer has had seventeen routers.", "the number 17"),
        ("The customer said “I will never pay for this again”.", "nobody said"),
        ("The customer said “I can send Maria Lopez on Friday”.", "it was our side who said"),
    ],
)
def test_a_hard_fact_that_stands_nowhere_is_refuted_and_the_verdict_says_which(text: str, why: str) -> None:
    result = verdict(text, CUSTOMER, STAFF)
    assert result.verdict is VerdictKind.REFUTED
    assert why in result.why
    assert result.evidence


def test_another_day_of_the_month_is_refuted_in_any_language() -> None:
    line = "Mon forfait a été activé le 20 octobre, et pas le 21 comme vous dites dans la lettre."
    assert verdict("Le forfait de la cliente a été activé le 20.", line).verdict is not VerdictKind.REFUTED
    assert "le 24" in verdict("Le forfait de la cliente a été activé le 24.", line).why
    assert "21" in verdict("La cliente a payé le forfait 21 fois.", "J'ai payé le forfait, et pas deux fois.").why


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Four tickets were wanted.", "I need 4 tickets."),
        ("Es geht um einundzwanzig Karten und um die Rechnung.", "Ich habe 21 Karten bestellt."),
        ("Le client a payé vingt et un euros pour les billets.", "J'ai payé 21 € pour les billets de la semaine."),
        ("El cliente pide ciento veinte euros por la silla.", "Quiero mis 120,00 € de la silla."),
        ("Il cliente aspetta da ventuno giorni e non è contento.", "Sono 21 giorni che aspetto."),
        ("O cliente pagou cento e vinte euros pela cadeira.", "Paguei 120 euros pela cadeira."),
        ("De klant heeft eenentwintig kaartjes en wil het geld terug.", "Ik heb 21 kaartjes."),
        ("The refund is EUR 1250.", "I want my 1.250,00 € back."),
        ("The refund is 1,250.00 dollars.", "I want my $1250 back."),
        ("The shirt costs $12.50.", "They are 12 dollars 50 cents each."),
        ("The rent is a little over five thousand dollars.", "It is $5,150 a month."),
        ("The new fare is $61 above the old one.", "The first is $254, the other $315."),
        ("The two fares make $569.", "The first is $254, the other $315."),
        ("Three seats come to $1,332.", "It is $444 a seat, and we are 3."),
        ("There are five guests.", "We are 2 adults and 3 children."),
        ("Flight leaves at half past eleven.", "It leaves at 11:30."),
        ("Flight leaves at ten past four in the afternoon.", "It leaves at 4:10 pm."),
        ("The alarm is set for 16:30.", "Please wake me at 4:30 pm."),
        ("The call is at ten to five, in the afternoon.", "Please call me at 4:50 pm, not before."),
        ("The shop is open from ten to five on the day.", "It is open from 10 to 5."),
        ("The bill is for five to ten lamps of the set.", "I want 5 to 10 lamps."),
        ("Der Termin ist um halb zwölf und nicht am Abend.", "Der Termin ist um 11:30 Uhr."),
        ("La cita es a las cuatro y media de la tarde.", "Quiero la cita a las 16:30."),
        ("Agreed: O'Brien, 9 March, 15:30.", "See O'Brien on March 9th at 3:30 pm then."),
        ("The parcel was due on 30 October.", "Tenía que llegar el 30 de octubre."),
        ("The parcel was due on 2026-10-30.", "It should have come on October 30."),
        ("The visit is on Monday.", "The visit is on 2026-03-09."),
        ("The visit is on 6 March.", "The visit is on Friday."),
        ("The customer wrote on 2 March 2026.", "My lamp is broken."),
        ("The card ending in 4242 was charged.", "My card is 4000 1234 5678 4242."),
        ("The card ending 7447 was charged.", '{"credit_card_9074": {"last_four": "7447"}}'),
        ("Rossi wants the flight changed.", "My user id is amelia_rossi_1297."),
        ("Canada was chosen, and Canadian dollars.", "I fly to canada."),
        ("The third attempt failed.", "It failed again."),
        ("The customer has a Mastercard and lives in Lisbon.", "I am from LISBON and pay by MasterCard."),
        ("Die Kundin möchte die Bluse in Größe 40 geschickt bekommen.", "Ich nehme die Bluse in 40."),
        ("Le forfait a été annoncé actif le 3, et la cliente veut une réponse.", "Ce sera demain pour le forfait."),
        ("Der Vertrag endet am 21. und nicht früher.", "Der Vertrag endet mit dem 21. Oktober."),
        ("El cliente quiere que el Contrato acabe el 21.", "Mi contrato acaba el 21 de octubre, no antes."),
        ("Wunderbar findet Frau Lopez den neuen Tarif mit dem Rabatt.", "Lopez hier, der Tarif ist gut."),
    ],
)
def test_another_wording_of_the_same_fact_is_not_refuted(text: str, line: str) -> None:
    result = verdict(text, line)
    assert result.verdict is not VerdictKind.REFUTED, result.why


@pytest.mark.parametrize(
    "text",
    [
        "The customer does not want a refund of $1,250.00.",
        "The agent wants a refund of $1,250.00.",
        "The customer threatened to leave.",
        "Maria Lopez has already come.",
    ],
)
def test_what_is_about_meaning_is_left_open(text: str) -> None:
    result = verdict(text, CUSTOMER, STAFF)
    assert (result.verdict, result.supported) == (VerdictKind.UNVERIFIED, False)
    assert result.checked_by == "rules"


def test_a_sentence_in_the_words_of_whoever_said_it_is_supported_and_quoted() -> None:
    result = verdict(
        "The customer says that the lamp from order W-5512 is broken.", "The lamp from order W-5512 is broken."
    )
    assert result.supported
    assert result.quotes == (Quote(interaction_id="int_1", text="The lamp from order W-5512 is broken."),)


def test_a_quotation_of_whoever_said_it_is_supported_word_for_word() -> None:
    spoken = "I waited. The lamp from order W-5512 is broken!"
    assert verdict(f"Customer says: “{spoken}”", spoken).quotes == (Quote(interaction_id="int_1", text=spoken),)


@pytest.mark.parametrize(
    "text",
    [
        "The agent says that the lamp from order W-5512 is broken.",
        "The customer says that the lamp from order W-5512 is not broken.",
        "The lamp from order W-5512 is broken.",
    ],
)
def test_the_same_words_of_the_other_side_or_with_a_not_are_no_support(text: str) -> None:
    assert not verdict(text, "The lamp from order W-5512 is broken.").supported


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("The customer scratched their rented electric bike.", "I scratched your rented electric bike."),
        ("The customer scratched the rented electric bike.", "They scratched the rented electric bike."),
        ("The customer paid the deposit in cash.", "It is untrue that we moved in and I paid the deposit in cash."),
        ("The customer burnt the new kettle on Sunday.", "I love my new kettle. I burnt it on Sunday."),
    ],
)
def test_what_is_somebody_elses_or_denied_around_a_clause_is_no_support(text: str, source: str) -> None:
    assert not verdict(text, source).supported


def test_whose_something_is_is_told_from_the_speakers_side() -> None:
    assert verdict(
        "The customer scratched their rented electric bike.", "I scratched my rented electric bike."
    ).supported


def test_a_negation_in_the_source_is_no_support_for_its_opposite() -> None:
    assert not verdict(
        "The customer wants to cancel the whole order.", "I don't want to cancel the whole order."
    ).supported


SENTENCES = (
    "{} wants a refund of $1,250.00.",
    "{} wants a refund of $1,350.00.",
    "{} reported router ABX-2041.",
    "{} reported router ABX-2049.",
    "{} is to be called at half past four.",
    "{} is to be called at half past five.",
    "{} was offered a visit on Friday.",
    "{} was offered a visit on Thursday.",
    "{} will meet Maria Lopez.",
    "{} will meet Henrietta.",
    "{} said “I want a refund of $1,250.00”.",
    "{} said “I can send Maria Lopez on Friday”.",
    "{} wants a refund, please.",
    "According to {}, nothing works since 2 March.",
    "The bot promised {} a visit.",
    "{}'s router is broken.",
    "It was {} who called.",
)


@pytest.mark.parametrize("text", SENTENCES)
@pytest.mark.parametrize("name", ["Ana Kovač", "Ana", "Ms Kovač", "Kovač"])
def test_a_sentence_that_names_a_participant_is_judged_like_one_that_says_the_customer(text: str, name: str) -> None:
    lines = (by("Ana Kovač", 1, CUSTOMER), STAFF)
    anonymous = text.format("the customer")
    expected = verdict(anonymous[0].upper() + anonymous[1:], *lines)
    assert verdict(text.format(name), *lines).verdict is expected.verdict


def test_evidence_is_what_is_cited_as_far_as_it_exists_else_what_bears_most_on_it() -> None:
    text = "The customer hopes for a quick repair of the router."
    assert verdict(text, CUSTOMER, STAFF, cited=["int_2", "int_99"]).evidence == ("int_2",)
    assert verdict(text, CUSTOMER, STAFF).evidence[0] == "int_1"


def test_only_quotes_that_stand_letter_for_letter_are_passed_on() -> None:
    quotes = (Quote(interaction_id="int_1", text="has not worked"), Quote(interaction_id="int_1", text="never worked"))
    statement = Statement(text="The router is broken.", evidence=("int_1",), quotes=quotes)
    result = check([statement], Transcript(interactions=(interaction(1, CUSTOMER),)))[0]
    assert result.quotes == quotes[:1]


def test_without_a_transcript_nothing_is_supported() -> None:
    assert check([Statement(text="The customer is happy.")], Transcript(interactions=()))[0].supported is False
    assert check([], Transcript(interactions=())) == []


def test_what_is_not_read_within_the_budget_is_unverified_and_says_so() -> None:
    ticks = iter((0.0, 0.5, 1.5))
    statements = [Statement(text="ABX-9999 is broken."), Statement(text="ABX-9998 is broken.")]
    transcript = Transcript(interactions=(interaction(1, CUSTOMER),))
    first, second = check(statements, transcript, budget_s=1.0, clock=lambda: next(ticks))
    assert first.verdict is VerdictKind.REFUTED
    assert (second.verdict, second.why) == (VerdictKind.UNVERIFIED, NO_TIME)


async def test_the_port_judges_in_order() -> None:
    verdicts = await RuleVerifier().check(
        [Statement(text="ABX-9999 is broken."), Statement(text="It rains.")],
        Transcript(interactions=(interaction(1, CUSTOMER),)),
        timeout_s=5.0,
    )
    assert [judgement.verdict for judgement in verdicts] == [VerdictKind.REFUTED, VerdictKind.UNVERIFIED]


def test_two_hundred_sentences_about_a_thousand_turns_take_less_than_two_seconds() -> None:
    rows = tuple(
        interaction(
            seq, f"I paid {seq}.50 euros for order W{seq:05d} on {seq % 28 + 1} March at {seq % 12 + 1} pm, said Ana."
        )
        for seq in range(1, 1001)
    )
    statements = [
        Statement(text=f"The customer paid {seq}.75 euros for order W{seq:05d}, Ana says.") for seq in range(200)
    ]
    start = process_time()
    check(statements, Transcript(interactions=rows))
    assert process_time() - start < 2.0


def test_a_text_of_any_length_is_read_in_bounded_time() -> None:
    start = process_time()
    for text in ("1,2" * 60_000, "a" * 200_000, "Mr. A " * 30_000, "“" * 100_000):
        verdict(f"The customer said {text[:1900]} and wants 7 lamps.", text)
    assert process_time() - start < 2.0


def test_every_check_has_a_name_of_its_own() -> None:
    assert len({check.name for check in CHECKS}) == len(CHECKS)


DISPUTED = (
    interaction(1, "My drill stops every minute since the update."),
    interaction(2, "The motor is wet. Your drill fell into water. A new drill costs 80.00 EUR.", actor="bot"),
    interaction(3, "That's wrong, I bought it in April and nobody dropped it.", actor="customer"),
)


@pytest.mark.parametrize(
    ("text", "supported"),
    [
        ("The bot said that the motor is wet.", True),
        ("The bot said that the drill fell into water.", True),
        ("The customer bought the drill in April.", False),
        ("The customer said that nobody dropped it.", False),
        ("The drill fell into water.", False),
        ("The customer said that the motor is wet.", False),
        ("The customer dropped the drill.", False),
        ("The bot offered a refund of 80.00 EUR.", False),
        ("The customer bought the motor in April.", False),
    ],
)
def test_rules_support_only_what_the_side_it_is_told_of_said(text: str, supported: bool) -> None:
    result = verdict(text, *DISPUTED)
    assert (result.verdict is VerdictKind.SUPPORTED) is supported


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("The customer bought the drill in April.", "My drill is old, if I bought it in April, would it be covered?"),
        ("The customer bought the drill in April.", "My drill? My brother says I bought it in April."),
    ],
)
def test_a_clause_that_depends_on_another_supports_nothing(text: str, line: str) -> None:
    assert verdict(text, line).verdict is not VerdictKind.SUPPORTED
