"""What is made of words in a language that nobody here reads: the newest are quoted, and the brief says so."""

from collections.abc import Sequence

from app.briefs.reading import Utterance
from app.nlu.unread_languages import unread_language

_MOST_MESSAGES = 3


def language_unread(utterances: Sequence[Utterance]) -> str | None:
    """The language of the customer's newest words, where it is none that is read; None where it is, or none."""
    newest = _newest(utterances)
    return unread_language(" ".join(utterance.text for utterance in newest)) if newest else None


def newest_unread(utterances: Sequence[Utterance]) -> tuple[Utterance, ...]:
    """The sentences of the customer's newest message, where they are in such a language and something came before."""
    newest = _newest(utterances)
    if not newest or language_unread(utterances) is None:
        return ()
    last = newest[-1].interaction
    others = any(utterance.by_customer and utterance.interaction is not last for utterance in utterances)
    return tuple(utterance for utterance in newest if utterance.interaction is last) if others else ()


def _newest(utterances: Sequence[Utterance]) -> list[Utterance]:
    own = [utterance for utterance in utterances if utterance.by_customer and not utterance.pasted]
    rows = list(dict.fromkeys(utterance.interaction.interaction_id for utterance in own))[-_MOST_MESSAGES:]
    return [utterance for utterance in own if utterance.interaction.interaction_id in rows]
