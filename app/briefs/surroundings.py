"""What stands around a sentence in the same turn, so that it is quoted with what makes it understood."""

from collections.abc import Callable, Sequence

from app.briefs.reading import Utterance
from app.briefs.repetition import plain

_NEAREST = 12


def around(
    core: Sequence[Utterance], utterances: Sequence[Utterance], words: int, tells: Callable[[Utterance], bool]
) -> tuple[Utterance, ...]:
    """These sentences and the nearest of their turns that tell something, each once, within so many words, in order.

    A turn is what one side says until the other says something.
    """
    places = {id(utterance): index for index, utterance in enumerate(utterances)}
    chosen = {places[id(utterance)] for utterance in core}
    room = words - sum(_length(utterance) for utterance in core)
    texts = {plain(utterance.text) for utterance in core}
    turns = {index for utterance in core for index in _turn(utterances, places[id(utterance)])}
    nearby = sorted(turns, key=lambda index: (min(abs(index - position) for position in chosen), index))
    for index in nearby[:_NEAREST]:
        utterance = utterances[index]
        if (
            index not in chosen
            and tells(utterance)
            and _length(utterance) <= room
            and plain(utterance.text) not in texts
        ):
            chosen.add(index)
            texts.add(plain(utterance.text))
            room -= _length(utterance)
    return tuple(utterances[index] for index in sorted(chosen))


def _turn(utterances: Sequence[Utterance], index: int) -> range:
    start, end = index, index + 1
    while start and _same_turn(utterances[start - 1], utterances[index]):
        start -= 1
    while end < len(utterances) and _same_turn(utterances[end], utterances[index]):
        end += 1
    return range(start, end)


def _same_turn(utterance: Utterance, other: Utterance) -> bool:
    return (
        utterance.by_customer == other.by_customer
        and utterance.interaction.conversation_id == other.interaction.conversation_id
    )


def _length(utterance: Utterance) -> int:
    return len(utterance.text.split()) + 1  # and a dash
