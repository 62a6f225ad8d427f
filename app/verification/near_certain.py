"""Tells near certain support: the sentence is in the words of one sentence of one line, told of whoever said it.

A sentence counts as a whole: what is said around a clause of it may deny or doubt the clause. Whose something is counts
too: `your router` is not the speaker's. What stands for a thing, as `it` does, supports nothing.
"""

import re
from typing import NamedTuple

from app.nlu.languages import words_of
from app.nlu.words import stem
from app.verification.checks import StatementReading
from app.verification.transcript import Line, TranscriptIndex, stems_of

_FEWEST_WORDS = 4
_FEWEST_REPORTED = 3
"""Of words that are told as said: `the agent said that …`."""
_TITLE = r"(?:(?:mrs?|ms|miss|dr|frau|herr|mme|sra?)\.? )?"
_CUSTOMER = r"(?:the )?(?:customer|caller|client)"
_STAFF = r"(?:the )?(?:agent|bot|assistant|representative|advis[eo]r)"
_SAYS = r"(?:says?|said|states?|stated|reports?|reported|mentions?|mentioned)(?: that)?:? "
_SPEAKER = frozenset("i me mine we us ours im ive id ill".split())
_OF_WHOM_IT_IS_TOLD = frozenset("they them theirs he she him hers".split())
"""`I` in what was said is `they` in what is told of it; `they` in what was said is somebody else."""
_SPEAKERS_OWN = frozenset("my our i's".split())
_OWN_OF_WHOM_IT_IS_TOLD = frozenset("their his her".split())
_OTHERS_OWN = frozenset("your you's".split())
_MY, _YOUR = "MY", "YOUR"
_ARTICLES = frozenset("the a an".split())
_FILLERS = frozenset("this that these those please just already so and but well hello hi sorry".split())
_QUOTATION = re.compile(r"[“\"]([^“”\"]+)[”\"]\.?")
_NOT = re.compile(r"n['’]t$")
_CONTRACTED = re.compile(r"['’].*")


class Support(NamedTuple):
    """The line that bears a statement out, and the sentence of it that does."""

    line: Line
    sentence: str


def support(reading: StatementReading, index: TranscriptIndex) -> Support | None:
    """What bears the statement out in so many words; None where that is not near certain."""
    by_customer, words, is_reported = _attributed(reading.text, index)
    if by_customer is not None and _QUOTATION.fullmatch(words):
        return _quoted(by_customer, words, index)
    wanted = _core(words, is_told=True)
    if by_customer is None or len(wanted) < (_FEWEST_REPORTED if is_reported else _FEWEST_WORDS):
        return None
    for number in _candidates(words, index):
        line, sentence, _ = index.sentences[number]
        if line.by_customer is not by_customer or sentence.rstrip().endswith("?"):
            continue
        if _is_in_words_of(wanted, _core(sentence, is_told=False)):
            return Support(line, sentence)
    return None


def _is_in_words_of(wanted: tuple[str, ...], core: tuple[str, ...]) -> bool:
    """Whether both say the same. Whose a thing is may be left open by one of them, as in `the lamp`: then by all of it.

    What is told as the other side's is told so by both.
    """
    owners = (_MY, _YOUR)
    if _YOUR in wanted or (_MY in wanted and any(owner in core for owner in owners)):
        return core == wanted
    return [word for word in core if word not in owners] == [word for word in wanted if word not in owners]


def _quoted(by_customer: bool, quotation: str, index: TranscriptIndex) -> Support | None:
    """The line in which a quotation stands, letter for letter but for its marks."""
    words = _QUOTATION.sub(r"\1", quotation)
    wording = f" {' '.join(words_of(words))} "
    if len(words_of(words)) < _FEWEST_WORDS:
        return None
    lines = (line for line, text in index.wordings if line.by_customer is by_customer and wording in text)
    line = next(lines, None)
    return Support(line, words if words in line.text else line.text) if line else None


def _attributed(text: str, index: TranscriptIndex) -> tuple[bool | None, str, bool]:
    """Whether it is told of the customer, None where of nobody; the statement without its `the customer says`.

    And whether it had that. In what one side says of the other, the other is `you`.
    """
    for by_customer, words in ((True, _CUSTOMER), (False, _STAFF)):
        who = _party(words, index, customer=by_customer)
        other = _party(_STAFF if by_customer else _CUSTOMER, index, customer=not by_customer)
        saying = re.match(rf"{who},? {_SAYS}", text, re.IGNORECASE)
        if saying:
            reported = text[saying.end() :]
            if _QUOTATION.fullmatch(reported):
                return by_customer, reported, True
            own = re.sub(rf"^(?:{who}|they|he|she)\b", "I", reported, flags=re.IGNORECASE)
            return by_customer, re.sub(rf"\b{other}\b", "you", own, flags=re.IGNORECASE), True
        if re.match(rf"{who}\b", text, re.IGNORECASE):
            return by_customer, re.sub(rf"\b{who}\b", "I", text, flags=re.IGNORECASE), False
    return None, text, False


def _party(words: str, index: TranscriptIndex, *, customer: bool) -> str:
    names = [re.escape(name) for name, is_customer in index.full_names.items() if is_customer is customer]
    return f"(?:{'|'.join((*(_TITLE + name for name in names), words))})"


def _core(text: str, *, is_told: bool) -> tuple[str, ...]:
    """The words of a sentence as stems in order, whoever speaks and whatever article is used.

    `is_told`: the sentence tells what somebody else said, so that `they` and `their` are of whoever said it.
    """
    core: list[str] = []
    for word in words_of(text):
        bare = "not" if _NOT.search(word) else _CONTRACTED.sub("", word)
        owner = _owner(word.replace("’", "'"), is_told=is_told)
        if owner:
            core.append(owner)
        elif bare in _SPEAKER or (is_told and bare in _OF_WHOM_IT_IS_TOLD):
            core.append("I")
        elif bare not in _FILLERS and bare not in _ARTICLES:
            core.append(stem(bare))
    while core[:1] == ["I"]:
        core = core[1:]
    return tuple(core)


def _owner(word: str, *, is_told: bool) -> str | None:
    """The side whose something is by a word such as `my`, as a mark; None for any other word."""
    if word in _SPEAKERS_OWN or (is_told and word in _OWN_OF_WHOM_IT_IS_TOLD):
        return _MY
    return _YOUR if word in _OTHERS_OWN else None


def _candidates(text: str, index: TranscriptIndex) -> list[int]:
    """The places of the sentences that hold its rarest word."""
    postings = (index.sentence_postings.get(word, ()) for word in stems_of(text))
    return list(min(filter(None, postings), key=len, default=()))
