"""What our side tells as done although it comes only on a condition."""

import pytest

from app.briefs.extractive import compose
from app.models import HandoffRequest, Intent
from app.nlu.conditions import hangs_on_condition
from tests.support.builders import interaction, snapshot


@pytest.mark.parametrize(
    "sentence",
    [
        "A replacement is sent as soon as the old one has arrived.",
        "As soon as the payment has been received, your account is activated.",
        "The deposit is paid back once the inspection is done.",
        "Eine neue wird verschickt, sobald die alte eingegangen ist.",
        "Le remboursement est effectué dès que le colis est arrivé.",
        "El reembolso se hace en cuanto el paquete haya llegado.",
        "O reembolso é feito assim que o pacote tiver chegado.",
        "Il rimborso viene fatto appena il pacco è arrivato.",
        "Het bedrag wordt terugbetaald zodra het pakket is ontvangen.",
    ],
)
def test_what_is_done_only_when_something_else_has_come_to_pass_hangs_on_a_condition(sentence: str) -> None:
    assert hangs_on_condition(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "I have cancelled the order as soon as I saw your message.",
        "I have sent the label once more.",
        "Your account has been unlocked, so you can log in once you have reset the password.",
        "Your flight is rebooked and you will get a mail when the seats are confirmed.",
        "Your card is blocked, so call me if you find it again.",
        "Ich habe den Betrag erstattet, sobald die Ware da war.",
        "J'ai annulé la commande dès que vous l'avez demandé.",
    ],
)
def test_what_was_done_when_something_came_to_pass_is_done(sentence: str) -> None:
    assert not hangs_on_condition(sentence)


def test_what_comes_on_a_condition_is_promised_and_no_step() -> None:
    rows = (
        interaction(1, "My kettle is broken, I need a replacement."),
        interaction(2, "A replacement is sent as soon as the old one has arrived.", actor="agent"),
        interaction(3, "When will it come?"),
    )
    brief = compose(snapshot(rows), Intent(), HandoffRequest())
    assert not brief.actions_taken
    assert [(promise.text, promise.due) for promise in brief.commitments] == [(rows[1].text, None)]
