"""Tells what somebody writes from what they paste: lines of another talk, the letter they answer, a forwarded mail.

What is pasted was said elsewhere, if at all, so it does nothing here: `Agent: I will pay` in a customer's message is no
promise, and `Customer: thanks` no leave-taking. A talk is told by who is said to speak at the beginning of its lines:
one of our side (`Agent:`, `[10:02] Bot:`), two sides in turn (`Me:`, `Support:`), or one name again after another, who
speak to each other (`I`, `you`). A form or a list (`Order: …`, `Name: …`) is none. English, German, French, Spanish,
Portuguese, Italian and Dutch.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

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
_QUOTED = re.compile(r"^\s*>")
# What mail programs write above the letter that is answered or passed on: all that follows is that letter.
_LETTER = re.compile(
    r"^\W*(?:(?:begin )?forwarded message|original message|(?:ursprüngliche|weitergeleitete) nachricht"
    r"|message (?:transféré|d'origine)|mensaje (?:original|reenviado)|mensagem (?:original|encaminhada)"
    r"|messaggio (?:originale|inoltrato)|(?:oorspronkelijk|doorgestuurd) bericht)\W*$"
    r"|^(?:on|am|le|el|em|il|op) .{4,120}\b(?:wrote|schrieb|a écrit|escribió|escreveu|ha scritto"
    r"|schreef)\b.{0,60}:\s*$",
    re.IGNORECASE,
)
# Within a line, another speaker begins where a sentence ends.
_NEXT_SPEAKER = re.compile(rf"(?<=[.!?])\s+(?=(?:{_STAFF}|{_OTHERS})\s?:\s)", re.IGNORECASE)


class Part(NamedTuple):
    """Some lines of a text, and whether they are pasted."""

    text: str
    pasted: bool


def parts(text: str, *, may_hold_talk: bool = True) -> tuple[Part, ...]:
    """The text in pieces, in order. From the first line of another talk to its last, everything is of that talk.

    Without `may_hold_talk` only letters count as pasted: staff lists what is whose by the same labels.
    """
    if len(text) > _LONGEST or not (":" in text or "\n" in text or text.startswith(">")):
        return (Part(text, pasted=False),)
    lines = [piece for line in text.splitlines() for piece in _NEXT_SPEAKER.split(line)]
    talk = _talk(lines) if may_hold_talk else range(0)
    letter = next((index for index, line in enumerate(lines) if _LETTER.match(line)), len(lines))
    pieces: list[Part] = []
    for index, line in enumerate(lines):
        pasted = index in talk or index >= letter or _QUOTED.match(line) is not None
        if pieces and pieces[-1].pasted is pasted:
            pieces[-1] = Part(f"{pieces[-1].text}\n{line}", pasted)
        else:
            pieces.append(Part(line, pasted))
    return tuple(pieces)


def own_words(text: str) -> str:
    """The text without what is pasted into it; all of it where nothing else is there."""
    own = "\n".join(part.text for part in parts(text) if not part.pasted).strip()
    return own or text


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
