"""How a customer's words feel: the VADER lexicon, set right for service talk, and the course it takes over messages.

VADER was made for social media. There `lost`, `fraud` or `cancel` are sad words; to a service desk they are the matter
itself, said calmly by most. Those are neutral here, and what shows the end of somebody's patience (`for the third
time`, `nobody answers`, `this is ridiculous`) weighs more. Scores lie in -1..1, and 0 is calm.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from app.models import Sentiment, SentimentLabel, Trend
from app.nlu.dialogue_acts import is_english
from app.nlu.sentences import plain

NEGATIVE = -0.35
POSITIVE = 0.35
_LONGEST = 4000
_TURN = 0.25
_RECENT = 3

_NEUTRAL = """
accident attack attacked ache aches aching alert blind
block broken blocked cancel cancelled canceled cancelling canceling cancellation charge charged claim claims
complaint critical cracked cut damage damaged destroyed dead death debt declined delay delayed delays demand died
dispute drop emergency
error errors excuse expired failed fails failure fault faulty fraud hurt ill increase increased inconvenience
injured injury limited loss lost low miss missed missing
pain painful pay penalty please poor pressure problem problems
promise promised promises reject rejected risk sick sore stolen stuck suspended theft thief trouble
urgent virus want warning wrong
"""
_ANGRY = """
disgraceful incompetent incompetence unprofessional appalled outrage robbery scam crooks thieves shambles farce fiasco
nightmare clueless laughable unhelpful unanswered ripoff clowns
unverschämt unverschämtes unverschämte unverschämtheit frechheit sauer stinksauer sauerei empört empörend miserabel
unzumutbar lächerlich frustriert frustrierend enttäuscht wütend ärgerlich katastrophe schrecklich nutzlos
scandaleux scandaleuse marre exaspéré exaspérée catastrophique insupportable inacceptable inadmissible ridicule
frustré frustrée furieux furieuse énervé énervée déçu déçue honteux lamentable
harto harta indignado indignada vergonzoso inaceptable ridículo frustrado frustrada furioso furiosa enojado enojada
enfadado enfadada decepcionado decepcionada
pésimo vergüenza farto farta revoltado revoltada indignação inaceitável absurdo irritado irritada péssimo vergonha
assurdo stufo stufa scandaloso schifo inaccettabile ridicolo frustrato frustrata arrabbiato arrabbiata deluso delusa
pessimo vergogna
kwaad schande ergerlijk onacceptabel belachelijk gefrustreerd boos woedend teleurgesteld waardeloos schandalig
"""
_ANGER = -2.4
_OWN_VALUES = {
    "joke": -1.2,
    "wth": 0.0,
    "unbelievable": -1.6,
    "ridiculous": -2.2,
    "seriously": -0.8,
    "danke": 1.5,
    "merci": 1.5,
}

# Words that mean the same in the languages that are told from English, and what people write in any of them.
_FELT_ALIKE = {
    "super": 2.0,
    "perfekt": 2.5,
    "perfect": 2.5,
    "idiot": -2.5,
    ":)": 2.0,
    ":(": -2.0,
    "😡": -3.0,
    "👍": 2.0,
}

_IMPATIENCE = tuple(
    (re.compile(pattern, re.IGNORECASE), weight)
    for pattern, weight in (
        (r"\b(?:third|fourth|fifth|sixth|tenth|hundredth|umpteenth|\d+th) time\b", -0.45),
        (r"\b(?:three|four|five|six|ten|several|so many|countless) times\b", -0.4),
        (r"\bhow many (?:more )?times\b|\bover and over\b|\btime and (?:time )?again\b", -0.45),
        (r"\b(?:already|just) (?:told|said|gave|explained|answered|sent|provided)\b", -0.4),
        (r"\bkeeps? (?:telling|asking|saying|repeating|sending|getting|giving)\b|\bin circles\b", -0.4),
        (r"\bstill (?:not|no|(?:is|does|have|has|ca|wo)n[’']?t|waiting|broken|nothing)\b", -0.3),
        (
            r"\bwast(?:e|ing|ed) (?:of )?(?:my |our )?time\b|\bfed up\b"
            r"|\b(?:sick(?: and tired)?|tired) of (?:this|it|that|you|your|wait|hav|be|repeat|explain|call|ask|talk"
            r"|go|the)",
            -0.55,
        ),
        (
            r"\b(?:no ?body|no ?one|none of you)\b[^.?!]{0,25}\b(?:help|answer|car(?:e|es|ed|ing)\b|know|listen|repl"
            r"|c[ao]m|show|turn|arriv|call|respond|repair|fix)\w*\b",
            -0.45,
        ),
        (r"\bnothing (?:\w+ ){0,2}(?:came|arrived|happen(?:s|ed)|works?|worked|helps?|helped|changed)\b", -0.45),
        (r"\bnever (?:\w+ )?(?:came|arrived|showed up|turned up|called(?: me)? back|received)\b", -0.4),
        (
            r"\b(?:charged|billed|debited|paid)\b[^.?!]{0,25}\b(?:twice|double|two times)\b(?! as)"
            r"|\bdouble[- ]charged\b",
            -0.4,
        ),
        (r"\b(?:not|(?:is|was)n[’']?t|hardly|no) (?:very |really |at all )?(?:helpful|helping|useful)\b", -0.4),
        (r"\b(?:that|this|it|you) (?:does|do|did) ?(?:not|n[’']?t) (?:help|answer|work|make (?:any )?sense)\b", -0.3),
        (r"\bnot what i (?:asked|said|want\w*|meant)\b|\byou(?:[’']re| are) not (?:listening|understanding)\b", -0.45),
        (
            r"\bare you (?:kidding|joking|serious)\b|\b(?:must|have to|got to) be (?:kidding|joking)\b"
            r"|\bevery single time\b|\bwhat(?:[’']s| is) the point\b|\bgive up\b|\bforget it\b",
            -0.4,
        ),
        (r"\btak(?:e|ing) (?:my|our) business elsewhere\b|\b(?:lawyer|sue|ombudsman)\b", -0.45),
        (r"\bnever (?:again|using|buying|coming back)\b|\bmakes no sense\b", -0.35),
        (r"[!?]{3,}|\?!|!\?", -0.2),
    )
)
# Who only tells what happened, however sad, is calm; who judges it speaks of us, of themselves, or with emphasis.
_JUDGES = re.compile(
    r"\b(?:you|your|yours|ever|never|worst|so|very|really|absolutely|totally|utterly|completely|incredibly|extremely"
    r"|such an?"
    r"|what an?|service|support|company|staff|experience|treat\w*|ridiculous\w*|i[’']?m|i am|i feel|we are"
    r"|we[’']re)\b|!"
    r"|(?-i:\b[A-Z]{4,}\b)|^\W*\w+(?:\W+\w+){0,3}\W*$",
    re.IGNORECASE,
)
# "A bad cough" says nothing about us.
_BAD_MATTER = re.compile(
    r"\b(?:bad|terrible|horrible|awful) (?=(?:cough|cold|back|tooth|knee|headache|fever|weather|storm|signal"
    r"|connection|line)\b)",
    re.IGNORECASE,
)
# "Nothing else, thanks" turns no thanks into its opposite, as the lexicon would have it.
_NO_MORE = re.compile(
    r"\bnothing\b(?=\s*[,;.!?])|\bnothing (?:else|more|further)\b"
    r"|\b(?:no,? )?don[’']?t worry\b",
    re.IGNORECASE,
)
_COURTESY = re.compile(
    r"\bplease\b|\bthank(?:s| you)(?: (?:so much|very much|a lot|in advance))?|\bkindly\b|\bappreciated?\b"
    r"|\b(?:need|want|can you|could you) (?:some |your |me )?help\b",
    re.IGNORECASE,
)


def feeling(text: str) -> float:
    """How one message feels, -1 (furious) to 1 (delighted). Only the first 4,000 characters are read."""
    read = _BAD_MATTER.sub("", _NO_MORE.sub(" ", plain(text[:_LONGEST])))
    if not read:
        return 0.0
    impatience = sum(weight for pattern, weight in _IMPATIENCE if pattern.search(read))
    # Who complains politely complains all the same.
    scored = _COURTESY.sub(" ", read) if impatience else read
    score: float = _analyser(is_english(read)).polarity_scores(scored)["compound"]
    if score < 0 and not impatience and not _JUDGES.search(read):
        score /= 2
    score += impatience
    return max(-1.0, min(1.0, score))


def mood(feelings: Sequence[float]) -> Sentiment:
    """The label and the trend of a customer's messages in the order they were written; calm when there are none."""
    return Sentiment(label=_label(feelings), trend=_trend(feelings))


def _label(feelings: Sequence[float]) -> SentimentLabel:
    if not feelings:
        return SentimentLabel.NEUTRAL
    recent = feelings[-_RECENT:]
    average = sum(recent) / len(recent)
    was_negative = min(feelings) <= NEGATIVE
    if was_negative and (recent[-1] >= POSITIVE or (min(recent) > NEGATIVE and max(feelings) >= POSITIVE)):
        return SentimentLabel.MIXED
    if min(recent) <= NEGATIVE or average <= NEGATIVE / 2:
        return SentimentLabel.NEGATIVE
    return SentimentLabel.POSITIVE if average >= POSITIVE else SentimentLabel.NEUTRAL


def _trend(feelings: Sequence[float]) -> Trend:
    if len(feelings) < 2:
        return Trend.STEADY
    late = feelings[-min(_RECENT, len(feelings) // 2) :]
    early = feelings[: len(feelings) - len(late)]
    change = sum(late) / len(late) - sum(early) / len(early)
    if abs(change) < _TURN:
        return Trend.STEADY
    return Trend.IMPROVING if change > 0 else Trend.WORSENING


@cache
def _analyser(english: bool) -> Any:
    # Reading the lexicon takes some milliseconds, which a command that needs none should not pay.
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    analyser: Any = SentimentIntensityAnalyzer()
    if not english:  # to whom the German "war" and "die" would be a war and death
        analyser.lexicon.clear()
        analyser.lexicon.update(_FELT_ALIKE)
    analyser.lexicon.update(dict.fromkeys(_NEUTRAL.split(), 0.0))
    analyser.lexicon.update(dict.fromkeys(_ANGRY.split(), _ANGER))
    analyser.lexicon.update(_OWN_VALUES)
    return analyser
