"""Splits what people and bots write into sentences, lists and line breaks included."""

import re
from textwrap import wrap

from app.caching import text_cache
from app.nlu.clauses import clauses
from app.nlu.languages import function_words

# Stars within a word are the writer's own: `f***ing`.
_MARKUP = re.compile(
    r"(?<![\w*])\*\*(?=[^\s*])|(?<=[^\s*])\*\*(?![\w*])|(?<!\w)__(?=\S)|(?<=\S)__(?!\w)|`|^#{1,6}\s+|###\w+###",
    re.MULTILINE,
)
_BULLET = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s+")
_LEADING_ON = frozenset(
    """
    a an the and or but nor to of for with from in on at by as into about between their my your our his her its is are
    was were be been has have had will would can could that which who because if when than so no not any back only
    """.split()
)
_LINK = re.compile(r"\[([^\[\]]{1,1000}+)\]\([^)]{1,1000}+\)")
_ABBREVIATION = re.compile(r"\b(?:Ms|St|No|Sra|Dra|Prof|ca|vs|e\.g|i\.e|etc|approx|[ap]\.m)\.$", re.IGNORECASE)
_LONGEST_ABBREVIATION = 12
# `am 14.01.`, `seit dem 1.`: an ordinal, as German writes it. `Gellertstr.` comes before its number.
_ORDINAL = re.compile(
    r"\b(?:dem|am|zum|vom|den|der|ab|bis) \d{1,2}\.(?:\d{1,2}\.)?$|\b(?:in|ex)[ck]l\.$", re.IGNORECASE
)
_STREET = re.compile(r"[a-zß]str\.$")
# `T. Abel`, `z. B.`: a single capital letter, or any letter before another one.
# … but no flat on a floor: `5º A.`
_INITIAL = re.compile(r"(?:^|[\s(\[\"'“‘„«.-])([^\W\d_])\.$")
# Nobody speaks a word without a vowel: `Nr.`, `Hr.`, `bzw.`, `Mrs.` are cut short, unless they are a unit or a sound.
_WITHOUT_VOWEL = re.compile(
    r"(?:^|(?<=[^\w\s])|(?<!\d)(?<=\s))([b-df-hj-np-tv-xzB-DF-HJ-NP-TV-XZ][b-df-hj-np-tv-xz]{1,3})\.$"
)
_NUMBERED = re.compile(r"\d[^\s\d]{0,2}\s$")
_FIRST_WORD = re.compile(r"[^\W\d_]+")
LONGEST_SENTENCE = 2000
# The day of a month is an ordinal in some languages: `bis zum 9. Februar`.
_DAY_OF_MONTH = r"(?<=\d\.)\s+(?:Jan|Feb|M[aä]r|Apr|Ma[iy]|Jun|Jul|Aug|Sep|O[ck]t|Nov|De[cz])[a-zä]*\b"
_BOUNDARY = re.compile(
    rf"(?!{_DAY_OF_MONTH})(?<=[.!?…。！？])[\"'”’)]*\s+(?=[\"'“‘(\[•]*[\w$€£#¿¡])|(?<=[a-z][.!?])(?=[A-Z][a-z])"
)


@text_cache(maxsize=4096)
def sentences(text: str) -> tuple[str, ...]:
    """The sentences of a text without markup, in order; a line or a list item is a sentence of its own.

    What goes on without any full stop is parted into clauses.
    """
    pieces: list[str] = []
    for line in plain(text).splitlines():
        item = _BULLET.sub("", line).strip()
        if item:
            pieces.extend(_split_line(item))
    return tuple(pieces)


def plain(text: str) -> str:
    """The text without Markdown's marks and links."""
    return _LINK.sub(r"\1", _MARKUP.sub("", text)).strip()


def shorten(text: str, words: int) -> str:
    """The text cut after so many words, at a comma where one is near, with an ellipsis where something is left out."""
    parts = text.split()
    if len(parts) <= words:
        return " ".join(parts)
    beginning = parts[:words]
    pauses = [index for index, part in enumerate(beginning) if part.endswith((",", ";", ":")) and index >= words // 2]
    beginning = beginning[: pauses[-1] + 1] if pauses else beginning
    return without_dangling(" ".join(beginning)) + " …"


def without_dangling(cut: str) -> str:
    """A text that was cut off, without the words at its end that only lead to what is missing: `on May 19 and the`."""
    parts = cut.split()
    while len(parts) > 1 and parts[-1].casefold().rstrip(",;:.") in _LEADING_ON:
        parts.pop()
    return " ".join(parts).rstrip(",;:.")


def _split_line(line: str) -> list[str]:
    pieces: list[list[str]] = []
    for piece in _BOUNDARY.split(line):
        if pieces and _ends_in_abbreviation(pieces[-1][-1][-_LONGEST_ABBREVIATION:], piece):
            pieces[-1].append(piece)
        else:
            pieces.append([piece.strip()])
    joined = (" ".join(piece) for piece in pieces)
    parted = (clause for sentence in joined if sentence for clause in clauses(sentence))
    return [part for clause in parted for part in _of_bounded_length(clause)]


def _ends_in_abbreviation(before: str, after: str) -> bool:
    """Whether the full stop between two pieces of a line belongs to a word that was cut short."""
    if (
        _ABBREVIATION.search(before)
        or (_ORDINAL.search(before) and after[:1].islower())
        or (_STREET.search(before) and after[:1].isdigit())
    ):
        return True
    following = _FIRST_WORD.match(after)
    begins = following is not None and after[:1].isupper() and following.group().casefold() in function_words()
    initial = _INITIAL.search(before)
    if initial and not _NUMBERED.search(before[: initial.start(1)]):
        letter = initial.group(1)
        # `… than I. the`: the one word of English that is a capital letter.
        return not begins and (letter.isupper() or after[1:2] == ".") and (letter != "I" or after[:1].isupper())
    cut = _WITHOUT_VOWEL.search(before)
    if cut is None or begins:
        return False
    word = cut.group(1)
    is_sound = word[-1] == word[-2].casefold() or word.casefold() == "hm"
    return not is_sound and (word[0].isupper() or not after[:1].isupper())


def _of_bounded_length(sentence: str) -> list[str]:
    """A sentence as it is, or in pieces where nobody would call it one: what is matched later stays short."""
    if len(sentence) <= LONGEST_SENTENCE:
        return [sentence]
    return wrap(sentence, LONGEST_SENTENCE, break_on_hyphens=False)
