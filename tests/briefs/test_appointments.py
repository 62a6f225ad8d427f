"""Appointments in a brief: the last message about each counts, and whoever organises it is not the customer."""

from app.briefs.extractive import compose, prose
from app.models import Brief, HandoffRequest, Intent, Interaction
from tests.support.builders import interaction, snapshot


def mail(seq: int, step: str, start: str, text: str = "") -> Interaction:
    """A mail with an appointment."""
    appointment = {
        "step": step,
        "what": "Viewing of the flat",
        "start": start,
        "when": f"{start}–16:00 (Europe/Berlin)",
        "organiser": "Lia Brook",
    }
    return interaction(seq, text, channel="email", data={"appointments": [appointment]})


def brief(*rows: Interaction) -> Brief:
    """The brief of a correspondence."""
    return compose(snapshot(rows), Intent(), HandoffRequest(conversation_id="c1"))


def test_an_appointment_is_told_with_its_day_and_hours() -> None:
    made = brief(mail(1, "invited", "2026-06-04 15:30", "Could somebody come and look at the flat with me?"))
    assert "Appointment proposed: Viewing of the flat, 2026-06-04 15:30–16:00 (Europe/Berlin)" in (made.situation or "")
    assert [(entity.type, entity.value) for entity in made.entities] == [("appointment", "2026-06-04 15:30")]


def test_a_cancellation_takes_the_place_of_what_it_cancels() -> None:
    rows = (mail(1, "invited", "2026-06-04 15:30", "Please come."), mail(2, "cancelled", "2026-06-04 15:30"))
    whole = " ".join(prose(brief(*rows)))
    assert "Appointment cancelled: Viewing of the flat, 2026-06-04 15:30" in whole
    assert "proposed" not in whole


def test_an_appointment_alone_is_the_reason() -> None:
    made = brief(mail(1, "declined", "2026-06-04 15:30"))
    assert (made.contact_reason or "").startswith("Appointment declined: Viewing of the flat")
    assert made.headline is not None
