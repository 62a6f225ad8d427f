"""Finds the banners that mail gateways put above or below a letter: warnings, results of scans, whom to report it to.

What is a notice is learnt (`app.nlu.letter_lines`); here a block counts as one. Where rules of signs frame it, it is a
banner as a whole if it is mostly notices, its addresses and titles too; at the top of a letter a paragraph is.
"""

import re
from collections.abc import Sequence

from app.nlu.letter_lines import read_line
from app.nlu.sentences import sentences
from app.nlu.tables import Persons, words_in_all

_SIGNS = re.compile(r"[^\w\s]{3,200}$")
# Signs at both ends of a line, or brackets around it.
_TRIMMED = " \t*=-_#~+!|<>[](){}⚠️►▶●•·\N{NO-BREAK SPACE}"
_TAG = re.compile(
    r"\s{0,4}(?:\[[^\[\]\n]{2,40}\]|\*{1,4}[^*\n]{2,40}\*{1,4}|\([^()\n]{2,40}\)|<[^<>\n@]{2,40}>)[\s:-]{1,4}(?=\S)"
)
_CONTACT = re.compile(r"[\w.+'-]{1,64}@[\w.-]{3,120}|(?:https?://|www\.)\S|\+\d[\d ()./-]{6,20}\d")
_WORD = re.compile(r"[^\W\d_]+")
_SURE, _LIKELY = 0.8, 0.3
_FRAMED_SURE = 0.5
_A_LITTLE = 0.1
_MOSTLY = 0.6
_MOST_LINES = 12
_LONGEST = 1_500


def is_rule(line: str) -> bool:
    """Whether a line is drawn of one or two signs."""
    bare = "".join(line.split())
    return _SIGNS.match(bare) is not None and len(set(bare)) <= 2


def banner_above(lines: Sequence[str], places: Sequence[int]) -> int:
    """How many of the first lines, by their places, are a banner."""
    start = 0
    while start < len(places):
        longest = _framed_from(lines, places, start) or _paragraph_from(lines, places, start)
        if not longest:
            break
        start += longest
    return start


def banner_below(lines: Sequence[str], places: Sequence[int]) -> int:
    """How many of the last lines are a banner between rules, or below one; none where the line above announces it."""
    above = range(len(places) - 2, max(-1, len(places) - 2 - _MOST_LINES), -1)
    start = next((start for start in above if is_rule(lines[places[start]])), None)
    if start is None:
        return 0
    inside = [lines[index] for index in places[start + 1 :]]
    is_announced = start > 0 and lines[places[start - 1]].rstrip().endswith((":", "："))
    return len(places) - start if not is_announced and _is_banner(inside, _FRAMED_SURE) else 0


def is_like_a_banner(block: Sequence[str]) -> bool:
    """Whether lines that stand above several letters may be a banner: framed by a rule, or a little like notices."""
    return any(map(is_rule, block)) or _notice_share(_sentences_of(block)) >= _A_LITTLE


def leading_banner(line: str) -> int:
    """Where in a line that begins with a tag or a banner the rest begins; 0 where none stands before something."""
    if len(line) > _LONGEST:
        return 0
    tag = _TAG.match(line)
    if tag is not None and _likely(tag[0]) >= _SURE:
        return tag.end()
    end, surest = 0, 0.0
    for sentence in sentences(line):
        likely = _likely(sentence)
        if likely < (_LIKELY if surest >= _SURE else _SURE) or _is_of_writer(sentence):
            return end
        end, surest = line.find(sentence, end) + len(sentence), max(surest, likely)
    return 0


def _framed_from(lines: Sequence[str], places: Sequence[int], start: int) -> int:
    """How many lines a block takes that a rule begins or ends; none where it is no banner."""
    is_opened = is_rule(lines[places[start]])
    first = start + is_opened
    for end in range(first + 1, min(len(places), first + _MOST_LINES)):
        if is_rule(lines[places[end]]):
            inside = [lines[index] for index in places[first:end]]
            sure = _FRAMED_SURE if is_opened else _SURE
            return end + 1 - start if _is_banner(inside, sure) else 0
    return 0


def _paragraph_from(lines: Sequence[str], places: Sequence[int], start: int) -> int:
    """How many lines a paragraph takes that is a banner, or those at its beginning that are."""
    end = start + 1
    while end < len(places) and places[end] == places[end - 1] + 1 and end - start < _MOST_LINES:
        end += 1
    for last in range(end, start, -1):
        inside = [lines[index] for index in places[start:last]]
        spoken = _sentences_of(inside)
        if _is_banner(inside, _SURE) and all(_is_likely(sentence) or _is_contact(sentence) for sentence in spoken):
            return last - start
    return 0


def _is_likely(sentence: str) -> bool:
    return _likely(sentence) >= _LIKELY and not _is_of_writer(sentence)


def _is_banner(inside: Sequence[str], sure: float) -> bool:
    """Whether lines are mostly notices: by their words, one of them surely, and nobody speaks of themselves."""
    if sum(map(len, inside)) > _LONGEST:
        return False
    weights: list[tuple[int, float]] = []
    for sentence in _sentences_of(inside):
        likely = _likely(sentence)
        if likely < _LIKELY and _is_of_writer(sentence):
            return False
        if likely >= _LIKELY or not _is_contact(sentence):
            weights.append((len(_WORD.findall(sentence)), likely))
    total = sum(words for words, _ in weights)
    if not total or max(likely for _, likely in weights) < sure:
        return False
    return sum(words for words, likely in weights if likely >= _LIKELY) >= _MOSTLY * total


def _sentences_of(inside: Sequence[str]) -> Sequence[str]:
    """The sentences of lines, each of a line alone or wrapped over several, as they are likelier notices."""
    bare = [line.strip(_TRIMMED) for line in inside if not is_rule(line)]
    alone = [sentence for line in bare for sentence in sentences(line)]
    joined = sentences(" ".join(filter(None, bare)))
    return max((alone, joined), key=_notice_share)


def _notice_share(spoken: Sequence[str]) -> float:
    total = sum(map(len, spoken))
    return sum(len(sentence) * _likely(sentence) for sentence in spoken) / total if total else 0.0


def _likely(sentence: str) -> float:
    bare = sentence.strip(_TRIMMED)
    return max(read_line(sentence).notice, read_line(bare).notice) if bare else 0.0


def _is_contact(sentence: str) -> bool:
    """Whether there is little but how to reach somebody."""
    rest = _CONTACT.sub(" ", sentence)
    return rest != sentence and len(_WORD.findall(rest)) <= 3


def _is_of_writer(sentence: str) -> bool:
    return any(word.casefold() in words_in_all(Persons, "first") for word in _WORD.findall(sentence))
