"""Tells whether a text asks for a person rather than a bot, in seven languages.

What the classifier is sure of counts in any wording; of what it is not sure, the wordings below find more.
English, German, French, Spanish, Portuguese, Italian and Dutch. A person must be asked for: somebody who mentions a
travel agent, is an agent, complains of one, or wants none is not asking. Texts are compared in lower case and without
accents.
"""

import re
import unicodedata

from app.caching import text_cache
from app.nlu.classifier import read
from app.nlu.features import Setting
from app.nlu.sentences import sentences
from app.nlu.unread_languages import asks_for_person_unread

_LONGEST = 4000
SURE = 0.9
"""So sure of a request for a person the classifier must be where no wording is known for it."""
_ANYWHERE = Setting(by_customer=True, turn=1)

# Who must not be taken for the person asked for: another trade's agent, the speaker, somebody spoken of.
_OTHERS = re.compile(
    r"\b(?:travel|estate|insurance|booking|ticket(?:ing)?|user|free|cleaning|leasing|shipping|letting)[ -]agents?\b"
    r"|\bagente? (?:de|di|da|d') ?(?:viajes?|viagens|viaggi|voyages?|seguros?)\b"
    r"|\bagente? immobili(?:er|are)\b|\breise(?:buro|veranstalter)\w*|\breis(?:agent|bureau)\w*"
    r"|\b(?:i am|i'm|im|as|ich bin|je suis|soy|sou|sono|ik ben) (?:an?|the|ein|eine|un|une|uma?|een)? ?(?:\w+ )?"
    r"(?:agente?|representative|operator|manager|supervisor)\b"
    r"|\b(?:your|the|that|this|last|previous|another|one|an?|ihr|votre|su|seu|vostro) (?:\w+ )?"
    r"(?:agents?|representatives?|operators?|managers?|persons?|advis[eo]rs?|rep) "
    r"(?:(?:i|we|you) (?!can|could|may)"
    r"|(?:told|said|promised|was|were|has|had|did|didn't|hung|never|sent|gave) "
    r"|(?:who|that) (?:(?:just|already|first|then|never) ){0,4}(?:i|we|you|told|said|promised|was|were|has|had|did"
    r"|didn't|hung|sent|gave|spoke|dealt|made|took|\w{3,}ed|couldn't|could not|can't|cannot|wouldn't"
    r"|would not|doesn't)\b"
    r"(?! (?:can|could|may)\b))"
    r"|\b(?:second|third|other|each|every|per|one|same|another|extra|additional) persons?\b|\bin person\b"
    r"|\b(?:my|our|his|her|their) (?:colleague|boss|employee|secretary|team|staff)s?\b"
    r"|\b(?:some|any)(?:one|body)(?: else)?'s\b"
    r"|\bhuman (?:error|resources|rights)\b|\bperson(?:s|al|ally)\b"
    r"|\b(?:manager|agent|operator|supervisor) (?:accounts?|fees?|error|id|number|role|of (?:my|the|our))\b"
)
_REFUSED = re.compile(
    r"\b(?:(?:don't|dont|do not|didn't|did not|never|won't|refuse to|avoid) (?:really |even |yet |wish |like )?"
    r"(?:(?:want(?:ed)?|need(?:ed)?|have|ask(?:ed)?|like|wish|get|got) "
    r"(?:(?:to|for|you|me|be|being|a|an|any|the|your) )*)?"
    r"(?:speak|talk|chat|need|want|agent|human|person|representative|manager|supervisor|operator|connect|transfer|call"
    r"|someone|somebody|anyone|people)\w*"
    r"|(?:no|not|without|rather than|instead of) (?:(?:to|for|with|a|an|any|the|your|need|want|necessary|talking"
    r"|speaking|another|real|live|human|being|having) ){0,8}"
    r"(?:speak|talk|chat|need|want|agent|human|person|representative|manager|supervisor|operator|connect|transfer"
    r"|call)\w*"
    r"|(?:when(?:ever)?|every time|each time|after|before|told (?:me )?to|asked (?:me )?to|last time) (?:i )?(?:\w+ )?"
    r"(?:speak|talk|chat)\w*"
    r"|i(?:'ll| will)\b[^.?!]{0,40}\bcontact"
    r"|kein(?:e|en)? (?:mensch|mitarbeiter|person|agent)\w*|pas (?:besoin )?(?:d'|de |parler)"
    r"|\bno (?:quiero|necesito|hace falta)|\bnao (?:quero|preciso)|\bnon (?:voglio|serve|mi serve)"
    r"|\bgeen (?:mens|medewerker|persoon)\w*)\b"
)
# "I don't want to talk to a bot" asks for a person, though it is worded like a refusal.
_NO = (
    r"\b(?:don't|dont|do not|not|stop|tired of|sick of|hate|rather than|instead of|other than|no more"
    r"|enough (?:of|with)|won't|no|kein(?:e|en|em)?|nicht mit|pas|plus|nao|non|geen|niet met)\b[^.,;!?]{0,30}"
)
_NO_BOT = re.compile(rf"{_NO}\b(?:chat ?)?bots?\b")
# A machine may also be what was bought, so that these words alone do not tell whom somebody would rather not talk to.
_NO_MACHINE = re.compile(
    rf"{_NO}\b(?:robot\w*|robos?|m(?:a|as)chine|maquina|macchina|ordinateur|computer|automat\w+|(?<!')ai|ki)\b"
)
_TALKING = re.compile(
    r"\b(?:speak|talk|chat|discuss|deal|convers|(?:send|pass|put|switch|connect|transferr?)(?:ing)? (?:me|us)\b|sprech"
    r"|rede|schreib|parl|discut|habla|conversa|fala|praten|spreken)"
)
_LIKELY = 0.3
_KIND = (
    r"(?:(?:real|live|actual|human|living|proper|different|senior|customer(?: service| support| care)?|support|service"
    r"|call ?cent(?:er|re)|technical|sales|billing)[ -]?){0,4}"
)
_PERSON = (
    rf"{_KIND}(?:human(?: being)?s?|persons?|people|agents?|representatives?|reps?|operators?|managers?|supervisors?"
    r"|advis[eo]rs?|specialists?|associates?|employees?|colleagues?|clerks?|receptionists?|secretary|somebody"
    r"|someone|anyone|anybody"
    r"|staff(?: member)?|team member"
    r"|member of (?:staff|(?:the|your) team)|customer (?:service|support|care)|support team|call cent(?:er|re)|boss)"
)
_ARTICLE = r"(?:an? |any |the |some |your |one of your |another |my )?"
_PLACE = (
    r"(?:staff|team|department|dept|desk|office|services|branch|headquarters|reception|billing|sales|accounts"
    r"|claims|hr)"
)
_WISHING = (
    r"\b(?:want|wanna|(?<!do i )(?<!do we )need|like|love|prefer|rather|wish|better|insist(?: on)?|let me"
    r"|(?:can|could|may|might) (?:i|we)|how (?:can|do) (?:i|we)|possible|possibility|allow me|keen|hoping)\b"
    r"[^.?!,;]{0,20}"
)
# Neither the customer's own people nor whom anybody may meet, and not the bot itself.
_SOMEBODY = (
    r"(?!(?:\w+ )?(?:friends?|famil(?:y|ies)|relatives?|wife|husband|partner|child(?:ren)?|kids?|son|daughter|mother"
    r"|father|parents?|neighbou?rs?|doctor friend|others?|strangers?|players?|members|customers?|users?|guests?|crowd"
    r"|group|bot|chatbot|robot|machine|computer|assistant|wall)\b)"
    rf"(?:(?:the|an?|your|one of (?:the|your)) (?:\w+ ){{0,2}}\w+|(?:\w+ )?{_PLACE})\b"
)
_ENGLISH = (
    (
        r"\b(?:speak|talk|chat"
        r"|(?:connect|transfer|forward|hand|pass|switch|direct|route|refer|redirect) (?:me|us)(?: over)?"
        r"|(?:connected|transferred|forwarded|handed|redirected|escalated?)(?: over| this)?|put (?:me|us)(?: through)?"
        r"|get (?:through|in touch)|reach|contact|deal|discuss (?:this|it)|(?:conversation|call|word))"
        rf"(?: directly| now| please){{0,4}}(?: to| with| through to| on to| onto)? {_ARTICLE}{_PERSON}\b"
    ),
    (
        rf"\b(?:want|need|(?:get|give|find|bring|send) me|get|prefer|demand|ask for|request(?:ing)?|put on) {_ARTICLE}"
        r"(?:(?:real|live|actual|human) ){0,4}(?:human(?: being)?|representative|rep|operator|agent|supervisor|manager"
        r"|(?:real|live|actual) (?:person|one)|customer service)\b"
    ),
    (
        r"\b(?:real|live|actual|human) (?:person|people|agent|being|representative|operator|employee|advis[eo]r"
        r"|colleague"
        r"|help|support|assistance)\b"
    ),
    (
        r"^(?:(?:an? |the )?(?:agent|human|representative|operator|person|supervisor|manager|advis[eo]r"
        r"|customer (?:service|support))(?:,? (?:please|now)){0,4}[\s,.!?…]*)+$"
    ),
    (
        rf"\b(?:anyone|anybody|{_PERSON}) (?:else |there |real )?(?:i|we) (?:can|could|may) (?:\w+ )?(?:talk|speak"
        rf"|chat)\b"
    ),
    (
        rf"\b(?:can|could|would|will|have|let|ask) {_ARTICLE}{_PERSON} (?:from \w+ \w+ |of \w+ \w+ |please ){{0,4}}"
        r"(?:to )?"
        r"(?:call|ring|phone|contact|speak|talk|take (?:this |it |that )?(?:over|on\b|from here)|step in|get in touch"
        r"|get back)\b"
    ),
    r"\b(?:(?:please|can you|could you) (?:just )?(?:call|ring|phone) (?:me|us)\b|(?:request|arrange|want|need"
    r"|like) a call ?back\b)",
    r"\b(?:want|need|get|find|bring|send|give|prefer)(?: me)? (?:a |some )?(?:member of (?:staff|your (?:team"
    r"|staff))|team member|staff member)\b",
    # "Give me someone", but not "give me someone else's seat", nor somebody sent to do a job or looked for in a town.
    r"\b(?:get|give|bring|find|put|pass|hand) me (?:over )?(?:to |on to |through to )?"
    r"(?:some(?:one|body)|anyone|anybody)\b"
    r"(?!['’]?s\b| else['’]s)(?! to (?!talk|speak|chat|deal|help))(?! (?:in|near|around) (?!charge|person))",
    r"\b(?:one|somebody|someone) (?:of|from|on|in) your (?:people|staff|team|colleagues|employees|office)\b",
    r"\b(?:can|could|will|would) you (?:please )?(?:transfer|connect|forward|redirect|put) (?:me|us)(?: over"
    r"| through)?(?: please)?\s*(?:[?.!,]|$)",
    r"\bescalate (?:this|it|my)\b|\bwant (?:this|it) escalated\b|\bescalation (?:process|team)\b",
    # Whoever it is that the customer wants to speak with, by a calling or a department that no list holds.
    rf"{_WISHING}\b(?:speak|talk|chat)(?:ing)?(?: directly| now| please){{0,4}}(?: to| with) {_SOMEBODY}",
    r"\bwho (?:can|could|do|should|may|would|might) (?:i|we) (?:\w+ )?(?:speak|talk)(?: to| with)?\b",
    (
        r"\b(?:connect|transfer|forward|put|pass|hand|switch|refer) (?:me|us)(?: over| through| in touch| in contact)?"
        rf"(?: to| with) (?:\w+ ){{0,4}}{_PLACE}\b"
    ),
    rf"\b{_PERSON} (?:at|in|from|on) [^.?!,;]{{0,30}}\b(?:i|we) (?:can|could|may) (?:\w+ )?(?:talk|speak|chat)\b",
)
_GERMAN_PERSON = (
    r"(?:(?:echte|richtige|menschliche|andere|reale)[rnms]? )?(?:mensch(?:en)?|person|mitarbeiter(?:in)?|berater(?:in)?"
    r"|kundenberater(?:in)?|agent(?:en|in)?|kundendienst|kundenservice|vorgesetzte[rn]?|ansprechpartner(?:in)?"
    r"|sachbearbeiter(?:in)?|jemand(?:em|en)?|support)"
)
_GERMAN = (
    (
        rf"\b{_GERMAN_PERSON}\b[^.?!]{{0,30}}\b(?:sprechen|reden|verbinden|verbunden|weiterleiten|weitergeleitet"
        rf"|durchstellen"
        r"|chatten|telefonieren|haben|bitte)\b"
    ),
    (
        r"\b(?:verbinden|sprechen|weiterleiten|brauche|will|mochte|verlange)\b[^.?!]{0,25}\b(?:mit |an |zu )?"
        rf"(?:einen?[mr]? |den |dem |ihre[mnr] )?{_GERMAN_PERSON}\b"
    ),
)
_ROMANCE_PERSON = (
    r"(?:(?:un[aeo']?|uma?|el|la|le|o|a|con|com|avec|mi|su|votre|algun|algum) |l'|un'){0,4}"
    r"(?:(?:vraie?|vero|vera|verdadera?|verdadeira?|autre|outra|otra|altra) )?"
    r"(?:persona?|personne|pessoa|human[oae]?|humain|etre humain|ser humano|essere umano|agente?|conseill(?:er|ere)"
    r"|asesora?|consulente|consultor|atendente|operat(?:eur|rice|ore)|operadora?|representante?|rappresentante"
    r"|ejecutiv[oa]|supervisora?|responsab(?:le|ile)|gerente|encargad[oa]|quelqu'un|alguien|alguem|qualcuno"
    r"|servizio clienti|service client|servicio al cliente|atencion al cliente)"
)
_ROMANCE = (
    (
        r"\b(?:parler|discuter|echanger|joindre|contacter|passe[rz](?:-moi)?|transfer(?:er|ez|ir|ire)\w*"
        r"|m(?:ettre|ise?|ettez-moi) en (?:relation|contact)|veux|voudrais|besoin d'|hablar|conversar"
        r"|comunic\w+|pasar(?:me)?|paseme|conect\w+|contactar|quiero|necesito"
        r"|pon(?:me|ganme) con|falar|passar|passe|quero|preciso|gostaria de|atend\w+|assist\w+|servi\w+|parlare"
        r"|parlo|passare|passarmi|passatemi"
        r"|mi passi|collega\w*|mettermi in contatto|voglio|vorrei|serve)"
        rf"(?: (?:de|d'|a|al|ao|com|con|avec|por|da|par|ser|atend\w+|hablar|falar|parlare"
        rf"|parler)){{0,4}} ?{_ROMANCE_PERSON}\b"
    ),
)
_DUTCH_PERSON = (
    r"(?:(?:echte?|menselijke?|levende?|andere?) ){0,4}"
    r"(?:mens|persoon|medewerker|iemand|agent|vertegenwoordiger|leidinggevende|klantenservice|adviseur)"
)
_DUTCH = (
    rf"\b{_DUTCH_PERSON}\b[^.?!]{{0,30}}\b(?:spreken|praten|doorverb[io]nden|doorschakelen|chatten|bellen)\b",
    rf"\b(?:spreken|praten|doorverbinden|wil|verbind me)\b[^.?!]{{0,20}}\b(?:(?:met|naar|een|de) )*{_DUTCH_PERSON}\b",
)
_ASKING = tuple(re.compile(pattern) for pattern in (*_ENGLISH, *_GERMAN, *_ROMANCE, *_DUTCH))


# "Get me one" asks for a person where a person was spoken of last.
_ONE = re.compile(
    r"\b(?:get|give|bring|find|fetch|send|put|connect|transfer|pass|want|need|have|speak|talk|prefer)"
    r"(?: (?:me|us|to|with|through|over|now)){0,4} one\b(?! (?:of|more|that|for|in|with|on|from|which|day|time"
    r"|thing|item)\b)"
)
_ABOUT_A_PERSON = re.compile(
    rf"\b(?:{_PERSON}|mitarbeiter(?:in)?|berater(?:in)?|conseiller|agente|asesor|operatore|medewerker)\b"
)


@text_cache(maxsize=4096)
def asks_for_person(text: str, before: str = "") -> bool:
    """Whether some sentence of the text asks to deal with a person. Only the first 4,000 characters are read.

    `before` is what bot or agent said last, which tells whom `one` may mean.
    """
    return (
        any(map(_sentence_asks, sentences(text[:_LONGEST])))
        or (names_a_person(before) and asks_for_one(text))
        or any(map(_surely_asks, sentences(text[:_LONGEST])))
        or asks_for_person_unread(text)
    )


def _surely_asks(sentence: str) -> bool:
    """Whether the classifier is sure, of a sentence whose `one` need not be a person of whom was spoken before."""
    if read(sentence, _ANYWHERE).human < SURE:
        return False
    plain = _plain(sentence)
    return not any(pattern.search(plain) for pattern in (_ONE, _OTHERS, _REFUSED))


def names_a_person(text: str) -> bool:
    """Whether the last sentence of the text speaks of somebody who may be asked for."""
    return any(map(_ABOUT_A_PERSON.search, _read(text)[-1:]))


def asks_for_one(text: str) -> bool:
    """Whether some sentence of the text asks for one of what was spoken of before."""
    return any(_ONE.search(sentence) and not _REFUSED.search(sentence) for sentence in _read(text))


def _read(text: str) -> list[str]:
    return [_plain(sentence) for sentence in sentences(text[:_LONGEST])]


def _sentence_asks(sentence: str) -> bool:
    plain = _plain(sentence)
    if _NO_BOT.search(plain) or (_NO_MACHINE.search(plain) and _is_of_talking(sentence, plain)):
        return True
    rest = _OTHERS.sub(" ", plain)
    return any(pattern.search(rest) for pattern in _ASKING) and not _REFUSED.search(rest)


def _is_of_talking(sentence: str, plain: str) -> bool:
    """Whether a sentence that wants no machine is about whom the customer deals with, not about a thing of theirs."""
    return _TALKING.search(plain) is not None or read(sentence, _ANYWHERE).human >= _LIKELY


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold().replace("’", "'"))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))
