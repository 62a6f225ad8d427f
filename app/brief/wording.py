"""Tells what somebody said in a clause an agent can read, or in the agent's own mouth."""

import re

from app.brief.reading import Utterance
from app.language.acts import Act, without_lead_in
from app.language.sentences import shorten
from app.language.voice import second_person, third_person, wish

_SPOKEN: tuple[tuple[str, str], ...] = (
    (r"^wants to be ", "you want to be "),
    (r"^wants\b", "you want"),
    (r"^would like\b", "you would like"),
    (r"^needs\b", "you need"),
    (r"^prefers\b", "you prefer"),
    (r"^is (looking|interested)\b", r"you are \1"),
    (r"^asks to (?:speak|talk|be)\b", "you asked to speak"),
    (r"^asks to\b", "you asked us to"),
    (r"^asks for\b", "you asked for"),
    (r"^asks whether\b", "you asked whether"),
    (r"^asks\b", "you asked"),
    (r"^chose\b", "you chose"),
    (r"^reports that\b", "you told us that"),
    (r"^(?:says|asks): ", "you wrote "),
)
_LOWERED = re.compile(
    r"^(?:The|A|An|My|Our|Their|It|This|That|These|Those|There|When|What|How|Since|After|Before|Every|Each|They|He"
    r"|She|We|You|If|In|On|At)\b"
)
_FRAGMENT = re.compile(r"(?:still|error|same|again|not|no|nothing|tried|already|only|just)\b", re.IGNORECASE)
_IDLE = frozenset(
    """
    help assist assistance that this it with me them you your their a an the some something question questions
    more please to do so for of on in about know if whether can could would check again look into see them? hold
    moment wait proceed continue go ahead one thing things details information and or be able want need like
    change changes make issue issues both all really back very sure okay try solution possible possibility still
    there any adjust out yes no
    """.split()
)


def clause(said: Utterance, words: int = 30) -> str:
    """What the customer said as a clause that follows `The customer`: `wants to cancel their plan`."""
    text = without_lead_in(said.text)
    if not said.english:
        return f"says: “{shorten(said.text, words)}”"
    if said.act is Act.REQUEST:
        wanted = wish(said.text)
        if wanted:
            return f"{wanted[0]} {shorten(wanted[1], words)}"
    if said.act in (Act.PROBLEM, Act.ATTEMPT) and not text.endswith("?") and not _FRAGMENT.match(text):
        return f"reports that {_lowered(third_person(shorten(text, words).rstrip(' .!')))}"
    return f"{'asks' if text.endswith('?') else 'says'}: “{shorten(text, words)}”"


def spoken(told: str) -> str:
    """A clause turned to the customer: `wants to cancel their plan` becomes `you want to cancel your plan`."""
    for pattern, replacement in _SPOKEN:
        turned, count = re.subn(pattern, replacement, told)
        if count:
            return second_person(turned)
    return second_person(f"you said that {told}")


def is_substantial(said: Utterance) -> bool:
    """Whether a request says what it is about, unlike `Can you help me with that?`."""
    if not said.english:
        return True
    words = re.findall(r"[A-Za-z][\w'-]*|\d[\d.,]+", without_lead_in(said.text).casefold())
    return sum(word not in _IDLE and len(word) > 2 for word in words) >= 2


def sentence(text: str) -> str:
    """A clause made a sentence: capital first, full stop last."""
    text = text.strip()
    ended = text if text.rstrip("”").endswith((".", "!", "?", "…")) else text + "."
    return ended[:1].upper() + ended[1:]


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:] if _LOWERED.match(text) else text
