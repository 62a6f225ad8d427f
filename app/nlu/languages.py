"""In which of seven languages a text is written, by its function words and letters, and its words to compare."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Literal

from app.caching import text_cache

Language = Literal["en", "de", "fr", "es", "it", "pt", "nl"]
LANGUAGES: tuple[Language, ...] = ("en", "de", "fr", "es", "it", "pt", "nl")

_FUNCTION_WORDS: Mapping[Language, frozenset[str]] = {
    "en": frozenset(
        """the a an and of to is was were for on with that not at by from has had have be been it this they he
        she his her their who which are as but asked wants i you your my""".split()
    ),
    "de": frozenset(
        """der die das den dem ein eine einen einem einer und oder nicht ist sind wird wurde hat von vom zu zum
        zur mit auf für bei nach dass sich sie ihr ihre sein in im am aus noch auch ich es er wir""".split()
    ),
    "fr": frozenset(
        """le la les un une des du de et est sont pas ne que qui dans pour sur au aux avec il elle à ce cette
        son sa ses par été lui je vous mon""".split()
    ),
    "es": frozenset(
        """el la los las un una y de del que es son no en por para con se su al lo como pero ha más le yo mi
        usted""".split()
    ),
    "it": frozenset(
        """il lo la gli le un una e di del della che è sono non in per con si su al ha dal nel alla da come ma
        mi""".split()
    ),
    "pt": frozenset(
        """o a os as um uma e de do da dos das que é são não em no na por para com se seu sua ao pelo foi mais
        eu meu""".split()
    ),
    "nl": frozenset(
        """de het een en van is zijn niet in op voor met dat die te aan bij naar heeft was werd er om door ook
        nog maar ik""".split()
    ),
}
_LETTERS: Mapping[Language, re.Pattern[str]] = {
    "de": re.compile("[äöß]"),
    "fr": re.compile("[œûîë]"),
    "es": re.compile("[ñ¿¡]"),
    "pt": re.compile("[ãõ]"),
}
"""Letters that of these languages one alone writes; a name keeps its own in every language, so no capitalised word."""
FUNCTION_WORDS = frozenset[str]().union(*_FUNCTION_WORDS.values())
"""Those of all seven languages together: what is none of them says what a text is about."""
_FEWEST, _ENOUGH = 2, 2000
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?|\d+(?:[.,:]\d+)*")


@text_cache(maxsize=4096)
def language_of(text: str) -> Language | None:
    """The language of a text; None where too few of its words tell, or two languages are alike."""
    words = re.findall(r"[^\W\d_]+", text[:_ENOUGH])
    hits = [sum(_is_of(code, word) for word in words) for code in LANGUAGES]
    most = max(hits)
    return LANGUAGES[hits.index(most)] if most >= _FEWEST and hits.count(most) == 1 else None


def _is_of(language: Language, word: str) -> bool:
    letters = _LETTERS.get(language)
    return word.casefold() in _FUNCTION_WORDS[language] or bool(letters and word.islower() and letters.search(word))


def folded(text: str) -> str:
    """A text in lower case and without accents, so that two spellings of a name are equal."""
    if text.isascii():
        return text.casefold()
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


@text_cache(maxsize=8192)
def words_of(text: str) -> tuple[str, ...]:
    """The words and figures of a text in order, folded."""
    return tuple(_WORD.findall(folded(text)))
