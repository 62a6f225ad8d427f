"""What was said, as it stands after the customer has put a value right: what is stale is left out, clause by clause."""

from collections.abc import Iterable, Iterator, Sequence

from app.briefs.reading import Utterance
from app.briefs.sentence_roles import WANTING
from app.briefs.superseded_values import Revision, is_replaced
from app.nlu import read
from app.nlu.closings import clauses
from app.nlu.identifiers import mentions
from app.nlu.words import terms

_FEWEST_WORDS = 3
_NAMING = ("code", "number", "account", "error_code")
_MOST_BESIDE, _LEAST_OF_MATTER = 3, 0.2


def with_current_values(spoken: Iterable[Utterance], replaced: Sequence[Revision]) -> Iterator[Utterance]:
    """What was said, but for what names a replaced value, and what only names the value that stands for it now."""
    for utterance in spoken:
        if is_replaced(utterance.text, utterance.interaction.seq, replaced):
            yield from _rest_of(utterance, replaced)
        elif not _only_corrects(utterance, replaced):
            yield utterance


def _rest_of(utterance: Utterance, replaced: Sequence[Revision]) -> Iterator[Utterance]:
    """The last clauses of a sentence, where only the first ones name a replaced value."""
    parts = clauses(utterance.text)
    stale = [at for at, part in enumerate(parts) if is_replaced(part, utterance.interaction.seq, replaced)]
    rest = " ".join(parts[max(stale, default=-1) + 1 :])
    if stale and len(rest.split()) >= _FEWEST_WORDS:
        reading = read(rest, utterance.setting)
        yield utterance._replace(text=f"… {rest}", reading=reading, terms=terms(rest))


def _only_corrects(utterance: Utterance, replaced: Sequence[Revision]) -> bool:
    """Whether a sentence of the customer's only puts one number or code in the place of another."""
    if not any(revision.since == utterance.interaction.seq for revision in replaced):
        return False
    names = {mention.value for mention in mentions(utterance.text) if mention.type in _NAMING}
    rest = set(utterance.terms) - {term for name in names for term in terms(name)}
    is_matter = utterance.act in WANTING or utterance.reading.key >= _LEAST_OF_MATTER
    return bool(names) and len(rest) <= _MOST_BESIDE and not is_matter
