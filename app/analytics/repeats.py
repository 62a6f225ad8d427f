"""What a customer had to say again: names that the ledger held already, and a matter that they had told.

A name (an order number, an e-mail address) is said again when it stood anywhere in the customer's history before: said,
typed, in a tool's answer or sent along by the channel. A matter is told again when most of what a sentence speaks of
stands in one earlier message of the customer, or the other way round. What the other side has just said itself is no
repetition: whoever confirms it was not made to repeat it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from app.caching import text_cache
from app.models import Actor, Interaction, Kind, Outcome
from app.nlu.dialogue_acts import SpeechAct, customer_act
from app.nlu.identifiers import canonical, mentions, structured_names
from app.nlu.sentences import sentences
from app.nlu.steps import read_json, step_name
from app.nlu.words import terms, tokens
from app.ports import REDACTED

# Of what a sentence speaks of, so much must have been told before; with fewer words, chance would do it.
MOSTLY = 0.7
FEWEST_TERMS = 3
# So many of the customer's earlier messages are looked at: what was told longer ago is another matter.
LOOK_BACK = 60
SHORTEST_NAME = 4
_STUCK = (Outcome.FAILED, Outcome.ABANDONED)
_TELLS_NOTHING = frozenset(
    {SpeechAct.GREETING, SpeechAct.THANKS, SpeechAct.CLOSING, SpeechAct.CONFIRMATION, SpeechAct.APOLOGY}
)
_CIVIL = frozenset(
    """pleas thank hi hello help want need like know tell get let would check sure look can could may also realli
    actual alreadi still someth anyth everyth thing time way make sorri""".split()
)
_JOINTS = "()/.-"


class Restatement(NamedTuple):
    """Something said again: its kind, the interaction that held it, and the one in which it was said again."""

    kind: str
    original: str
    restated: str


class CustomerSentence(NamedTuple):
    """One sentence of a customer with what it speaks of.

    `names` are those that show by their shape; among `words` are those that only whoever knows the name recognises.
    """

    text: str
    names: frozenset[str]
    words: frozenset[str]
    terms: frozenset[str]
    tells: bool


class RestatedFact:
    """Everything that one customer's ledger holds, to be asked what of it was known before a place in it."""

    def __init__(self, rows: Sequence[Interaction]) -> None:
        self._rows = rows
        self._first: dict[str, int] = {}
        self._messages: list[tuple[int, tuple[frozenset[str], ...]]] = []
        for index, row in enumerate(rows):
            for name in _names_in(row):
                self._first.setdefault(name, index)
            if (matters := _told_in(row)) and any(matters):
                self._messages.append((index, matters))

    def restated(
        self, messages: Sequence[Interaction], before: int, *, beside: Sequence[Interaction]
    ) -> list[Restatement]:
        """What of `messages` the ledger held before a place; `beside` is what bot or agent said meanwhile."""
        return [
            restatement
            for row in messages
            for sentence in sentences_of(row)
            for restatement in self.in_sentence(sentence, row, before, beside=_until(beside, row))
        ]

    def in_sentence(
        self, sentence: CustomerSentence, row: Interaction, before: int, *, beside: Sequence[Interaction]
    ) -> list[Restatement]:
        """What of one sentence the ledger held before a place."""
        theirs = frozenset(name for other in beside for name in names_of(other.text) | words_of(other.text))
        restatements = [
            Restatement("identifier", self._rows[index].interaction_id, row.interaction_id)
            for name in sorted((sentence.names | sentence.words) - theirs)
            if (index := self._first.get(name)) is not None and index < before
        ]
        if sentence.tells and not any(_mostly(sentence.terms, terms_of(other.text)) for other in beside):
            interaction_id = self._told_before(sentence.terms, before)
            if interaction_id is not None:
                restatements.append(Restatement("meaning", interaction_id, row.interaction_id))
        return restatements

    def _told_before(self, about: frozenset[str], before: int) -> str | None:
        earlier = [message for message in self._messages if message[0] < before][-LOOK_BACK:]
        for index, matters in reversed(earlier):
            whole = frozenset[str]().union(*matters)
            if _mostly(about, whole) or any(_mostly(matter, about) for matter in matters):
                return self._rows[index].interaction_id
        return None


def sentences_of(row: Interaction) -> list[CustomerSentence]:
    """The sentences of a message, each with what it speaks of."""
    return list(_sentences(row.text))


@text_cache(maxsize=4096)
def names_of(text: str) -> frozenset[str]:
    """The names in a text, in the form in which they are compared; amounts and dates name nothing."""
    names = (_key(mention.value) for mention in mentions(text) if mention.type not in ("amount", "date"))
    return frozenset(name for name in names if len(name) >= SHORTEST_NAME)


@text_cache(maxsize=4096)
def words_of(text: str) -> frozenset[str]:
    """The words with a digit in a text, in the form in which names are compared: `ord-70331` is written as it comes."""
    words = (_key(token) for token in tokens(text) if any(letter.isdigit() for letter in token))
    return frozenset(word for word in words if len(word) >= SHORTEST_NAME)


@text_cache(maxsize=4096)
def terms_of(text: str) -> frozenset[str]:
    """What a text speaks of: the stems of its words without those that say nothing of any matter."""
    return frozenset(term for term in terms(text) if term not in _CIVIL)


@text_cache(maxsize=4096)
def _sentences(text: str) -> tuple[CustomerSentence, ...]:
    return tuple(
        CustomerSentence(
            sentence,
            names_of(sentence),
            words_of(sentence),
            terms_of(sentence),
            customer_act(sentence) not in _TELLS_NOTHING,
        )
        for sentence in sentences(text)
    )


def _mostly(matter: frozenset[str], within: frozenset[str]) -> bool:
    shared = len(matter & within)
    return shared >= FEWEST_TERMS and shared / len(matter) >= MOSTLY


def _told_in(row: Interaction) -> tuple[frozenset[str], ...]:
    """What a customer told in one interaction, sentence by sentence; a step that failed tells of itself."""
    if row.actor is not Actor.CUSTOMER:
        return ()
    if row.kind is Kind.MESSAGE:
        return tuple(sentence.terms for sentence in _sentences(row.text) if sentence.tells)
    if row.name and row.outcome in _STUCK:
        return (terms_of(step_name(row.name).replace("_", " ")),)
    return ()


def _names_in(row: Interaction) -> Iterable[str]:
    yield from names_of(row.text)
    answer: Any = read_json(row.text) if row.kind is Kind.TOOL_RESULT else None
    for source in (row.data, answer):
        if isinstance(source, Mapping | list):
            yield from (_key(value) for _, value in structured_names(source))
    yield from (_key(identifier.value) for identifier in row.identifiers if identifier.value != REDACTED)


def restated_name(original: Interaction, restated: Interaction) -> str | None:
    """A name in the words of whoever said it again, of those that the other interaction held; None for none."""
    names = set(_names_in(original))
    mentioned = [mention.value for mention in mentions(restated.text) if mention.type not in ("amount", "date")]
    return next((value for value in (*mentioned, *tokens(restated.text)) if _key(value) in names), None)


def _key(value: str) -> str:
    return "".join(sign for sign in canonical(value) if not sign.isspace() and sign not in _JOINTS)


def _until(beside: Sequence[Interaction], row: Interaction) -> list[Interaction]:
    return [
        interaction for interaction in beside if (interaction.occurred_at, interaction.seq) < (row.occurred_at, row.seq)
    ]
