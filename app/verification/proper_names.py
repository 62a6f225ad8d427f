"""The proper names of a sentence: capitalised words where a language keeps capitals for names."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from app.nlu.languages import Language
from app.nlu.sentences import sentences
from app.nlu.words import STOP_WORDS

_CAPITALISED = re.compile(r"(?<![\w.!?“\"«„:;/#&@’'-])(?<=[\w,’'”\")] )[A-Z][a-zà-öø-ÿ]+(?![\w@/&]|-[A-Z]|\.\w)")
_TITLED = re.compile(r"\b(?:Mr|Mrs|Ms|Dr|Herrn?|Frau|Mme|M|Sra?|Sig|Sig\.ra|Dhr|Mevr)\.? ([A-ZÀ-Þ]\w+)")
_OPENING = re.compile(r"^[“\"]?([A-Z][a-z]{2,}+)(['’]s\b)?(?:['’](?=ll\b|d\b))?\s*+(,|[A-Za-z]++)?")
# What may follow a name that begins a sentence.
_VERBAL = re.compile(
    r"(?<!\w)\w++(?:(?<=\ws)|(?<=\wed))|also|only|never|still|just|already|often|now|then|soon|doesn|didn|isn|wasn|fell"
    r"|gave|took|made|came|saw|said|met|thought|felt|found|left|kept|bought|paid|sent|spoke|wrote|began|knew|ll|is|was"
    r"|has|had|will|can|could|would|should|may|might|must|did|went|got|told|and|who|[A-Z]\w+"
)
_COMMON_ENDINGS = tuple(
    "ing ly tion sion ment ness ity ance ence ship als ers ies ees ings tions ures ages ists".split()
)
_OF_PLACES = ("an", "ish", "ese")
"""Of Canada comes Canadian, of Spain Spanish: what is so named may stand there as a place."""
_OPENERS = frozenset(
    """everyone everybody someone somebody nobody anyone people men women most many several another others
    neither either since though although unless despite besides meanwhile however therefore otherwise
    instead eventually later soon perhaps maybe upon according due regarding concerning without within
    every nothing everything something one two three four five six seven eight nine ten first next last
    please ask tell check send call earlier afterwards afterward previously recently initially originally
    then thereafter additionally moreover furthermore also again still now currently overall apparently
    unfortunately fortunately luckily sadly hopefully once twice yesterday today tomorrow tonight finally
    lastly secondly thirdly often sometimes usually normally already only even just yet thus hence here
    there beforehand whether where agreed asked booked given taken left said""".split()
)
_NO_NAMES = frozenset(
    """customer caller client shopper cardholder guest passenger user agent bot assistant representative
    advisor staff system mom mum dad grandma grandpa sir madam mr mrs ms miss mx dr prof frau herr herrn
    mme sra sr dona don""".split()
)
"""Written with a capital they call somebody, but by no name."""
# With these a headline begins as a sentence begins with a name: `Flight leaves`, `Refund refused`.
_SUBJECTS = frozenset(
    """access account address airline alarm answer apartment app appointment attempt bag bags baggage balance
    bank bill bonus booking branch broadband cabin call callback car card case cash certificate change
    charge chat check claim code complaint contract coupon courier credit customer data date day deadline
    debit delay delivery departure deposit detail details device discount doctor document driver email
    engineer error exchange fare fee fees fine flight flights form fraud fund funds gift hotel identity
    insurance internet invoice item items journey landline laptop layover letter limit line link loan
    login luggage mail meal meeting message miles modem money month name network note number offer office
    order orders outage package parcel passport password payment payments pet phone pin plan policy price
    problem proof provider quote rate reason receipt record refund refunds reminder rent repair
    replacement reply report request reservation result return review rider ride room router safety sale
    schedule screen search seat seats sender service shipment shop signal sim site size sms software
    standing statement status step stock store street subscription support table tariff tax taxi team
    technician test text ticket tickets time timing total tracking trade train transfer trip update
    upgrade van vendor viewing visit voice voicemail voucher warehouse warranty way web website wifi work
    worker""".split()
)
_AFTER_ARTICLE = re.compile(
    r"\b(?:la|le|les|une?|des|du|aux?|el|los|las|una|il|lo|gli|uno|os?|as|uma?|de|het|een|der|die|das|de[nm]"
    r"|eine?[nmr]?|seu|sua|su|mi|ma|mon|sa|son|zijn|haar|l['’]|d['’]) ?$",
    re.IGNORECASE,
)
_OF_PERSON = re.compile(
    r"\b(?:with|by|named|called|Mr|Mrs|Ms|Dr|friend|colleague|daughter|son|wife|husband)\.?,? (?:[A-Z]\w+ )?$"
)
_SHARE_OF_A_TITLE = 0.6
_FEWEST_OF_A_TITLE = 4


class ProperName(NamedTuple):
    """A word of a proper name as written, and whether it must be somebody's and cannot be a place's."""

    written: str
    of_person: bool = False


def proper_names(text: str, language: Language | None) -> Iterator[ProperName]:
    """The proper names of a text, those that begin a sentence only in English and where a verb follows.

    In German every noun is capitalised, so only what follows a title counts; a heading in capitals holds no names.
    """
    for sentence in sentences(text):
        yield from (ProperName(match[1], of_person=True) for match in _TITLED.finditer(sentence))
        if language in (None, "de") or _is_title(sentence):
            continue
        opening = _OPENING.match(sentence) if language == "en" else None
        if opening and _is_opening_name(opening[1], opening[3] or "", owns=bool(opening[2])):
            yield ProperName(opening[1], of_person=True)
        for match in _CAPITALISED.finditer(sentence):
            word = match.group().casefold()
            after_article = language != "en" and _AFTER_ARTICLE.search(sentence, 0, match.start())
            if not _is_common(word) and not after_article:
                yield ProperName(match.group(), of_person=_OF_PERSON.search(sentence, 0, match.start()) is not None)


def _is_title(sentence: str) -> bool:
    """Whether a line is written with capitals throughout: `Refund Request For Order`."""
    words = re.findall(r"\b[^\W\d_]{4,}\b", sentence)
    capitals = sum(word[0].isupper() for word in words)
    return len(words) >= _FEWEST_OF_A_TITLE and capitals >= _SHARE_OF_A_TITLE * len(words)


def _is_opening_name(word: str, following: str, *, owns: bool) -> bool:
    name = word.casefold()
    if _is_common(name) or name in _OPENERS or name in _SUBJECTS or name.endswith(_COMMON_ENDINGS):
        return False
    return owns or _VERBAL.fullmatch(following) is not None


def _is_common(word: str) -> bool:
    return word in STOP_WORDS or word in _NO_NAMES or word.endswith(_OF_PLACES)
