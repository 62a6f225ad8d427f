"""Form: how long a brief is, how hard to read, and how like a person's summary."""

import re
from collections.abc import Sequence

from evals.datasets.dialogues import sentences_of
from evals.scorers.base import Score, Scorer, not_applicable, unscored
from evals.scorers.texts import prose
from evals.suite.cases import GoldCase
from evals.suite.observing import Observation

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_VOWELS = re.compile(r"[aeiouy]+")
_SILENT_E = re.compile(r"[^aeiouyl]e$|[^aeiouytd]ed$")


def length(_: GoldCase, seen: Observation) -> Score:
    """Words of the prose."""
    words = len(prose(seen.handoff.brief).split())
    return Score(value=float(words), reason=f"{words} words")


def reading_ease(case: GoldCase, seen: Observation) -> Score:
    """Flesch's reading ease of situation and contact reason, English only."""
    if case.language != "en":
        return unscored(f"The formula is for English, not for {case.language}.")
    brief = seen.handoff.brief
    ease = flesch(" ".join(text for text in (brief.contact_reason, brief.situation) if text))
    return not_applicable("The brief has no prose.") if ease is None else Score(value=ease, reason=f"{ease:.0f}")


def rouge(case: GoldCase, seen: Observation) -> Score:
    """ROUGE-L against the case's reference summary."""
    if not case.expect.reference:
        return not_applicable("The case has no reference summary.")
    value = rouge_l(case.expect.reference, prose(seen.handoff.brief))
    return Score(value=value, reason=f"ROUGE-L F1 {value:.2f}")


def flesch(text: str) -> float | None:
    """Reading ease, about 0 (hard) to 100 (easy); None without a word.

    206.835 - 1.015 * words per sentence - 84.6 * syllables per word (R. Flesch, "A new readability yardstick", Journal
    of Applied Psychology 32, 1948). Syllables are counted as groups of vowels without a silent e.
    """
    words = _WORD.findall(text.lower())
    if not words:
        return None
    syllables = sum(_syllables(word) for word in words)
    per_sentence = len(words) / max(len(sentences_of(text)), 1)
    return 206.835 - 1.015 * per_sentence - 84.6 * syllables / len(words)


def rouge_l(reference: str, text: str) -> float:
    """The F1 of the longest common subsequence of words (C.-Y. Lin, "ROUGE", ACL workshop 2004), without stemming."""
    wanted, got = _WORD.findall(reference.lower()), _WORD.findall(text.lower())
    common = _common(wanted, got)
    return 2 * common / (len(wanted) + len(got)) if common else 0.0


def _common(words: Sequence[str], other: Sequence[str]) -> int:
    row = [0] * (len(other) + 1)
    for word in words:
        before = 0
        for index, candidate in enumerate(other, start=1):
            here = row[index]
            row[index] = before + 1 if word == candidate else max(here, row[index - 1])
            before = here
    return row[-1]


def _syllables(word: str) -> int:
    vowels = len(_VOWELS.findall(word))
    return max(vowels - bool(_SILENT_E.search(word)), 1)


SCORERS = (
    Scorer("length", 1, "the agent has no time to read it", length, "words", "lower"),
    Scorer("reading_ease", 1, "the agent must read it twice", reading_ease, "points", "higher"),
    Scorer("rouge_l", 1, "it tells other things than a person would have told", rouge, "F1", "higher"),
)
"""The scorers of this module."""
