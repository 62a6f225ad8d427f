"""Tells what somebody writes from what they paste: lines of another talk, the letter they answer, a forwarded mail.

What is pasted was said elsewhere, if at all, so it does nothing here: `Agent: I will pay` in a customer's message is no
promise, and `Customer: thanks` no leave-taking. A talk is told by who is said to speak at the beginning of its lines:
one of our side (`Agent:`, `[10:02] Bot:`), two sides in turn (`Me:`, `Support:`), or one name again after another, who
speak to each other (`I`, `you`). A form (`Order: …`, `Name: …`) is no talk, but its fields say nothing either, and what
a button sent was not said. English, German, French, Spanish, Portuguese, Italian and Dutch.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from app.nlu.act_labels import Act
from app.nlu.classifier import read
from app.nlu.features import Setting
from app.nlu.form_fields import FormField, fields
from app.nlu.machine_text import is_payload
from app.nlu.quoted_history import repeated

_LONGEST = 20_000
_STAFF = (
    r"agent|(?:chat ?)?bot|robot|assistant|advis[eo]r|representative|rep|operator|customer (?:service|support|care)"
    r"|mitarbeiter(?:in)?|berater(?:in)?|kundenservice|kundendienst|conseill(?:er|ère)|agente|asesora?|atendente"
    r"|operatore|operatrice|medewerker|klantenservice"
)
_OTHERS = (
    r"customer|client[ea]?|caller|user|me|you|support|help ?desk|service|system|supervisor|manager|staff|team"
    r"|kund(?:e|in)|anrufer(?:in)?|ich|sie|moi|vous|yo|usted|soporte|eu|você|suporte|io|lei|assistenza|klant|ik|jij"
)
_START = r"^\W*(?:\d{1,2}[:.]\d\d(?:[:.]\d\d)?(?: ?[ap]m)?[\])\s,–-]*)?"
_ASIDE = r"(?: ?\([^)\n]{1,30}\))?\s?:(?:\s|$)"
_BY_STAFF = re.compile(rf"{_START}(?:{_STAFF}){_ASIDE}\W*\w+\W+\w+\W+\w", re.IGNORECASE)
_BY_ROLE = re.compile(rf"{_START}(?P<who>{_STAFF}|{_OTHERS}){_ASIDE}", re.IGNORECASE)
_BY_NAME = re.compile(rf"{_START}(?P<who>[A-ZÀ-Þ][\w.’'-]{{1,20}}(?: [A-ZÀ-Þ][\w.’'-]{{0,20}})?){_ASIDE}")
_TO_EACH_OTHER = re.compile(
    r"\b(?:I|[Yy]ou|[Yy]our|[Mm]y|[Mm]e|[Ww]e|[Ii]ch|[Ss]ie|[Ii]hr|[Jj]e|[Vv]ous|[Yy]o|[Uu]sted|[Ee]u|[Vv]ocê"
    r"|[Ii]o|[Ll]ei|[Ii]k|[Jj]ij)\b"
)
_FEWEST_ADDRESSED = 2
_FEWEST_ASKING = 2
_SURE = 0.7
_ASKING = frozenset((Act.REQUEST, Act.COMPLAINT, Act.WITHDRAWAL, Act.REPORT))
# Within a line, another speaker begins where a sentence ends.
_NEXT_SPEAKER = re.compile(rf"(?<=[.!?])\s+(?=(?:{_STAFF}|{_OTHERS})\s?:\s)", re.IGNORECASE)


class Part(NamedTuple):
    """Some lines of a text, whether they are pasted, and whether that is because a form or a button wrote them."""

    text: str
    pasted: bool
    is_form: bool = False


def parts(text: str, *, may_hold_talk: bool = True) -> tuple[Part, ...]:
    """The text in pieces, in order. From the first line of another talk to its last, everything is of that talk.

    Without `may_hold_talk` only letters count as pasted: staff lists what is whose by the same labels.
    """
    if len(text) > _LONGEST or not (":" in text or "\n" in text or text.startswith((">", "/", "{"))):
        return (Part(text, pasted=False),)
    if may_hold_talk and is_payload(text):
        return (Part(text, pasted=True, is_form=True),)
    lines = [piece for line in text.splitlines() for piece in _NEXT_SPEAKER.split(line)]
    talk = _talk(lines) if may_hold_talk else range(0)
    letter = repeated(lines)
    form = {} if talk or not may_hold_talk else fields(lines)
    if form and all(index in form for index, line in enumerate(lines) if line.strip() and index not in letter):
        form = _with_wishes(form)
    pieces: list[Part] = []
    for index, line in enumerate(lines):
        pasted = index in talk or index in letter
        added = _of_field(line, form[index]) if index in form and not pasted else (Part(line, pasted),)
        for part in added:
            if pieces and pieces[-1][1:] == part[1:]:
                pieces[-1] = part._replace(text=f"{pieces[-1].text}\n{part.text}")
            else:
                pieces.append(part)
    return tuple(pieces)


def own_words(text: str) -> str:
    """The text without what is pasted into it; all of it where nothing but pasted talk is there."""
    pieces = parts(text)
    if len(pieces) == 1 and not pieces[0].pasted:
        return text
    own = "\n".join(part.text for part in pieces if not part.pasted).strip()
    return own or ("" if all(part.is_form or not part.text.strip() for part in pieces) else text)


def given_words(text: str) -> str:
    """What a message gives of its writer's: their words, and the fields of a form that they filled."""
    pieces = parts(text)
    if not any(part.pasted and not part.is_form for part in pieces):
        return text
    return "\n".join(part.text for part in pieces if part.is_form or not part.pasted)


def _with_wishes(form: dict[int, FormField]) -> dict[int, FormField]:
    """The fields of a message that is nothing but a form: where none tells anything, those that ask do."""
    if not all(field.is_value for field in form.values()):
        return form
    return {index: field._replace(is_value=not _asks(field.value)) for index, field in form.items()}


def _asks(value: str) -> bool:
    """Whether a value of a few words surely asks for something or complains; figures and names are facts."""
    words = value.split()
    if len(words) < _FEWEST_ASKING or any(map(str.isdigit, value)) or any(word[0].isupper() for word in words[1:]):
        return False
    reading = read(value, Setting(by_customer=True))
    return reading.act in _ASKING and max(reading.wish, reading.key) >= _SURE


def _of_field(line: str, field: FormField) -> tuple[Part, ...]:
    """A field of a form; what its writer tells in it is theirs, without the label."""
    if field.is_value:
        return (Part(line, pasted=True, is_form=True),)
    label = line[: line.rindex(field.value)]
    return (Part(label, pasted=True, is_form=True), Part(field.value, pasted=False))


def _talk(lines: Sequence[str]) -> range:
    """The places of the lines of another talk."""
    roles = _labelled(lines, _BY_ROLE)
    if len(set(roles.values())) < 2 and not any(_BY_STAFF.match(line) for line in lines):
        roles = {}
    names = _labelled(lines, _BY_NAME)
    addressed = sum(_TO_EACH_OTHER.search(lines[index]) is not None for index in names)
    if addressed < _FEWEST_ADDRESSED or not _in_turn(list(names.values())):
        names = {}
    places = sorted({*roles, *names})
    return range(places[0], places[-1] + 1) if places else range(0)


def _labelled(lines: Sequence[str], label: re.Pattern[str]) -> dict[int, str]:
    """Who is said to speak in each line that says so."""
    matches = ((index, label.match(line)) for index, line in enumerate(lines))
    return {index: match["who"].casefold() for index, match in matches if match}


def _in_turn(speakers: Sequence[str]) -> bool:
    """Whether somebody speaks again after somebody else did."""
    return any(
        speaker in speakers[:index] and speakers[index - 1] != speaker
        for index, speaker in enumerate(speakers)
        if index
    )
