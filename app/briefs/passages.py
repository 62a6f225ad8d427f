"""What stands around a sentence in the same turn, so that it is quoted with what makes it understood."""

from collections.abc import Callable, Sequence

from app.briefs.reading import Utterance
from app.briefs.repetition import plain

_NEAREST = 12


def around(
    core: Sequence[Utterance], said: Sequence[Utterance], words: int, tells: Callable[[Utterance], bool]
) -> tuple[Utterance, ...]:
    """These sentences and the nearest of their turns that tell something, each once, within so many words, in order.

    A turn is what one side says until the other says something.
    """
    places = {id(one): place for place, one in enumerate(said)}
    chosen = {places[id(one)] for one in core}
    room = words - sum(_length(one) for one in core)
    texts = {plain(one.text) for one in core}
    turns = {place for one in core for place in _turn(said, places[id(one)])}
    nearby = sorted(turns, key=lambda place: (min(abs(place - one) for one in chosen), place))
    for place in nearby[:_NEAREST]:
        one = said[place]
        if place not in chosen and tells(one) and _length(one) <= room and plain(one.text) not in texts:
            chosen.add(place)
            texts.add(plain(one.text))
            room -= _length(one)
    return tuple(said[place] for place in sorted(chosen))


def _turn(said: Sequence[Utterance], place: int) -> range:
    start, end = place, place + 1
    while start and _same_turn(said[start - 1], said[place]):
        start -= 1
    while end < len(said) and _same_turn(said[end], said[place]):
        end += 1
    return range(start, end)


def _same_turn(one: Utterance, other: Utterance) -> bool:
    return one.by_customer == other.by_customer and one.interaction.conversation_id == other.interaction.conversation_id


def _length(one: Utterance) -> int:
    return len(one.text.split()) + 1  # and a dash
