"""Texts made for the ear: without what cannot be spoken, with days said as days, and shortened where one breathes."""

import re
from datetime import date
from typing import NamedTuple

from babel import Locale, UnknownLocaleError
from babel.dates import format_date

from app.briefs.quoting import first_clauses
from app.nlu.languages import function_words
from app.nlu.tables import Language, Spoken

# A code of more letters and digits than this is spelt to nobody.
_MOST_SPELT = 8
# A shorter beginning of a sentence tells nothing.
_FEWEST_WORDS = 4
# Capitals that are read out as a word, such as those of an airport or an office.
_LONGEST_ACRONYM = 4

_DAY = re.compile(r"\b(\d{4}-\d{2}-\d{2})(?:T[0-9:.+Z-]{1,30})?")
_ADDRESS = re.compile(r"\b(?:https?://|www\.)\S{1,300}|\S{1,64}@\S{1,200}")
_UNSPOKEN = re.compile(r"[^\w\s.,;:?!'’$€£¥%-]")
_LIST_NUMBER = re.compile(r"(?:(?<=\s)|^)\d{1,2}[.)](?=\s)")
_NUMBER_SIGN = re.compile(r"#(?=\S)")
# What is said as a number although letters or many digits stand in it: 20th, 8am, 2,544.50.
_AS_NUMBER = re.compile(r"[$€£¥]?\d{1,5}(?:[.,]\d{3})*(?:[.,:]\d{1,2})?(?:[^\W\d_]{1,4}|[$€£¥%])?")
_SIGNS = ".,;:?!'’-"


class Ear(NamedTuple):
    """For whom something is said: the language, its words, what has to be spelt, and whether it is."""

    language: Language
    words: Spoken
    codes: frozenset[str]
    spells: bool

    def heard(self, text: str) -> str:
        """A text as it is spoken, in one line."""
        text = _ADDRESS.sub(" ", text.capitalize() if text.isupper() else text)
        text = _DAY.sub(lambda match: self._day(match.group(1)), text)
        text = text.replace("–", ",").replace("—", ",").replace("…", " ").replace("&", self.words.joined)
        text = _LIST_NUMBER.sub(" ", _NUMBER_SIGN.sub("", text))
        plain = " ".join(self._word(word) for word in _UNSPOKEN.sub(" ", text).split())
        return _tidy(plain.replace("%", f" {self.words.percent}").replace("_", " "))

    def sentence(self, text: str, most: int) -> str:
        """A text as it is spoken, as one sentence of so many words at most; empty where too little would be left."""
        heard = self.heard(text)
        whole = first_clauses(heard, most)
        if whole and not heard.endswith(whole):
            whole = _without_loose_end(whole)
        return whole if not whole or whole[-1] in ".!?" else f"{whole}."

    def codes_in(self, text: str) -> frozenset[str]:
        """What of a text would have to be spelt."""
        words = (word.strip(_SIGNS) for word in _UNSPOKEN.sub(" ", text).split())
        return frozenset(word.casefold() for word in words if word and self._is_code(word))

    def _day(self, written: str) -> str:
        try:
            return format_date(date.fromisoformat(written), "d MMMM", locale=Locale.parse(self.language))
        except (ValueError, UnknownLocaleError):
            return " "

    def _word(self, word: str) -> str:
        bare = word.strip(_SIGNS)
        if not bare or not self._is_code(bare):
            return word
        end = word[len(word.rstrip(_SIGNS)) :]
        signs = bare.replace("-", "")
        return " ".join(signs) + end if self.spells and len(signs) <= _MOST_SPELT and signs.isalnum() else end

    def _is_code(self, bare: str) -> bool:
        if bare.casefold() in self.codes or (bare.isalpha() and bare.isupper() and len(bare) > _LONGEST_ACRONYM):
            return True
        has_digit, has_letter = any(map(str.isdigit, bare)), any(map(str.isalpha, bare))
        if not has_digit or _AS_NUMBER.fullmatch(bare):
            return "_" in bare and has_letter and has_digit
        return (has_letter and len(bare) > 2) or sum(map(str.isdigit, bare)) > 5


def _tidy(text: str) -> str:
    """A text with its gaps closed: no space before a mark, no two marks in a row."""
    text = re.sub(r"(?<! ) +([.,;:?!])", r"\1", text)
    text = re.sub(r"([,;:])[.,;:]+", r"\1", text)
    return re.sub(r"([.?!])[.,;:]+", r"\1", text).strip(" ,;:-")


def _without_loose_end(text: str) -> str:
    """What was cut off, without the words at its end that say nothing without what followed."""
    words = text.split()
    while words and words[-1].strip(_SIGNS).casefold() in function_words():
        words = words[:-1]
    return " ".join(words).strip(" ,;:-") if len(words) >= _FEWEST_WORDS else ""
