"""What a customer's reply does to what was said to them, and what a turn of bot or agent leaves them with.

A sentence may be friendly and still be a refusal: "no, I meant the other one, thanks" holds no word that a lexicon of
feelings knows. These are the moves by which talk goes wrong or right in any trade: turning down, correcting, disliking,
asking for something else, trying again, insisting, giving up, and on the other side agreeing, thanking, taking leave.
English, with the bare yes and no of six more languages; what is not understood makes no move.
"""

import re
from collections.abc import Collection
from enum import StrEnum


class Reply(StrEnum):
    """One move of a customer; a message may make several."""

    DECLINES = "declines"
    CORRECTS = "corrects"
    DISLIKES = "dislikes"
    WANTS_ANOTHER = "wants another"
    TRIES_AGAIN = "tries again"
    INSISTS = "insists"
    GIVES_UP = "gives up"
    SHOUTS = "shouts"
    AGREES = "agrees"
    THANKS = "thanks"
    LEAVES = "leaves"


class TurnEffect(StrEnum):
    """What a turn of bot or agent does to the customer; a turn may do several."""

    FAILS = "fails"
    APOLOGISES = "apologises"
    ASKS_TO_CONFIRM = "asks to confirm"
    ASKS_FOR_MORE = "asks for more"


_NOT = r"(?:\w+n[’']?t|\w+nt|not)"
_HEDGE = r"(?:really |even |quite |that |very |so |too |at all |still |much )*"
_OPENING = r"^\W*(?:(?:well|ok(?:ay)?|oh|ah|u[mh]+|h[mu]+|ugh|sorry|i[’']?m sorry|actually|hey)\b[\s,.!…-]*)*"

_REPLIES = {
    # "No problem" and "no preference" turn nothing down.
    Reply.DECLINES: _OPENING + r"(?:no|nope|nah|negative|not|never|neither|none|nein|non|não|nao|nee"
    r"|(?:please )?(?:don[’']?t|do not)|i (?:don[’']?t|do not|wouldn[’']?t|would not) (?:think so|want|need|like"
    r"|care for"
    r"|wish|prefer))\b(?!,? (?:problem|worries|preference|idea|matter|rush|doubt|thanks? (?:to|for)|only\b))",
    Reply.CORRECTS: r"\b(?:wrong|incorrect\w*|mistaken?|mistakes|misunderst\w+|mix(?:ed|ing)? (?:it |that )?up"
    r"|(?:not|isn[’']?t|wasn[’']?t|aren[’']?t) (?:quite |exactly )?(?:right|correct|true|accurate|what i|the one)"
    r"|i (?:said|meant|asked|told|mentioned|was asking)|instead|rather than|actually|supposed to|should have"
    r"|changed my mind|chang(?:e|ing) (?:it|that|this)|make (?:it|that)|on second thought|correct (?:the|my|that"
    r"|it))\b",
    Reply.DISLIKES: rf"\b{_NOT} {_HEDGE}(?:like|love|enjoy|care for|suit\w*|work for|fit|interest\w*|satisf\w*|good"
    rf"|great|ideal"
    r"|right for|happy|pleased|acceptable|enough|my (?:style|taste|thing|kind)|a fan|into (?:it|that))\b"
    r"|\b(?:won[’']?t|doesn[’']?t|does not|will not|didn[’']?t) (?:work|do|help)\b"
    r"|\btoo (?:early|late|expensive|pricey|far|long|short|small|big|large|much|many|few|high|low|slow|fast|old"
    r"|complicated)\b"
    r"|\b(?:hate|dislike|boring|terrible|awful|horrible|unacceptable|disappoint\w+)\b",
    Reply.WANTS_ANOTHER: r"\b(?:(?:any|some|the|few|what) others?|(?:find|show|give|try|suggest|get|have|want|about"
    r"|for|there) (?:me |us )?another"
    r"|another (?:one|option|choice|way|suggestion|time)|other (?:than|one|ones|options?|choices?|suggestions?)"
    r"|(?:any|some|every|no|what|where|who|some ?one|some ?thing|any ?thing)[ -]?(?:thing |one |where |place "
    r"|body )?else"
    r"|more (?:options|choices|possibilit\w+|results|suggestions|ideas)|(?:show|give|tell|find) me (?:some |any )?more"
    r"|(?:some|any|few|see|have) more|different|alternativ\w+|next one|keep (?:looking|searching)|look again)\b",
    Reply.TRIES_AGAIN: r"\b(?:(?:try|check|search|look|go|do (?:it|that)) (?:\w+ )?again|again(?: please)?[.?!]*$"
    r"|once more|one more time"
    r"|re-?try|re-?check|double[- ]check|start over)\b",
    Reply.INSISTS: r"\b(?:already (?:said|told|gave|given|sent|tried|did|done|answered|have)|(?:still|yet) (?:not|no"
    r"|need|want|waiting|\w+n[’']?t)"
    r"|(?:as|like) i (?:said|told|mentioned)|i (?:said|told you|asked (?:for|you|about))|(?:told|asked"
    r"|said) (?:you )?(?:\w+ )?(?:before|twice|again)"
    r"|once again|how many times|not what i (?:asked|said|want\w*|meant)|didn[’']?t answer|answer (?:my|the) question"
    r"|(?:you )?(?:keep|kept) \w+ing|get(?:ting)? back to (?:my|the)|just (?:tell|answer|give|do))\b",
    Reply.GIVES_UP: r"\b(?:forget (?:it|about it|that)|never ?mind|giv(?:e|ing) up|don[’']?t bother|leave it"
    r"|no (?:point|use)|(?:no|much of a) choice"
    r"|do it myself|wast(?:e|ed|ing) (?:of )?(?:my |our |your )?time|useless|pointless|whatever|i[’']?m done)\b",
    Reply.SHOUTS: r"[!?]{2,}|(?-i:\b[A-Z]{3,}\b[^a-z]+\b[A-Z]{3,}\b)",
    Reply.AGREES: _OPENING
    + r"(?:yes|yeah|yep|yup|yea|sure|ok(?:ay)?|alright|all right|correct|right|exactly|perfect|great|sounds"
    r"|that (?:sounds|works|will work|is (?:right|correct|good|fine|great|perfect)|would be|seems)"
    r"|that[’']s (?:right|correct|good|fine|great|perfect|it)|absolutely|of course|definitely|fine|cool|awesome"
    r"|excellent"
    r"|wonderful|lovely|nice|good|i[’']d (?:like|love) (?:that|to)|please do|go ahead|ja|oui|s[ií]|sim|va bene)\b",
    Reply.THANKS: r"\b(?:thanks?|thx|cheers|appreciate\w*|grateful|danke|merci|gracias|obrigad[oa]|grazie|bedankt)\b",
    Reply.LEAVES: r"\b(?:(?:that|this)(?:[’']?s| is| was| will be| would be| ?[’']ll be) (?:all|it|everything)"
    r"|nothing (?:else|more|further)"
    r"|(?:good)?bye|all set|i[’']?m (?:good|all set)|take care|have a (?:\w+ ){1,6}(?:day|one|evening|night|weekend"
    r"|time))\b",
}
_TURNS = {
    TurnEffect.FAILS: r"\b(?:unfortunately|sadly|unable to|could ?(?:n[’']?t|not)|(?:can(?:no|[’'])t|can not) (?!wait)"
    r"|(?:was|were|am|is)(?:n[’']?t| not) able"
    r"|no (?:\w+ ){0,3}(?:available|found|match\w*|left|results?)|not (?:available|possible|successful|found"
    r"|supported|allowed|eligible)"
    r"|n[’']?t (?:\w+ )?(?:available|possible|successful|found|supported|allowed|go through|work|find|have|offer)"
    r"|do(?:es)? not (?:have|offer|exist|support)"
    r"|unavailable|impossible|unsuccessful|fail(?:ed|ure|s)?|no longer|fully booked|sold out|out of stock"
    r"|there (?:are|is|were|was) no|had no luck|went wrong"
    r"|(?:not|n[’']?t) (?:quite )?(?:understand|catch|get that|sure what))\b",
    TurnEffect.APOLOGISES: r"\b(?:sorry|apolog\w+|regret|my (?:bad|mistake)|oops|forgive)\b",
    TurnEffect.ASKS_TO_CONFIRM: r"\b(?:confirm\w*|verify|(?:is|are) (?:that|this|it|these|everything"
    r"|all) (?:\w+ )?(?:right|ok(?:ay)?|correct|accurate|good|fine)"
    r"|correct\?|right\?|got (?:that|it|everything) (?:right|correct\w*)|to be sure|just to (?:check|make sure))",
    TurnEffect.ASKS_FOR_MORE: r"\b(?:(?:any|some)thing (?:else|more)|else (?:i|you|we) (?:can|could|may|need|want"
    r"|would)|(?:other|more|further) (?:help|assistance|questions?)"
    r"|(?:help|assist) you (?:with (?:any|some)|further)|need anything|what else|another thing|still need help"
    r"|further assist)\b",
}
_REPLY_PATTERNS = {reply: re.compile(pattern, re.IGNORECASE) for reply, pattern in _REPLIES.items()}
_TURN_PATTERNS = {turn: re.compile(pattern, re.IGNORECASE) for turn, pattern in _TURNS.items()}
_LONGEST = 2000


def reply_of(text: str, among: Collection[Reply] = tuple(Reply)) -> frozenset[Reply]:
    """Which of these moves a customer's message makes. Only the first 2,000 characters are read."""
    read = text[:_LONGEST]
    return frozenset(reply for reply in among if _REPLY_PATTERNS[reply].search(read))


def turn_of(text: str) -> frozenset[TurnEffect]:
    """What a message of bot or agent leaves the customer with. Only the first 2,000 characters are read."""
    read = text[:_LONGEST]
    return frozenset(turn for turn, pattern in _TURN_PATTERNS.items() if pattern.search(read))
