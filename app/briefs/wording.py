"""Tells what somebody said in a clause an agent can read, or in the agent's own mouth."""

import re
from collections.abc import Mapping, Sequence

from app.briefs.reading import Utterance
from app.language.acts import Act, without_lead_in
from app.language.sentences import shorten
from app.language.voice import Person, second_person, third_person, wish
from app.language.words import terms
from app.models import Channel

_SPOKEN: Sequence[tuple[re.Pattern[str], str]] = (
    (re.compile(r"^wants to be "), "you want to be "),
    (re.compile(r"^wants\b"), "you want"),
    (re.compile(r"^would (like|rather)\b"), r"you would \1"),
    (re.compile(r"^needs\b"), "you need"),
    (re.compile(r"^prefers\b"), "you prefer"),
    (re.compile(r"^is (looking|interested|in touch)\b"), r"you are \1"),
    (re.compile(r"^asks\b"), "you asked"),
    (re.compile(r"^chose\b"), "you chose"),
    (re.compile(r"^reports that\b"), "you told us that"),
    (re.compile(r"^(?:says|asks): "), "you wrote "),
)
# Each verb that a clause can begin with, after `They` and for what is over.
_VERBS: Mapping[str, tuple[str, str]] = {
    "wants": ("want", "wanted"),
    "would": ("would", "would have"),
    "needs": ("need", "needed"),
    "prefers": ("prefer", "preferred"),
    "is": ("are", "was"),
    "asks": ("ask", "asked"),
    "chose": ("chose", "chose"),
    "reports": ("report", "reported"),
    "says": ("say", "said"),
}
_SINGULAR = {plural: singular for singular, (plural, _) in _VERBS.items()}
_VAGUE = re.compile(
    r"\b(?:some|an?|few|several|couple of|bit of)(?: \w+)? (?:changes?|questions?|modifications?|adjustments?"
    r"|help|assistance|support)\b|\b(?:some|any) (?:help|assistance|support|information)\b"
    r"|\bsome (?:of (?:my|the) )?(?:items?|things?|products?|stuff|orders?)\b",
    re.IGNORECASE,
)
# What is said of any matter on the way: it moves the talk along and tells nothing of what the customer wants.
_MOVING_ALONG = frozenset(
    terms(
        """
        look lookup check proceed continue resolve quick quickly fast try another way provide detail details once use
        using user id ids number email account information info help assist assistance want need like know confirm
        verify make sure ensure go ahead process request thing things option question moment hold wait today back get
        give tell let possible find access see pull share start begin one name just
        """
    )
)
_FOR_A_PERSON = frozenset(
    terms(
        """
        speak talk chat person human agent real live actual transfer connect representative manager supervisor operator
        someone somebody anyone people customer service support team call contact reach put through please instead bot
        """
    )
)
_CHANNELS: Mapping[Channel, str] = {
    Channel.APP: "in the app",
    Channel.WEB: "on the website",
    Channel.CHAT: "in the chat",
    Channel.VOICE: "on the phone",
    Channel.IVR: "in the phone menu",
    Channel.EMAIL: "by e-mail",
    Channel.SMS: "by text message",
    Channel.WHATSAPP: "on WhatsApp",
    Channel.SOCIAL: "on social media",
    Channel.IN_PERSON: "in person",
    Channel.OTHER: "on another channel",
}
_LOWERED = re.compile(
    r"^(?:The|A|An|My|Our|Your|Their|His|Her|Its|It|This|That|These|Those|There|When|What|How|Since|After|Before|Every"
    r"|Each|They|He|She|We|You|If|In|On|At|For|From|To|With|Without|By|As|All|Both|Some|Someone|Somebody|Something|Any"
    r"|Anyone|Nobody|Nothing|None|No|Everyone|Everybody|Everything|One|Two|Three|Half|Most|Several|Many|Few|Other"
    r"|Another|Whenever|Today|Tomorrow|Yesterday|Tonight|Last|Next|Now|Still|Also|Only|Just|Since|Until|Because"
    r"|Although|While|Whatever|Whoever|Customers?|People|Instead|Again|Already|Apparently|Somehow|Recently)\b"
)
_SUBJECTLESS = re.compile(
    r"(?:still )?(?:can[’']?t|cannot|can not|could(?:n[’']?t| not)|have(?:n[’']?t| not)|did(?:n[’']?t| not)"
    r"|do(?:n[’']?t| not)|won[’']?t|never) [a-z]+",
    re.IGNORECASE,
)
# Words that point back to what was said before mean nothing to whoever has not read it.
_POINTS_BACK = re.compile(r"(?:that|this|those|these|he|she|they)(?:[’']\w+)? (?!\w+ (?:i|we|you)\b)", re.IGNORECASE)
_BACKGROUND = re.compile(
    r"^(?P<background>.{12,}?)(?<!\bthat)(?<!\bwhich)(?<!\bif)(?<!\bwhen)(?<!\bwhat)(?<!\bwhere)(?<!\bthink)"
    r"(?:[,;.–]| -)? (?:and |so |but |now |therefore ){0,4}(?:I|we)(?:[’']d| would|[’']m| am)?"
    r"(?: also| really| just| still| now){0,4} (?:want|need|like|wish|hoping|looking)\b",
)
# The first word of a sentence may be a name; where it is not known as a common word, only a quotation keeps it right.
_MAY_BE_A_NAME = re.compile(r"^[A-Z][a-z]+\b")
_INTRODUCES = re.compile(
    r"(?:i[’']?m|i am|this is|it[’']?s|my (?:[\w-]+ ){0,3}(?:name|id|number|no|e-?mail|address|phone|zip|code|birthday"
    r"|birth|reference|account|username|login)(?: (?:number|address|id|code|here))? (?:is|are|was)"
    r"|here (?:is|are|it is)|(?:my )?name[’']?s|you (?:are|were) speaking)\b",
    re.IGNORECASE,
)
_FRAGMENT = re.compile(r"(?:still|error|same|again|not|no|nothing|tried|already|only|just)\b", re.IGNORECASE)
_IDLE = frozenset(
    """
    help assist assistance that this it with me them you your their a an the some something question questions
    more please to do so for of on in about know if whether can could would check again look into see them? hold
    moment wait proceed continue go ahead one thing things details information and or be able want need like
    change changes make issue issues both all really very sure okay try solution possible possibility still
    there any adjust out yes no what then
    """.split()
)


def clause(said: Utterance, words: int = 30, person: Person = third_person) -> str:
    """What the customer said as a clause that follows `The customer`: `wants to cancel their plan`."""
    text = without_lead_in(said.text)
    if not said.english:
        return f"says: {quoted(said.text, words)}"
    if said.act is Act.REQUEST:
        wanted = wish(said.text, person)
        if wanted:
            return f"{wanted[0]} {shorten(wanted[1], words)}"
    if said.act in (Act.PROBLEM, Act.ATTEMPT) and _can_be_reported(text):
        who = person("I ") if _SUBJECTLESS.match(text) else ""
        return f"reports that {who}{_lowered(person(shorten(text, words).rstrip(' .!')))}"
    return f"{'asks' if text.endswith('?') else 'says'}: {quoted(text, words)}"


def quoted(text: str, words: int) -> str:
    """A sentence as it was said, within quotation marks, without what only joins it to the talk before."""
    said = shorten(without_lead_in(text) or text, words)
    return f"“{said[:1].upper()}{said[1:]}”"


def plural(told: str) -> str:
    """A clause that follows `They`: `wants to cancel their plan` becomes `want to cancel their plan`."""
    verb, _, rest = told.partition(" ")
    bare = verb.rstrip(":")
    return f"{_VERBS[bare][0] if bare in _VERBS else bare}{verb[len(bare) :]} {rest}"


def past(told: str) -> str:
    """A clause about what is over: `wants to cancel their plan` becomes `wanted to cancel their plan`."""
    if told.startswith("would like "):
        return "wanted " + told.removeprefix("would like ")
    verb, _, rest = told.partition(" ")
    bare = verb.rstrip(":")
    return f"{_VERBS[bare][1] if bare in _VERBS else bare}{verb[len(bare) :]} {rest}"


def introduced(told: str) -> str:
    """A sentence about `They` as the first that speaks of the customer: `The customer now asks …`."""
    match = re.match(r"They ((?:now |then )?)(\w+)", told)
    if match is None:
        return told
    return f"The customer {match.group(1)}{_SINGULAR.get(match.group(2), match.group(2))}{told[match.end() :]}"


def joined(clauses: Sequence[str], subject: str) -> str:
    """Clauses after one subject, `The customer` or `They`: `They also want to return the lamp, and to keep the rug`."""
    told = list(clauses) if subject != "They" else [plural(one) for one in clauses]
    first, _, rest = told[0].partition(" ")
    told[0] = f"{first} also {rest}" if first in ("is", "are", "would") else f"also {told[0]}"
    if len(told) > 1 and clauses[0].startswith("wants to ") and clauses[1].startswith("wants to "):
        told[1] = told[1].partition(" ")[2]
    return f"{subject} {', and '.join(told)}"


def on_channel(channel: Channel) -> str:
    """Where something happened: `in the app`, `by e-mail`."""
    return _CHANNELS[channel]


def is_vague(said: Utterance) -> bool:
    """Whether a request only announces what it is about, like `I need to make a few changes to my booking`."""
    return said.english and _VAGUE.search(said.text) is not None


def only_announces(said: Utterance) -> bool:
    """Whether a sentence says what the customer is in touch about, and not what ought to happen."""
    return clause(said).startswith("is in touch ")


def tells_more(said: Utterance) -> bool:
    """Whether a sentence that asks for a person says beside it what the matter is."""
    # The words of other languages that ask for a person are not known here, and few sentences ask with more than six.
    return len(matter(said) - _FOR_A_PERSON) > (3 if said.english else 6)


def background(said: Utterance) -> str | None:
    """What a request says before it asks: `The seat is broken` of `The seat is broken, I want another one`."""
    match = _BACKGROUND.match(without_lead_in(said.text)) if said.english and said.act is Act.REQUEST else None
    told = match["background"].strip(" ,;.–-") if match else ""
    return told if len(told.split()) >= 3 and len(set(terms(told)) - _MOVING_ALONG) >= 2 else None


def opens_a_matter(said: Utterance) -> bool:
    """Whether a plain statement tells what somebody comes with: `My router drops every evening`, not who they are."""
    bare = without_lead_in(said.text)
    return (
        said.act is Act.INFORMATION
        and not said.pasted
        and not _INTRODUCES.match(bare)
        and len(bare.split()) >= 4
        and len(matter(said)) >= 2
        and (not said.english or is_substantial(said))
    )


def matter(said: Utterance) -> set[str]:
    """The terms that tell what a sentence is about, without those that only move the talk along."""
    return set(terms(said.text)) - _MOVING_ALONG


def spoken(said: Utterance, words: int) -> str:
    """What the customer said, said back to them: `I want to cancel my plan` becomes `you want to cancel your plan`."""
    told = clause(said, words, second_person)
    for pattern, replacement in _SPOKEN:
        turned, count = pattern.subn(replacement, told)
        if count:
            return turned
    return f"you said that {told}"


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


def _can_be_reported(text: str) -> bool:
    """Whether `reports that` can go before a sentence: it is whole, and its first word can lose its capital."""
    name = _MAY_BE_A_NAME.match(text) and not _LOWERED.match(text)
    return not (text.endswith("?") or ":" in text or name or _FRAGMENT.match(text) or _POINTS_BACK.match(text))


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:] if _LOWERED.match(text) else text
