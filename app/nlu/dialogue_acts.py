"""What a sentence does: asks, reports a problem, promises, refuses, confirms, thanks, takes leave.

English only, by the wording of service talk in any trade. A sentence in another language is an `INFORMATION`, so that
nothing is read into it.
"""

import re
from collections.abc import Callable
from enum import StrEnum

from app.caching import text_cache


class SpeechAct(StrEnum):
    """What one sentence does."""

    REQUEST = "request"
    QUESTION = "question"
    PROBLEM = "problem"
    ATTEMPT = "attempt"
    CONFIRMATION = "confirmation"
    PROMISE = "promise"
    REFUSAL = "refusal"
    COMPLETION = "completion"
    APOLOGY = "apology"
    THANKS = "thanks"
    CLOSING = "closing"
    GREETING = "greeting"
    INFORMATION = "information"


_LEAD_IN = re.compile(
    r"^(?:(?:hi|hello|hey|good (?:morning|afternoon|evening))(?: there| again| team)?\b|dear [^,.!?]{1,40}(?=,)"
    r"|u[hm]+|uhm|er+m?|ah|hm+|you know|listen|look|yes|yeah|yep|no|nope|ok"
    r"|okay|sure|alright|all right|"
    r"great|perfect|right|well|so|and|also|but|then|now|actually|additionally|oh|hmm|i see|i understand|got it"
    r"|understood|however|(?:good|nice|fine|cool|excellent|awesome|wonderful|amazing)(?=[,.!])|thanks|thank you"
    r"(?: so much| very much)?|no problem|no worries|in that case|one more thing|for now|lastly|finally|first"
    r"|next)[\s,.!:;–-]+",
    re.IGNORECASE,
)
_MOST_LEAD_INS = 24
_GREETING = re.compile(
    r"^(?:(?:hi|hello|hey|good (?:morning|afternoon|evening|day))\b[^.?!]{0,25}[.!]?|dear [^.!?]{1,40},"
    r"|(?:(?:with )?(?:kind|best|warm)(?:est)? (?:regards|wishes)|yours (?:sincerely|faithfully|truly)|sincerely"
    r"|regards)[,.]?[^.?!]{0,30})$",
    re.IGNORECASE,
)
_THANKS = re.compile(r"\b(?:thanks|thank you|thx|cheers|much appreciated|i appreciate)\b", re.IGNORECASE)
_CLOSING = re.compile(
    r"\b(?:that(?:'s| is|’s| was| will be) (?:all|it|everything)|that(?:'s|’s) all i needed|all set|nothing else"
    r"|no(?:thing)? (?:more|further)|"
    r"(?:good)?bye|have a (?:great|good|nice|lovely|wonderful)|take care|talk (?:to you )?(?:soon|later)|see you"
    r"|problem solved|it works now|"
    r"works (?:fine )?now|that (?:fixed|solved|worked|resolved)|glad (?:that|it|we)|you(?:'ve|’ve| have) been "
    r"(?:very |so |really )?helpful)\b",
    re.IGNORECASE,
)
_REQUEST = re.compile(
    r"\b(?:and (?:want|need|would like|wish) to\b|(?:i|we)(?: would|'d|’d)(?: also| really| still| just)? (?:like"
    r"|love|prefer|appreciate|rather)|(?:i|we)(?: also| really| just| still| only| now)* "
    r"(?:want|need|wish|prefer|require|demand|insist|expect)\b|(?:i'm|i am|i’m|we're|we are|we’re) (?:also |just "
    r"|now )?"
    r"(?:looking (?:to|for|into|at)|trying to|hoping|calling (?:about|to|because)|writing (?:about|to|because)"
    r"|contacting|interested in)|"
    r"(?:i|we)(?:'d|’d| would) be (?:very |most |so |really )?(?:grateful|glad|happy|thankful) (?:for|if|to)\b"
    r"|(?:can|could|would|will) (?:you|someone|somebody|anyone|we)|(?:can|could|may|might|should) i\b|please\b"
    r"|help me|let(?:'s|’s| us| me)\b|"
    r"i(?:'ll|’ll| will) (?:take|go with|go for|choose|have)|is it possible|would it be possible|is there (?:a"
    r"|any) (?:way|chance|possibility))",
    re.IGNORECASE,
)
_PROBLEM = re.compile(
    r"\b(?:(?:do|does|did|is|are|was|were|has|have|had|can|could|wo|would)(?:n't|n’t| not)\b|can(?:not|’t|'t)\b"
    r"|never\b|still (?:no|not|waiting|says?|shows?|get|see)|nobody|no one|broken?|"
    r"damaged|missing|lost|stolen|wrong|incorrect|faulty|defective|stuck|fail(?:s|ed|ing|ure)?|error|declined"
    r"|rejected|refused|charged (?:me )?twice|"
    r"double[- ]charged|overcharged|trouble|problem|issue|crash(?:es|ed|ing)?|locked out|blocked|late|delay(?:ed"
    r"|s)?|cancel(?:l)?ed on|no longer works?|"
    r"stopped working|keeps? \w+ing|went down|is down|unable|was (?:promised|told)|(?:been|gone|went) down|is dead"
    r"|nothing (?:came|happens|happened|arrived|changed|works))\b",
    re.IGNORECASE,
)
_ATTEMPT = re.compile(
    r"\b(?:i|we)(?:'ve|’ve| have)?(?: already| even| just| both| also)* (?:(?:tried|attempted|restarted|reset"
    r"|rebooted|reinstalled|retried|called|e-?mailed|"
    r"contacted|followed|checked|updated|unplugged|cleared|uninstalled|re-?entered|logged (?:out|in)|switched)\b)",
    re.IGNORECASE,
)
_AGREEMENT = re.compile(
    r"^(?:yes|yeah|yep|yup|sure|ok|okay|correct|right|exactly|perfect|great|sounds good|that works|absolutely|of "
    r"course|definitely|fine|agreed|confirmed)\b|"
    r"\b(?:proceed|go ahead|i confirm|confirm(?:ed)?|do it|sounds good|that(?:'s|’s| is) (?:correct|right|fine)"
    r"|works for me)\b",
    re.IGNORECASE,
)
_PROMISE = re.compile(
    r"(?:(?:\b(?:i|we)(?:'ll|’ll| will| am going to|'m going to| are going to)"
    r"|(?<=[\w’'])(?:'ll|’ll| will| is going to| should)(?: now| then| also| all)? (?:be|receive|get|have|call|contact"
    r"|arrive|go|reach|reply|take|hear|process|see|e-?mail|send|refund|credit|ship|replace|follow|fix|resolve|come|ring"
    r"|text|confirm|notify|visit)\b)|\bi promise|\bwe promise|\brest assured"
    r"|\bi(?:'ve|’ve| have) (?:booked|scheduled|arranged)\b)",
    re.IGNORECASE,
)
_REFUSAL = re.compile(
    r"\b(?:unfortunately|i(?:'m| am|’m) (?:unable|not able|afraid)|we(?:'re| are|’re) (?:unable|not able)|(?:i"
    r"|we) (?:can't|cannot|can’t|can not|couldn't|could not|don't|do not) "
    r"|(?:is|are|was|were) (?:not|n't) (?:possible|allowed|eligible|permitted|available|able|refundable|covered)"
    r"|isn't (?:possible|allowed|eligible)|"
    r"cannot be|can't be|can only|not (?:allowed|eligible|possible|permitted)|no longer (?:possible|available)"
    r"|does not allow|doesn't allow|against (?:our )?policy)\b",
    re.IGNORECASE,
)
_COMPLETION = re.compile(
    r"\b(?:(?:has|have) (?:now |just |already |successfully )*been (?:successfully )?\w+(?:ed|t|wn|en|de|ne)\b"
    r"|(?:was|were) (?:successful|successfully|"
    r"completed|processed)|is (?:now )?(?:confirmed|complete|completed|booked|all set|done|scheduled|activated)"
    r"|(?:i|we)(?:'ve|’ve| have) (?:now |just |"
    r"already |successfully )*(?!been\b|sent you to\b)\w+ed\b|^(?:(?:all )?done|all set)\b|you(?:'re|’re| are) now\b)",
    re.IGNORECASE,
)
_APOLOGY = re.compile(r"\b(?:sorry|apolog(?:y|ies|i[sz]e)|my bad|regret)\b", re.IGNORECASE)
_BUSY = re.compile(r"let me (?:know|check|see|think|find)", re.IGNORECASE)
_CONDITION = re.compile(r"if i\b", re.IGNORECASE)
_OWN_PROMISE = re.compile(r"i(?:'ll|’ll| will)\b", re.IGNORECASE)
_BYE = re.compile(r"\b(?:good)?bye\b", re.IGNORECASE)
# "Ok, thanks" takes what was said and agrees to nothing; "yes, thanks" agrees.
_ONLY_THANKS = re.compile(
    r"^(?:(?:ok(?:ay)?|oh|ah|great|perfect|cool|good|nice|fine|right|lovely|brilliant|wonderful|excellent|awesome"
    r"|alright|all right|i see|got it|understood|good to know|that helps|very helpful)[\s,.!–-]+)*"
    r"(?:many thanks|thanks|thank you|thx|cheers|much appreciated)(?: (?:thanks|so much|very much|a lot|a bunch|again"
    r"|then|anyway|for (?:your|the|all your) \w+|for (?:that|this|everything)))*[\s.!]*$",
    re.IGNORECASE,
)
# German, French, Spanish, Portuguese, Italian, Dutch.
_WANTED_ABROAD = re.compile(
    r"\b(?:(?:ich|wir) (?:will|wollen|möchten?|brauchen?|hätten? gern|verlange|bitte um)|(?:könn(?:en|ten) sie|bitte)"
    r"|(?:je|nous) (?:veux|voulons|voudrais|voudrions|souhaiter?ais|souhaite|demande|demandons)|j[’']aimerais"
    r"|(?:pouvez|pourriez)-vous|(?:quiero|queremos|quisiera|necesito|necesitamos|solicito|me gustaría|pued[ea] usted)"
    r"|(?:quero|queremos|preciso|precisamos|gostaria|podem?|poderia)|(?:voglio|vogliamo|vorrei|ho bisogno|chiedo"
    r"|potete)|(?:ik|wij|we) (?:wil|willen|zou(?:den)? graag|vraag)|(?:kunt|kan) u)\b",
    re.IGNORECASE,
)
_PREFERENCE = re.compile(r"\bi (?:don't|do not|don’t) (?:have|remember|know|recall|mind|want)\b", re.IGNORECASE)
_ENGLISH = frozenset(
    """
    the a an is are was were i you my your to of and for in on it that this with have has can not do be me we
    please no yes will would could there what when how if at from need want hi hello thanks thank just but so get
    am im our by ll ve don doesn didn they been their about out still now because should did does had which know
    like us them she after before got dear good
    """.split()
)


@text_cache(maxsize=8192)
def customer_act(sentence: str) -> SpeechAct:
    """What a sentence of a customer does."""
    bare = without_lead_in(sentence)
    return next((act for act, applies in _CUSTOMER_ACTS if applies(sentence, bare)), SpeechAct.INFORMATION)


@text_cache(maxsize=8192)
def foreign_act(sentence: str) -> SpeechAct:
    """What a customer's sentence does that is not English: whether it says that something is wanted, and no more."""
    return SpeechAct.REQUEST if _WANTED_ABROAD.search(sentence) else SpeechAct.INFORMATION


@text_cache(maxsize=8192)
def staff_act(sentence: str) -> SpeechAct:
    """What a sentence of a bot or an agent does."""
    if sentence.rstrip().endswith("?"):
        return SpeechAct.QUESTION
    for act, pattern in (
        (SpeechAct.REFUSAL, _REFUSAL),
        (SpeechAct.APOLOGY, _APOLOGY),
        (SpeechAct.PROMISE, _PROMISE),
        (SpeechAct.COMPLETION, _COMPLETION),
    ):
        if pattern.search(sentence):
            return act
    if _REQUEST.search(sentence):
        return SpeechAct.REQUEST
    return SpeechAct.INFORMATION


def without_lead_in(sentence: str) -> str:
    """The sentence without greeting, yes or no, and words that only join it to the talk before."""
    previous = None
    bare = sentence.strip()
    for _ in range(_MOST_LEAD_INS):
        if bare == previous:
            break
        previous, bare = bare, _LEAD_IN.sub("", bare, count=1).strip()
    return bare


def is_english(text: str) -> bool:
    """Whether a text reads as English: short texts by default, longer ones by their share of common words."""
    words = re.findall(r"[^\W\d_]+", text.casefold())
    if len(words) < 4:
        return text.isascii()
    return sum(word in _ENGLISH for word in words) / len(words) >= 0.18


def _is_confirmation(sentence: str, bare: str) -> bool:
    if sentence.rstrip().endswith("?"):
        return False
    agrees = _AGREEMENT.search(sentence)
    if not agrees:
        return False
    rest = re.sub(
        r"\b(?:please|thanks?|thank you|you|can|i|i'd|like|would|to|with|that|this|it|the|a|so|much|very|my|for"
        r"|help|your)\b",
        "",
        bare,
        flags=re.IGNORECASE,
    )
    content = re.findall(r"[A-Za-z]{3,}", _AGREEMENT.sub("", rest))
    return len(content) <= 4


def _asks(_: str, bare: str) -> bool:
    return bool(_REQUEST.search(bare)) and not _BUSY.match(bare)


# In this order: the first that applies names the act. A condition is told as a fact, unless it is a question.
_CUSTOMER_ACTS: tuple[tuple[SpeechAct, Callable[[str, str], object]], ...] = (
    (SpeechAct.GREETING, lambda sentence, _: _GREETING.match(sentence)),
    (SpeechAct.CLOSING, lambda sentence, _: _BYE.search(sentence)),
    (SpeechAct.THANKS, lambda sentence, _: _ONLY_THANKS.match(sentence.strip())),
    (SpeechAct.CONFIRMATION, _is_confirmation),
    (SpeechAct.CLOSING, lambda sentence, _: _CLOSING.search(sentence)),
    (SpeechAct.INFORMATION, lambda _, bare: _CONDITION.match(bare) and not bare.endswith("?")),
    (SpeechAct.ATTEMPT, lambda _, bare: _ATTEMPT.search(bare)),
    (SpeechAct.REQUEST, _asks),
    (SpeechAct.QUESTION, lambda _, bare: bare.endswith("?")),
    (SpeechAct.PROBLEM, lambda _, bare: _PROBLEM.search(_PREFERENCE.sub(" ", bare))),
    (SpeechAct.THANKS, lambda sentence, _: _THANKS.search(sentence)),
    (SpeechAct.PROMISE, lambda _, bare: _OWN_PROMISE.match(bare)),
)
