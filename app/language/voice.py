"""Turns what a customer says of themselves into what an agent reads of them: first person into third, or into second.

The third person is the singular they, so no verb has to be bent but `am` and `was`.
"""

import re

from app.language.acts import without_lead_in

_THIRD: tuple[tuple[str, str], ...] = (
    (r"\b[Ii][’']m\b|\b[Ii] am\b", "they are"),
    (r"\b[Ii] was\b", "they were"),
    (r"\b[Ii][’']ve\b", "they have"),
    (r"\b[Ii][’']d\b", "they would"),
    (r"\b[Ii][’']ll\b", "they will"),
    (r"\bam [Ii]\b", "are they"),
    (r"\bwas [Ii]\b", "were they"),
    (r"\b[Ii]\b", "they"),
    (r"\b(?:myself|ourselves)\b", "themselves"),
    (r"\b(?:mine|ours)\b", "theirs"),
    (r"\b(?:my|our)\b", "their"),
    (r"\bMy\b|\bOur\b", "Their"),
    (r"\b(?:me|us)\b", "them"),
    (r"\bwe[’']re\b", "they are"),
    (r"\bwe\b", "they"),
    (r"\bWe\b", "They"),
    (r"\byourself\b", "the company"),
    (r"\byour\b|\bYour\b", "the company's"),
    (r"\byou[’']re\b|\byou are\b", "the company is"),
    (r"\bto you\b", "to the company"),
)
_SECOND: tuple[tuple[str, str], ...] = (
    (r"\bthey are\b", "you are"),
    (r"\bthey were\b", "you were"),
    (r"\bthemselves\b", "yourself"),
    (r"\btheirs\b", "yours"),
    (r"\btheir\b", "your"),
    (r"\bTheir\b", "Your"),
    (r"\bthem\b", "you"),
    (r"\bthey\b", "you"),
    (r"\bThey\b", "You"),
    (r"\bthe company's\b", "our"),
    (r"\bthe company\b", "us"),
)
_IMPERATIVE = re.compile(
    r"(?:find|get|send|give|show|tell|check|change|cancel|book|make|stop|start|add|remove|update|help|fix|call"
    r"|connect|transfer|refund|replace|return|"
    r"exchange|close|open|reset|block|unblock|move|switch|look|search|let|put|do|don|set|order|buy|reserve"
    r"|schedule|confirm|escalate|resend|reschedule)$",
    re.IGNORECASE,
)
_FILLER = re.compile(
    r"\s*,?\s*\b(?:please|kindly|thanks|thank you(?: so much| very much)?)\b,?(?=[\s.!?]|$)", re.IGNORECASE
)
_NO_IMPERATIVE = (
    r"(?:my|the|a|an|it|that|this|these|those|i|we|you|he|she|they|is|are|am|was|were|do|does|did|has|have|had|can|could"
    r"|will|would|shall|should|may|might|what|how|when|where|which|who|why|there|if|in|on|at|for|from|to|with|one)\b"
)
_WANTS: tuple[tuple[str, str], ...] = (
    (r"^.*?\band (?:want|need|would like|wish) to (?P<rest>.+)$", "wants to"),
    (
        r"^.*?\b(?:I|we)(?:[’']d| would)(?: also| really| still| just)? (?:like|love|prefer|rather)(?: it if you "
        r"could)? (?:for you |you )?to (?P<rest>.+)$",
        "wants to",
    ),
    (
        r"^.*?\b(?:I|we)(?:[’']d| would)(?: also| really| still| just)? (?:like|love|prefer|appreciate) (?P<rest>.+)$",
        "would like",
    ),
    (
        r"^.*?\b(?:I|we)(?: also| really| just| still| only| now)* (?:want|need|wish|require|expect) (?:you )?to "
        r"(?P<rest>.+)$",
        "wants to",
    ),
    (r"^.*?\b(?:I|we)(?: also| really| just| still| only| now)* (?:need|require) (?P<rest>.+)$", "needs"),
    (r"^.*?\b(?:I|we)(?: also| really| just| still| only| now)* (?:want|wish|demand|expect) (?P<rest>.+)$", "wants"),
    (r"^.*?\b(?:I|we)(?: also| really| just| still| only)* prefer (?P<rest>.+)$", "prefers"),
    (
        r"^.*?\b(?:I[’']m|I am|we[’']re|we are) (?:also |just |now )?(?:looking|trying|hoping|calling|writing) to "
        r"(?P<rest>.+)$",
        "wants to",
    ),
    (r"^.*?\b(?:I[’']m|I am|we[’']re|we are) (?:also |just |now )?looking for (?P<rest>.+)$", "is looking for"),
    (r"^.*?\b(?:I[’']m|I am|we[’']re|we are) (?:also |just |now )?interested in (?P<rest>.+)$", "is interested in"),
    (
        r"^.*?\b(?:can|could|would|will) (?:you|someone|somebody|anyone)(?: also| maybe| possibly)? (?:help me(?: "
        r"to)?|assist (?:me )?(?:with|in)) (?P<rest>.+)$",
        "asks for help to",
    ),
    (r"^.*?\b(?:let me know|tell me)(?: if| whether) (?P<rest>.+)$", "asks whether"),
    (r"^.*?\b(?:let me know|tell me|explain(?: to me)?) (?P<rest>(?:what|how|when|where|which|who|why)\b.+)$", "asks"),
    (r"^.*?\b(?:let me know|tell me|give me|send me|show me|provide me with|provide) (?P<rest>.+)$", "asks for"),
    (
        r"^.*?\b(?:can|could|would|will) (?:you|someone|somebody|anyone)(?: also| maybe| possibly| just)? "
        r"(?P<rest>.+)$",
        "asks to",
    ),
    (r"^.*?\b(?:can|could|may|might|should) (?:I|we)(?: also)? (?P<rest>.+)$", "asks whether they can"),
    (
        r"^.*?\bis (?:it|there) (?:possible|a way|any way|any chance) (?:for (?:me|us) )?to (?P<rest>.+)$",
        "asks whether it is possible to",
    ),
    (r"^help me(?: to)? (?P<rest>.+)$", "asks for help to"),
    (r"^let(?:[’']s| us| me) (?P<rest>.+)$", "wants to"),
    (r"^.*?\bI(?:[’']ll| will) (?:take|go with|go for|choose|have) (?P<rest>.+)$", "chose"),
    (rf"^(?:just |and |then )?(?P<rest>(?!{_NO_IMPERATIVE})[a-z]+ .+)$", "asks to"),
)
_COMPILED_WANTS = tuple((re.compile(pattern, re.IGNORECASE | re.DOTALL), verb) for pattern, verb in _WANTS)


def third_person(text: str) -> str:
    """What the customer said of themselves, told by somebody else: `my card` becomes `their card`."""
    for pattern, replacement in _THIRD:
        text = re.sub(pattern, replacement, text)
    return text


def second_person(text: str) -> str:
    """A third-person text said to the customer: `their card` becomes `your card`."""
    for pattern, replacement in _SECOND:
        text = re.sub(pattern, replacement, text)
    return text


def wish(sentence: str) -> tuple[str, str] | None:
    """A request as (verb, what): `Could you cancel my plan?` gives (`asks to`, `cancel their plan`).

    None when the sentence asks for nothing.
    """
    bare = _tidied(sentence)
    for pattern, verb in _COMPILED_WANTS:
        match = pattern.match(bare)
        if match:
            what = third_person(_lowered(match.group("rest"))).strip(" .!?,")
            return _matched_form(verb, what) if what else None
    return None


def _tidied(sentence: str) -> str:
    return re.sub(r"\s+", " ", _FILLER.sub("", without_lead_in(sentence))).strip()


def _lowered(text: str) -> str:
    """Without the capital that only the start of a sentence gave the first word: names and codes keep theirs."""
    first = text.split(" ", 1)[0]
    return (
        text[:1].lower() + text[1:]
        if first.istitle() and first.isalpha() and len(first) > 1 and _IMPERATIVE.match(first)
        else text
    )


def _matched_form(verb: str, what: str) -> tuple[str, str]:
    gerund = re.match(r"(?:\w+ly )?(\w+ing)\b", what)
    if verb == "asks for help to" and (gerund or re.match(r"(?:their|the|a|an|this|that|some|with)\b", what)):
        return "asks for help with", re.sub(r"^with ", "", what)
    return verb, what
