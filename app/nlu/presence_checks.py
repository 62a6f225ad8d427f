"""Tells a question that only asks whether anybody is there, `Still there?`, from one that asks about something."""

import re

# Every word with which somebody is asked whether they are there, in seven languages; any other word asks more.
_PRESENCE = frozenset(
    """
    hello hi hey still there here anyone anybody someone somebody you are is with me
    hallo noch da jemand sind sie du bist
    allô allo bonjour toujours là il y a quelqu un êtes vous es tu
    hola sigue sigues ahí hay alguien está usted
    pronto c è qualcuno ancora lì
    olá oi alô aí alguém ainda
    bent u er nog iemand
    """.split()
)
_MOST_WORDS = 6
_WORD = re.compile(r"[^\W\d_]+|\d+")


def is_ping(question: str) -> bool:
    """Whether a question asks only whether the other side is there."""
    words = _WORD.findall(question.casefold())
    return 0 < len(words) <= _MOST_WORDS and _PRESENCE.issuperset(words)
