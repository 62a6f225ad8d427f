"""Tells near certain support: the sentence is in the words of one sentence of one line, told of whoever said it."""

import re
from typing import NamedTuple

from app.nlu.languages import words_of
from app.nlu.words import stem
from app.verification.checks import StatementReading
from app.verification.transcript import Line, TranscriptIndex, stems_of

_FEWEST_WORDS = 4
_TITLE = r"(?:(?:mrs?|ms|miss|dr|frau|herr|mme|sra?)\.? )?"
_CUSTOMER = r"(?:the )?(?:customer|caller|client)"
_STAFF = r"(?:the )?(?:agent|bot|assistant|representative|advis[eo]r)"
_SAYS = r"(?:says?|said|states?|stated|reports?|reported|mentions?|mentioned)(?: that)?:? "
_SPEAKER = frozenset("i me my mine we us our ours im ive id ill they their them theirs he she his her him hers".split())
"""`I` in what was said is `they` in what is told of it."""
_FILLERS = frozenset("a an the this that these those please just already so and but well hello hi sorry".split())
_QUOTATION = re.compile(r"[“\"]([^“”\"]+)[”\"]\.?")
_NOT = re.compile(r"n['’]t$")
_CONTRACTED = re.compile(r"['’].*")


class Support(NamedTuple):
    """The line that bears a statement out, and the sentence of it that does."""

    line: Line
    sentence: str


def support(reading: StatementReading, index: TranscriptIndex) -> Support | None:
    """What bears the statement out in so many words; None where that is not near certain."""
    by_customer, words = _attributed(reading.text, index)
    if by_customer is not None and _QUOTATION.fullmatch(words):
        return _quoted(by_customer, words, index)
    wanted = _core(words)
    if by_customer is None or len(wanted) < _FEWEST_WORDS:
        return None
    for number in _candidates(words, index):
        line, sentence, _ = index.sentences[number]
        if line.by_customer is by_customer and not sentence.rstrip().endswith("?") and _core(sentence) == wanted:
            return Support(line, sentence)
    return None


def _quoted(by_customer: bool, quotation: str, index: TranscriptIndex) -> Support | None:
    """The line in which a quotation stands, letter for letter but for its marks."""
    words = _QUOTATION.sub(r"\1", quotation)
    wording = f" {' '.join(words_of(words))} "
    if len(words_of(words)) < _FEWEST_WORDS:
        return None
    lines = (line for line, text in index.wordings if line.by_customer is by_customer and wording in text)
    line = next(lines, None)
    return Support(line, words if words in line.text else line.text) if line else None


def _attributed(text: str, index: TranscriptIndex) -> tuple[bool | None, str]:
    """Whether it is told of the customer, None where of nobody, and the statement without its `the customer says`."""
    for by_customer, words in ((True, _CUSTOMER), (False, _STAFF)):
        who = _party(words, index, customer=by_customer)
        saying = re.match(rf"{who},? {_SAYS}", text, re.IGNORECASE)
        if saying:
            reported = text[saying.end() :]
            if _QUOTATION.fullmatch(reported):
                return by_customer, reported
            return by_customer, re.sub(rf"^(?:{who}|they|he|she)\b", "I", reported, flags=re.IGNORECASE)
        if re.match(rf"{who}\b", text, re.IGNORECASE):
            return by_customer, re.sub(rf"\b{who}\b", "I", text, flags=re.IGNORECASE)
    return None, text


def _party(words: str, index: TranscriptIndex, *, customer: bool) -> str:
    names = [re.escape(name) for name, is_customer in index.full_names.items() if is_customer is customer]
    return f"(?:{'|'.join((*(_TITLE + name for name in names), words))})"


def _core(text: str) -> tuple[str, ...]:
    """The words of a sentence as stems in order, whoever speaks and whatever article is used."""
    core: list[str] = []
    for word in words_of(text):
        bare = "not" if _NOT.search(word) else _CONTRACTED.sub("", word)
        if bare in _SPEAKER:
            core.append("I")
        elif bare not in _FILLERS:
            core.append(stem(bare))
    while core[:1] == ["I"]:
        core = core[1:]
    return tuple(core)


def _candidates(text: str, index: TranscriptIndex) -> list[int]:
    """The places of the sentences that hold its rarest word."""
    postings = (index.sentence_postings.get(word, ()) for word in stems_of(text))
    return list(min(filter(None, postings), key=len, default=()))
