"""Tells whether a sentence says anything that others have not said already."""

from collections.abc import Iterable

from app.nlu.languages import function_words
from app.nlu.words import terms

_SAME = 0.75
_NEARLY_SAME = 0.6
# Words that tell who speaks and that they do, not what about.
_TELLING = frozenset(
    terms(
        """
        customer caller agent bot system they say says said tell told ask asks asked want wants wanted need needs needed
        would like request requests requested report reports reported now then also still earlier chat phone mail app
        """
    )
)


class Coverage:
    """What was told already."""

    def __init__(self, texts: Iterable[str | None]) -> None:
        self._words = frozenset(word for text in texts for word in terms(text or "")) - _TELLING

    @property
    def is_something(self) -> bool:
        """Whether anything was told."""
        return bool(self._words)

    def repeats(self, text: str | None) -> bool:
        """Whether three of four words of a text were told already."""
        words = frozenset(terms(text or "")) - _TELLING
        return bool(words) and len(words & self._words) >= _SAME * len(words)

    def holds(self, text: str) -> bool:
        """Whether nearly all that a text is about was told already, in whatever language; each figure of it must be."""
        words = frozenset(terms(text)) - _TELLING - function_words()
        fresh = words - self._words
        if not words or any(any(map(str.isdigit, word)) for word in fresh):
            return False
        return len(words) - len(fresh) >= _NEARLY_SAME * len(words)


def plain(text: str) -> str:
    """A sentence without what may differ where it is told again: capitals, spaces, its full stop."""
    return " ".join(text.casefold().rstrip(" .").split())
