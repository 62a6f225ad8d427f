"""Finds what somebody promises to do, in whichever clause of a sentence it stands, and by when.

`Send the letter and I will cancel it before noon` promises in its second clause. What only keeps the talk going (`I'll
check that`, `I'll hand you over`) is no promise that outlasts it, unless a time is named. English, German, French,
Spanish, Portuguese, Italian and Dutch; in these but English a promise must name its time, since what is said there of
the present may be meant of the future (`Ein Kollege ruft Sie morgen an`).
"""

import re
from typing import NamedTuple

from app.caching import text_cache
from app.nlu.dialogue_acts import is_english

_SURE, _SURE_OF_TIMED = 0.8, 0.7
_LEAST, _LEAST_TIMED = 0.35, 0.1
# What is said of the present with a time to come is meant of the future; as a rule it binds less often.
_LEAST_PRESENT = 0.45
_CLAUSE = re.compile(
    r"(?<=[,;:–])\s++|(?<!\s)\s++(?=(?:and|but|so|or)\s++(?:then\s++)?(?:I|we|you|they|he|she|it|the|an?|our|your|someone"
    r"|somebody)\b)"
)
_DOING = (
    r"(?:be|receive|get|have|call|contact|arrive|go|reach|reply|answer|take|hear|process|see|e-?mail|send|refund|credit"
    r"|ship|replace|follow|fix|resolve|come|ring|phone|text|confirm|notify|visit|write|deliver|collect|pick|cancel|set"
    r"|hold|keep|change|check|look|let|pay|waive|repair|decide|report|return|bring|move|book|release|lift|update|file)"
)
_PROMISING = re.compile(
    r"(?:\b(?:i|we)(?:['’]ll| will|(?: am|['’]m| are|['’]re) (?:going to|gonna)| shall)\b(?! not\b)"
    rf"|(?<=[\w’'])(?:['’]ll| will| is going to| are going to| should)(?: now| then| also| all| both)? {_DOING}\b"
    rf"|\b(?:and|but|then) (?:then )?(?:will|shall)(?: now| then| also)? (?:ask|{_DOING})\b"
    rf"|\b{_DOING[:-1]}|write)s (?=[^.?!]{{0,300}}\b(?:by|before|within|no later than)\b)"
    r"|\b(?:i|we) promise\b|\brest assured|\bi(?:['’]ve| have) (?:booked|scheduled|arranged)\b)",
    re.IGNORECASE,
)
_PRESENT = re.compile(rf"(?:^|[,;:] |\band )(?:i|we) (?:now |also |then )?{_DOING}\b", re.IGNORECASE)
_LASTING = re.compile(
    r"\b(?:refund|send|sent|call(?:ed)? (?:you )?back|ring (?:you )?back|callback|e-?mail|credit|ship|replace"
    r"|follow(?:ing)?"
    r" up|get back|come back to you|contact|waive|receive|arrive|deliver|reimburse|compensat|reply|notify|technician"
    r"|let you know|reach out|write to you|text you|call you|phone you"
    r"|give you an? (?:\w+ )?(?:call|ring)|confirm(?:ation)?\b(?! (?:that|your"
    r"|the)\b)|hold it"
    r"|keep it|have it done|pay you|answer you|ring you|ask for (?:[^.?!]|\.\d){1,30} back|escalate)",
    re.IGNORECASE,
)
# How things are as a rule binds nobody.
_AS_A_RULE = re.compile(
    r"\b(?:policy (?:is|says|allows|covers|requires)|usually|normally|typically|generally|normalerweise|üblicherweise"
    r"|in der regel|généralement|habituellement|normalmente|habitualmente|generalmente|geralmente|di solito|meestal"
    r"|gewoonlijk)\b",
    re.IGNORECASE,
)
_NOT_LASTING = re.compile(
    # of the weather and the like it is told how they will be, not what somebody does
    r"^(?:it|the weather|there)(?:['’]ll| will) be "
    r"(?!\w+(?:ed|en|ade|nt|id|one)\b|there|ready|back|available|with|here|free)"
    r"|\b(?:(?:i|we)(?:['’]ll| will) (?:need|require|have to ask|be (?:happy|glad|able))|need to know|once you|if you"
    r"|would you|please|let me know|feel free|for the payment|polic(?:y|ies)|(?:proceed|go ahead) with|cannot|can['’]t"
    r"|won['’]t)\b",
    re.IGNORECASE,
)
_HANDING_ON = re.compile(
    r"\b(?:connect|transfer|hand|put|pass)(?:ing)? (?:you|this|it|them|him|her|the (?:case|chat|call|customer|caller))"
    r" (?:over|on|through|to|with|up)\b"
    r"|\bget(?:ting)? you to\b"
    r"|\b(?:bring|call|get|fetch|ask|have|find|call|pull|let)(?:ing)? (?:in )?(?:you )?(?:an?|the|our|my"
    r"|another|some(?:one|body))"
    r"(?: \w+){0,3} ?(?:take over|takes over|colleague|agent|person|advis[eo]r|manager|specialist|supervisor|human)\b",
    re.IGNORECASE,
)
_NUMBER = (
    r"(?:\d+|one|two|three|four|five|six|seven|eight|nine|ten|twelve|fourteen|twenty-four|forty-eight|a few"
    r"|a couple of|half an"
    r"|an?)"
)
_DAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_MONTH = r"(?:jan|febr|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec)[a-z]*"
_HOUR = r"\d{1,2}(?!\d)(?:[:.]\d\d(?!\d))?(?: ?[ap]\.?m\b| o['’]clock)?"
_PART = r"(?:morning|afternoon|evening|night|noon|midday|midnight|lunchtime)"
_DATE = (
    rf"(?:(?:the )?\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {_MONTH}|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?"
    rf"|the \d{{1,2}}(?:st|nd|rd|th)"
    r"|\d{4}-\d\d-\d\d|\d{1,2}[./]\d{1,2}[./]\d{2,4})"
)
_POINT = (
    rf"(?:(?:the )?(?:end|beginning|start|{_PART}) of (?:the )?(?:day|week|month|business|{_DATE}|{_DAY})"
    rf"|(?:next |this |coming )?{_DAY}(?: {_PART})?|{_DATE}|today|tomorrow|tonight|(?:to(?:morrow"
    rf"|day) )?{_PART}|(?:next|this)"
    rf" (?:week(?:end)?|month|year)|{_HOUR} in the {_PART}|{_HOUR}(?! (?:days|hours|weeks|minutes|months)))"
)
_DUE = re.compile(
    rf"\b(?:(?:with)?in (?:the next |another )?{_NUMBER}(?:\s?(?:-|–|to|or)\s?\w+)? (?:business |working |full )?"
    r"(?:minute|hour|day|week|month|year)s?|within the (?:hour|day|week|month)"
    rf"|(?:by|until|till|before|no later than|at the latest by) {_POINT}"
    r"|before (?!we\b|you\b|i\b|they\b|it\b|he\b|she\b|that\b|this\b)(?:the |your )?[a-z]+"
    rf"|(?:on|at|from|in|around) (?:the )?(?:{_POINT})|today|tomorrow|tonight|(?:this|next) (?:{_PART}"
    rf"|week(?:end)?|month|{_DAY})"
    rf"|{_DATE}|{_DAY} {_PART}|first thing)"
    rf"(?:,? (?:in the |this )?{_PART}| (?:at|by|before|after|between|on|to|and|until"
    rf"|from) {_POINT}(?: and {_HOUR})?){{0,2}}",
    re.IGNORECASE,
)
_FOREIGN_NUMBER = r"(?:\d+|[a-zà-ÿ]{2,9})"
# The hour of a day that another clause names.
_HOUR_ALONE = re.compile(r"(?:at|around) \d{1,2}(?::\d\d)?(?: ?[ap]m)?[ ,]*", re.IGNORECASE)
# A point in time that something is to be done by, as service staff writes it.
_FOREIGN_DUE = re.compile(
    # German
    r"\b(?:(?:bis|spätestens|vor)(?: (?:zum|am|spätestens|kommenden|nächsten|heute|morgen"
    r"|dem)){0,4} (?:\d{1,2}\.(?: ?[A-ZÄ][a-zä]+"
    r"|\d{1,2}\.)?|\d{1,2}(?::\d\d)? Uhr|\w+tag(?:abend|mittag|morgen)?|Mittwoch|Mittag|Abend|Ende \w+ \w+"
    r"|morgen|heute \w+)"
    rf"|(?:innerhalb|binnen|in)(?: von| der nächsten| den nächsten)? {_FOREIGN_NUMBER}(?: bis \w+)? (?:Werk|Arbeits)?"
    r"(?:Minuten|Stunden|[Tt]agen?|Wochen|Stunde|Woche)"
    r"|(?:heute|morgen|übermorgen)(?: (?:früh|vormittag|mittag|nachmittag|abend|vor|bis|um"
    r"|gegen)){0,4}(?: \d{1,2}(?::\d\d)? Uhr)?"
    r"|am (?:\w+tag|Mittwoch|\d{1,2}\. ?\w+)"
    # French
    r"|(?:avant|d['’]ici(?: à)?|au plus tard|jusqu['’]au?|dès|le)(?: le| au| à)? (?:\d{1,2}(?:er)? (?:jan|fév"
    r"|mar|avr|mai|jui|aoû|sep|oct"
    r"|nov|déc)\w+|\d{1,2} ?h(?:eures?)?(?: ?\d\d)?|(?:lun|mar|mercre|jeu|vendre|same)di|dimanche|midi|demain"
    r"|ce soir|(?:la )?fin de"
    rf" \w+ ?\w*)|(?:sous|dans(?: les)?|en|d['’]ici) {_FOREIGN_NUMBER}(?: à \w+)? (?:minute|heure|jour"
    rf"|semaine)s?(?: ouvr\w+)?|demain"
    # Spanish, Portuguese, Italian
    r"|(?:antes d(?:e|el|o|a|as|os)|hasta|até|a más tardar|para|entro|prima d(?:i|el|ella)|non oltre)(?: (?:el"
    r"|la|las|o|a|as|il|lo|le"
    r"|ao|às|de|di|este|este|próximo|dia|día)){0,4} (?:\d{1,2}(?:º|°)?(?: (?:de|di))? ?(?:ene|feb|mar|abr|may|jun"
    r"|jul|ago|sep|set|oct|out|nov"
    r"|dic|dez|fev|jan|gen|apr|mag|giu|lug|ott)\w+|\d{1,2}(?::\d\d)? ?(?:h\w*|horas?|ore)?|lunes|martes"
    r"|miércoles|jueves|viernes|sábado"
    r"|domingo|(?:segunda|terça|quarta|quinta|sexta)(?:-feira)?|lunedì|martedì|mercoledì|giovedì|venerdì|sabato"
    r"|domenica|meio-dia"
    r"|mediodía|mezzogiorno|mañana|amanhã|domani|hoy|hoje|oggi|final \w+ \w+|fine \w+)"
    rf"|(?:dentro de|en(?: un plazo de)?|em(?: até)?|entro|tra|fra|no prazo de) {_FOREIGN_NUMBER}(?: (?:a"
    rf"|o) \w+)? (?:minut\w+|hor\w+|or[ae]"
    r"|d[ií]as?|giorn\w+|seman\w+|settiman\w+)(?: (?:hábiles|úteis|lavorativi))?|mañana|amanhã|domani"
    # Dutch
    r"|(?:voor|vóór|uiterlijk|tot|op|binnen)(?: (?:morgen|vandaag|op|de|aanstaande)){0,4} (?:\d{1,2} (?:jan|feb|maa"
    r"|apr|mei|jun|jul|aug|sep"
    r"|okt|nov|dec)\w+|\d{1,2}(?:[.:]\d\d)? uur|(?:maan|dins|woens|donder|vrij|zater|zon)dag|morgen|vanavond"
    r"|eind \w+ \w+)"
    rf"|binnen {_FOREIGN_NUMBER} (?:minuten|uur|uren|dagen|werkdagen|weken)|morgen(?:ochtend|middag|avond)?)\b",
    re.IGNORECASE,
)
_FOREIGN_DOING = re.compile(
    r"\b(?:werden?|wird|melde[nt]?|rufe|ruft|rufen|schicken?|schickt|sende[nt]?|erstatten?|erstattet"
    r"|überweisen?|liefern?|liefert"
    r"|bekommen|erhalten|kommt|kommen|kläre|klären|klärt|berichte|bestätigen?|prüfen?|prüft|reservieren?"
    r"|reserviere|schreibe?n?|kümmer\w+"
    r"|\w{3,}(?:erai|erons|era|eront|rai|rons|[iud]ra|ront)|confirme|rappelle|envoie|rembourse|contacte|transmets"
    r"|vais|allons|va|vont"
    r"|\w{2,}(?:aré|eré|iré|aremos|eremos|iremos|ará|erá|irá|arán|erán|irán)|\w*(?:drá|dremos|drán|dré)|vamos"
    r"|voy|van|estará|será"
    r"|\w{2,}(?:arei|erei|irei|aremos|eremos|iremos|ará|erá|irá|arão|erão|irão)|vou|vão|terá|será|faremos|farei"
    r"|\w{2,}(?:erò|irò|eremo|iremo|erà|irà|eranno|iranno|arà|aranno)|sarà|farò|faremo"
    r"|zal|zullen|bericht(?:en)?|belt|bel|bellen|stuurt?|sturen|krijgt|ontvangt|betalen?|laat|laten|komt|nemen?"
    r"|neemt|regelen|regel)\b",
    re.IGNORECASE,
)
_FOREIGN_DENIAL = re.compile(
    r"\b(?:nicht|kein\w*|leider|pas|malheureusement|no|não|non|niet|geen|helaas|lamentablemente|infelizmente"
    r"|purtroppo)\b",
    re.IGNORECASE,
)


class Promise(NamedTuple):
    """What is promised, in the words it is promised with, and by when as it was said, None where nothing was said."""

    text: str
    due: str | None


@text_cache(maxsize=4096)
def promise_in(sentence: str, *, english: bool | None = None) -> Promise | None:
    """What a sentence promises that outlasts the talk; None for questions, refusals and what only keeps it going."""
    if sentence.rstrip().endswith("?"):
        return None
    return _english(sentence) if (is_english(sentence) if english is None else english) else _foreign(sentence)


def due_in(text: str) -> str | None:
    """When something is to be done, in the words of an English text: `by Friday`, `within four hours`."""
    match = _DUE.search(text)
    return match.group().strip(" ,") if match else None


def hands_on(text: str) -> bool:
    """Whether a text says that somebody else is to take over."""
    return _HANDING_ON.search(text) is not None


def binds_us(sentence: str, likely: float) -> bool:
    """Whether a sentence of bot or agent binds our side to something that outlasts the talk.

    `likely` is what the classifier of promises makes of it; in English the wording finds those of which it is not sure.
    """
    if likely < _LEAST_TIMED:  # most sentences; the wording of no other is looked at
        return False
    timed = time_in(sentence) is not None
    sure = likely >= (_SURE_OF_TIMED if timed else _SURE)
    perhaps = likely >= (_LEAST_TIMED if timed else _LEAST) and is_english(sentence)
    binds = sure or (perhaps and promise_in(sentence, english=True) is not None)
    binds = binds or (timed and likely >= _LEAST_PRESENT and _is_in_the_present(sentence))
    return binds and not hands_on(sentence) and not _tells_a_rule(sentence)


def _is_in_the_present(sentence: str) -> bool:
    """Whether a sentence tells in the present what is done at a time to come: `Der Techniker kommt morgen.`"""
    if sentence.rstrip().endswith("?"):
        return False
    return _PRESENT.search(sentence) is not None if is_english(sentence) else _foreign(sentence) is not None


def _tells_a_rule(sentence: str) -> bool:
    """Whether a sentence tells how things are as a rule, and no other clause of it promises."""
    if _AS_A_RULE.search(sentence) is None:
        return False
    clauses = _CLAUSE.split(sentence)
    return not any(_PROMISING.search(clause) and not _AS_A_RULE.search(clause) for clause in clauses)


def time_in(text: str) -> str | None:
    """When something is to be done, in the words of a text in any of the languages; of its clauses, of a promise."""
    clauses = (_DUE.search(piece) for piece in _CLAUSE.split(text) if _PROMISING.search(piece))
    of_promise = (match for match in clauses if match and not _HOUR_ALONE.fullmatch(match.group()))
    match = next(of_promise, None) or _DUE.search(text) or _FOREIGN_DUE.search(text)
    return match.group().strip(" ,") if match else None


def _english(sentence: str) -> Promise | None:
    pieces = _CLAUSE.split(sentence)
    for index, piece in enumerate(pieces):
        if not _PROMISING.search(piece) or _NOT_LASTING.search(piece):
            continue
        start = sentence.find(piece, sum(map(len, pieces[:index])))
        rest = sentence[start:]
        due = due_in(rest) or due_in(sentence)
        if (due or _LASTING.search(rest)) and not _HANDING_ON.search(piece):
            whole = due is not None and due not in rest
            return Promise(sentence if whole else re.sub(r"^(?:and|but|so|or) ", "", rest), due)
    return None


def _foreign(sentence: str) -> Promise | None:
    due = _FOREIGN_DUE.search(sentence)
    if due is None or _FOREIGN_DENIAL.search(sentence) or not _FOREIGN_DOING.search(sentence):
        return None
    return Promise(sentence, due.group().strip(" ,"))
