"""Whether a customer used one of some words: `said('sick|ill|storm*')` of a policy expression, in linear time."""

import re
from functools import lru_cache
from typing import Any

from app.linear import BadPattern, searcher

# A letter of a word as Python's `\\w` sees it; RE2's own knows ASCII alone.
_LETTER = r"[\pL\pN_]"
_NO_LETTER = r"[^\pL\pN_]"


def uses_phrase(text: bytes, what: Any) -> bool:
    """Whether the text (casefolded UTF-8) holds one of the phrases. Raises ValueError when they are too many."""
    if not isinstance(what, str):
        return False
    try:
        return searcher(phrase_pattern(what))(text)
    except BadPattern as failure:
        raise ValueError(f"said(…) cannot be judged: {failure}") from None


@lru_cache(maxsize=2048)
def phrase_pattern(what: str) -> str:
    """What `said` is asked for, as a pattern in linear time: whole words, `*` standing for more of one."""
    by_edges: dict[tuple[str, str], list[str]] = {}
    for word in (part.strip().casefold() for part in what.split("|")):
        bare = word.strip("*")
        if word and not bare:
            by_edges.setdefault(("", ""), []).append(_LETTER)
        elif word:
            # A boundary lies between a letter and something else, whichever side the letter is on.
            before = _edge(bare[0], r"\A", open_ended=word.startswith("*"))
            after = _edge(bare[-1], r"\z", open_ended=word.endswith("*"))
            inside = f"{_LETTER}*".join(re.escape(part) for part in re.split(r"\*+", bare))
            by_edges.setdefault((before, after), []).append(inside)
    groups = [f"(?:{before}(?:{'|'.join(words)}){after})" for (before, after), words in by_edges.items()]
    return "|".join(groups) or _LETTER


def _edge(character: str, end: str, *, open_ended: bool) -> str:
    if not _is_letter(character):
        return _LETTER
    return "" if open_ended else f"(?:{end}|{_NO_LETTER})"


def _is_letter(character: str) -> bool:
    return character.isalnum() or character == "_"
