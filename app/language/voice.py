"""Turns what a customer says of themselves into what an agent reads of them: first person into third, or into second.

The third person is the singular they, so no verb has to be bent but `am` and `was`.
"""

import re
from collections.abc import Callable

from app.caching import text_cache
from app.language.acts import without_lead_in

Person = Callable[[str], str]

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
    (r"\byourself\b|\b[Yy]ou (?:guys|people|lot|all)\b|^[Yy]ou\b(?! are\b|[’'])", "the company"),
    (r"\byour\b|\bYour\b", "the company's"),
    (r"\byou[’']re\b|\byou are\b", "the company is"),
    (r"\bto you\b", "to the company"),
)
# The company first: whoever was `you` to the customer must not be taken for the `you` that the customer becomes.
_SECOND: tuple[tuple[str, str], ...] = (
    (r"\b[Yy]ou (?:guys|people|lot|all)\b|^[Yy]ou\b(?! are\b|[’'])", "we"),
    (r"\byour\b|\bYour\b", "our"),
    (r"\byou[’']re\b|\byou are\b", "we are"),
    (r"\b(to|for|from|by|with|of|at) you\b", r"\1 us"),
    (r"\b[Ii][’']m\b|\b[Ii] am\b", "you are"),
    (r"\b[Ii] was\b", "you were"),
    (r"\b[Ii][’']ve\b", "you have"),
    (r"\b[Ii][’']d\b", "you would"),
    (r"\b[Ii][’']ll\b", "you will"),
    (r"\bam [Ii]\b", "are you"),
    (r"\bwas [Ii]\b", "were you"),
    (r"\b[Ii]\b", "you"),
    (r"\bmyself\b", "yourself"),
    (r"\bourselves\b", "yourselves"),
    (r"\bmine\b", "yours"),
    (r"\b(?:my|My|Our)\b", "your"),
    (r"\bme\b", "you"),
)
_IMPERATIVE = re.compile(
    r"(?:find|get|send|give|show|tell|check|change|cancel|book|make|stop|start|add|remove|update|help|fix|call"
    r"|connect|transfer|refund|replace|return|"
    r"exchange|close|open|reset|block|unblock|move|switch|look|search|let|put|do|don|set|order|buy|reserve"
    r"|schedule|confirm|escalate|resend|reschedule)$",
    re.IGNORECASE,
)
_FILLER = re.compile(
    r"(?<!\s)\s*+,?\s*+\b(?:u[hm]+|uhm|er+m?|please|kindly|thanks|thank you(?: so much| very much)?)\b,?(?=[\s.!?]|$)",
    re.IGNORECASE,
)
_BIDDING = "asks us to"
_NO_IMPERATIVE = (
    r"(?:my|the|a|an|it|that|this|these|those|i|we|you|he|she|they|is|are|am|was|were|do|does|did|has|have|had|can|could"
    r"|will|would|shall|should|may|might|what|how|when|where|which|who|why|there|if|in|on|at|for|from|to|with|one)\b"
)
# What a request may begin with: anything but a question word, which makes it a question about how or when.
_NO_QUESTION = r"^(?!(?:so |but |and )?(?:what|which|who|whom|whose|why|when|where|how)\b)"
_FIRST = r"^(?P<before>.*?)\b(?:I|we)"
_FIRST_AM = r"^(?P<before>.*?)\b(?:I[’']m|I am|we[’']re|we are)"
_WANTS: tuple[tuple[str, str], ...] = (
    (r"^(?:so |and |but )?how (?:can|could|do|should|would) (?:I|we) (?P<rest>.+)$", "asks how to"),
    (r"^.*?\band (?:want|need|would like|wish) to (?P<rest>.+)$", "wants to"),
    (
        _FIRST + r"(?:[’']d| would)(?: also| really| still| just)? (?:like|love|prefer|rather)(?: it if you "
        r"could)? (?:for you |you )?to (?P<rest>.+)$",
        "wants to",
    ),
    (_FIRST + r"(?:[’']d| would)(?: also| really| still| just| now)? rather (?P<rest>(?!to\b).+)$", "would rather"),
    (
        _FIRST + r"(?:[’']d| would)(?: also| really| still| just)? (?:like|love|prefer|appreciate) (?P<rest>.+)$",
        "would like",
    ),
    (
        _FIRST + r"(?: also| really| just| still| only| now)* (?:want|need|wish|require|expect) (?:you )?to "
        r"(?P<rest>.+)$",
        "wants to",
    ),
    (_FIRST + r"(?: also| really| just| still| only| now)* (?:need|require) (?P<rest>.+)$", "needs"),
    (
        _FIRST + r"(?: also| really| just| still| only| now)* (?:want|wish|demand|expect) (?P<rest>.+)$",
        "wants",
    ),
    (_FIRST + r"(?: also| really| just| still| only)* prefer (?P<rest>.+)$", "prefers"),
    (
        _FIRST_AM + r" (?:also |just |now )?(?:looking|trying|hoping|calling|writing) to "
        r"(?P<rest>.+)$",
        "wants to",
    ),
    (
        _FIRST_AM
        + r" (?:also |just |now )?(?:calling|ringing|phoning|writing|contacting you|getting in touch|reaching out"
        r"|here)(?: you)? (?P<rest>(?:about|because of|regarding) .+)$",
        "is in touch",
    ),
    (
        _FIRST + r"(?:[’']d| would) be (?:very |most |so |really )?(?:grateful|glad|happy|thankful) for (?P<rest>.+)$",
        "wants",
    ),
    (
        _FIRST
        + r"(?:[’']d| would) be (?:very |most |so |really )?(?:grateful|glad|happy|thankful) if you (?:could|would"
        r"|can) (?P<rest>.+)$",
        "asks us to",
    ),
    (
        _FIRST_AM + r" (?:also |just |now )?looking for (?P<rest>.+)$",
        "is looking for",
    ),
    (
        _FIRST_AM + r" (?:also |just |now )?interested in (?P<rest>.+)$",
        "is interested in",
    ),
    (
        _NO_QUESTION + r".*?\b(?:can|could|would|will) (?:you|someone|somebody|anyone)(?: also| maybe| possibly| now"
        r"| then| just| please)* (?:help me(?: to)?|assist (?:me )?(?:with|in)) (?P<rest>.+)$",
        "asks for help to",
    ),
    (r"^.*?\bwondering (?:if|whether) you (?:can|could) help (?:me )?(?P<rest>.+)$", "asks for help to"),
    (r"^.*?\bwondering (?:if|whether) you (?:can|could|would) (?P<rest>.+)$", "asks us to"),
    (r"^.*?\bwondering (?:if|whether) (?:I|we) (?:can|could) (?P<rest>.+)$", "asks whether they can"),
    (r"^.*?\b(?:let me know|tell me)(?: if| whether) (?P<rest>.+)$", "asks whether"),
    (r"^.*?\b(?:let me know|tell me|explain(?: to me)?) (?P<rest>(?:what|how|when|where|which|who|why)\b.+)$", "asks"),
    (r"^.*?\b(?:let me know|tell me|give me|send me|show me|provide me with|provide) (?P<rest>.+)$", "asks for"),
    (
        _NO_QUESTION + r".*?\b(?:can|could|would|will) (?:you|someone|somebody|anyone)(?: also| maybe| possibly| now"
        r"| then| just| please)* (?P<rest>.+)$",
        "asks us to",
    ),
    (_NO_QUESTION + r".*?\b(?:can|could|may|might|should) (?:I|we)(?: also)? (?P<rest>.+)$", "asks whether they can"),
    (
        r"^.*?\bis (?:it|there) (?:possible|a way|any way|any chance) (?:for (?:me|us) )?to (?P<rest>.+)$",
        "asks whether it is possible to",
    ),
    (r"^help me(?: to)? (?P<rest>.+)$", "asks for help to"),
    (r"^let(?:[’']s| us| me) (?P<rest>.+)$", "wants to"),
    (r"^.*?\bI(?:[’']ll| will) (?:take|go with|go for|choose|have) (?P<rest>.+)$", "chose"),
    (rf"^(?:just |and |then |also )?(?P<rest>(?!{_NO_IMPERATIVE})[a-z]+ .+)$", _BIDDING),
)
# "… can you find one" at the end asks for the same again.
_ASIDE = re.compile(
    r",? (?:and |so )?(?:can|could|would|will) you\b.*$|,? (?:though|then|now|too|as well)\W*$", re.IGNORECASE
)
# Two sentences with a comma between them; after a condition the comma belongs there.
_SPLICE = re.compile(
    r"^((?:(?!\b(?:if|when|once|since|while|because|although|unless)\b).)*?), (they|you) "
    r"(?=(?:are|were|have|will|do|did|can|need|want|lost)\b)",
    re.IGNORECASE,
)
_JOINING = re.compile(
    r"(?:[,;:.!?–-]|\b(?:and|but|so|because|since|as|that|which|think|guess|if|then|or|now|still|today|actually|well))\s*$",
    re.IGNORECASE,
)
_COMPILED_WANTS = tuple((re.compile(pattern, re.IGNORECASE | re.DOTALL), verb) for pattern, verb in _WANTS)
_TO_THIRD = tuple((re.compile(pattern), words) for pattern, words in _THIRD)
_TO_SECOND = tuple((re.compile(pattern), words) for pattern, words in _SECOND)
_GERUND = re.compile(r"\b(?:\w+ly )?(\w+ing)\b")


def third_person(text: str) -> str:
    """What the customer said of themselves, told by somebody else: `my card` becomes `their card`."""
    for pattern, replacement in _TO_THIRD:
        text = pattern.sub(replacement, text)
    return text


def second_person(text: str) -> str:
    """What the customer said of themselves, said back to them: `my card` becomes `your card`."""
    for pattern, replacement in _TO_SECOND:
        text = pattern.sub(replacement, text)
    return text


@text_cache(maxsize=4096)
def wish(sentence: str, person: Person = third_person) -> tuple[str, str] | None:
    """A request as (verb, what): `Could you cancel my plan?` gives (`asks us to`, `cancel their plan`).

    `person` turns the customer's words. None when the sentence asks for nothing.
    """
    bare = _tidied(sentence)
    for pattern, verb in _COMPILED_WANTS[:-1]:
        match = pattern.match(bare)
        if match and _is_main_clause(match):
            return _told(verb, match.group("rest"), person)
    bidding = _COMPILED_WANTS[-1][0].match(bare)
    return (
        _told(_BIDDING, bidding.group("rest"), person) if bidding and _bids(bidding.group("rest"), sentence) else None
    )


def _told(verb: str, rest: str, person: Person) -> tuple[str, str] | None:
    what = person(_lowered(_ASIDE.sub("", rest))).strip(" .!?,")
    return _matched_form(verb, _SPLICE.sub(r"\1; \2 ", what, count=1)) if what else None


def _is_main_clause(match: re.Match[str]) -> bool:
    """Whether a wish opens its sentence or a clause of it: `the changes I want to make` wishes for nothing."""
    before = match.groupdict().get("before")
    return not before or _JOINING.search(before) is not None


def _bids(rest: str, sentence: str) -> bool:
    """Whether the first word is a bidding: a verb known as one, or one that `please` stands beside."""
    first = rest.split(" ", 1)[0]
    bidden = re.search(rf"\b(?:please|kindly),? {re.escape(first)}\b", sentence, re.IGNORECASE)
    return bool(_IMPERATIVE.match(first) or bidden)


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


def _matched_form(verb: str, what: str) -> tuple[str, str] | None:
    if verb != "is in touch" and re.match(r"(?:without|if|when|as|because|by|about)\b", what):
        return None
    gerund = _GERUND.match(what)
    if verb == "asks for help to" and (gerund or re.match(r"(?:their|your|the|a|an|this|that|some|with)\b", what)):
        return "asks for help with", re.sub(r"^with ", "", what)
    return verb, what
