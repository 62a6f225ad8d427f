"""The languages: one folder of tables each."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from string import Formatter
from typing import Any, cast

import pytest

from app.briefs import compose
from app.briefs.phrases import language_of_locale
from app.models import Actor, Channel, HandoffRequest, Intent, Outcome
from app.nlu.tables import (
    LANGUAGES,
    LOCALES,
    Recognition,
    Secrets,
    Sentences,
    Table,
    Times,
    missing_tables,
    sentences_of,
    table,
)
from tests.support.builders import START, interaction, snapshot
from tests.support.changed_copy import ROOT, ChangedCopy

RECOGNITION = '''\
name = "Swedish"
function_words = """och att det som på är av för den till inte med om har jag så ett men kan från mitt min vi"""
letters = "å"
'''
SENTENCES = """\
[phrases]
wants_person = "Kunden vill tala med en människa."
earlier = "Tidigare, den {day} ({channel}): {quote}"
back = "Tillbaka efter en reparation den {day} ({channel}): {quote}"
also = "Sade även: {quote}"
withdrawn = "Återkallat: {quote}"
refused = "Avslaget, {actor}: {quote}"
promised = "Lovat den {day}, {actor}: {quote}"
overdue = "försenat"
answered = "Svar, {actor}: {quote}"
named = "Nämnt: {things}."
chosen = "Valt: {quote}"
wordless_single = "Kunden skickade en bild eller fil utan ord."
wordless_several = "Kunden skickade {count} bilder eller filer utan ord."
wordless_location = "Kunden skickade en plats."
wordless_contact = "Kunden skickade en kontakt."
automatic = "Den {day} svarade kundens brevlåda av sig själv."
asks_person = "vill tala med en människa"
step_failed = "{step} misslyckades"
turned_down = "avslaget"
settled = "löst"
partly = "delvis löst"
open = "öppet"

[phrases.openings]
blank = "Hej, vad kan jag göra för dig?"
first = "Hej, jag har ert samtal framför mig. Får jag fortsätta därifrån?"
about = "Hej, jag har ert samtal om {thing} framför mig. Får jag fortsätta därifrån?"
failed = "Hej, jag ser vad som inte har fungerat. Får jag fortsätta därifrån?"
overdue = "Hej, jag ser att något vi lovat är försenat. Får jag gå igenom det?"
care = "Hej, jag har läst samtalet. Får jag gå igenom det?"
settled = "Hej, jag ser vad som är gjort. Vad mer vill du gå igenom?"

[frames]
speech = "{who} sade: {words}"
wrote = "Sedan dess skrev {actor} {quotation}{after}."
after = [", efter 1 meddelande till", ", efter {count} meddelanden till"]
steps = ["Sedan dess registrerades 1 steg.", "Sedan dess registrerades {count} steg."]
attempts = "försök"
failed_before = [", det första misslyckades", ", alla utom det sista misslyckades"]
mixed = " med olika utfall"
due = "senast {time}"
on = "sagt den {day}"

[frames.actors]
customer = "kunden"
bot = "boten"
agent = "handläggaren"
system = "systemet"

[frames.ended]
succeeded = "Klart: {step}."
failed = "Misslyckades: {step}."
abandoned = "Avbrutet: {step}."
unknown = "Påbörjat, utfall okänt: {step}."

[frames.outcomes]
succeeded = "lyckades"
failed = "misslyckades"
abandoned = "avbröts"
unknown = "okänt"
"""
READING = """
import json
from app.briefs.frames import frames_of
from app.nlu.languages import language_of
from app.nlu.tables import LANGUAGES, missing_tables
from app.models import Brief
from app.verification.calendar import days
from app.verification.figures import in_digits

text = "Kunden har inte fått sin lampa och vill att vi skickar en ny till honom."
print(json.dumps({
    "languages": LANGUAGES,
    "language": language_of(text),
    "customer": frames_of(Brief(situation=text)).actors["customer"],
    "missing": missing_tables("sv"),
    "days": [sorted(day.dates) for day in days("den 3 mars", "sv")],
    "digits": in_digits("tjugo lampor", "sv"),
}))
"""


def places(sentence: str) -> set[str]:
    """The names in braces of a sentence."""
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


def test_a_language_is_added_by_a_folder(tmp_path: Path) -> None:
    copy = ChangedCopy(tmp_path)
    folder = copy.app / LOCALES.relative_to(ROOT / "app") / "sv"
    folder.mkdir()
    (folder / "recognition.toml").write_text(RECOGNITION, encoding="utf-8")
    (folder / "sentences.toml").write_text(SENTENCES, encoding="utf-8")
    assert copy.answer(READING) == {
        "languages": [*LANGUAGES, "sv"],
        "language": "sv",
        "customer": "kunden",
        "missing": [
            "additions.toml",
            "conditions.toml",
            "handovers.toml",
            "letters.toml",
            "names.toml",
            "persons.toml",
            "secrets.toml",
            "speech.toml",
            "spoken.toml",
            "times.toml",
            "withdrawals.toml",
        ],
        "days": [[[3, 3]]],
        "digits": "tjugo lampor",
    }
    turns = [{"role": "customer", "text": "Min lampa har inte kommit och jag vill ha den till helgen."}]
    brief = copy.handoff({"id": "s", "turns": turns}, "--locale", "sv-SE")["brief"]
    assert brief["contact_reason"] == "Kunden sade: “Min lampa har inte kommit och jag vill ha den till helgen.”"
    assert brief["suggested_opening"].startswith("Hej, jag har ert samtal")


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_language_of_ours_lacks_a_table(language: str) -> None:
    assert missing_tables(language) == ()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("schema", [Recognition, Sentences, Secrets, Times])
def test_every_table_of_a_language_is_as_its_schema_has_it(language: str, schema: type[Table]) -> None:
    read = table(language, schema)
    assert read is None or all(read.model_dump(exclude_defaults=True).values())


def _flat(forms: Mapping[str, Any]) -> dict[str, str]:
    """Sentences by their names, those of a table within by its name too."""
    nested = {name: cast(Mapping[str, Any], form) for name, form in forms.items() if isinstance(form, Mapping)}
    own = {name: str(form) for name, form in forms.items() if name not in nested}
    return own | {f"{name}.{inner}": form for name, table_ in nested.items() for inner, form in _flat(table_).items()}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sentences_of_a_language_have_the_places_of_the_english_ones(language: str) -> None:
    own, english = sentences_of(language), sentences_of("en")
    own_forms, english_forms = (
        _flat(words.phrases.model_dump())
        | words.frames.model_dump(include={"speech", "wrote", "attempts", "mixed", "due", "on"})
        for words in (own, english)
    )
    assert {name: places(form) for name, form in own_forms.items()} == {
        name: places(form) for name, form in english_forms.items()
    }
    assert all(places(form) == {"step"} for form in own.frames.ended.values())
    assert set(own.frames.actors) == set(Actor)
    assert set(own.frames.ended) == set(own.frames.outcomes) == set(Outcome)


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_every_channel_has_a_name_in_every_language(language: str) -> None:
    assert sentences_of(language).channels.keys() == {channel.value for channel in Channel}


def test_an_earlier_contact_is_told_with_the_channel_in_the_language_of_the_brief() -> None:
    case = snapshot(
        [interaction(2, "Wo ist mein Paket AB-4471?", at=START + timedelta(days=2), conversation_id="c2")],
        [interaction(1, "Mein Paket AB-4471 ist nicht gekommen.", channel="voice")],
    )
    brief = compose(case, Intent(name="delivery", confidence=1.0), HandoffRequest(customer_id="cus_1", locale="de"))
    assert brief.situation is not None
    assert "Früher, am 2026-03-02 (Telefon): “Mein Paket AB-4471 ist nicht gekommen.”" in brief.situation


def test_a_language_without_sentences_is_spoken_to_in_english() -> None:
    assert sentences_of("xx") == sentences_of("en")
    assert language_of_locale("xx-YY") == "en"
