"""What no sentence of a model may hold, whatever bears it out: markup, the model's instructions, somebody's own voice.

Where a line tells a machine what to write, the sentences of the brief are looked at more closely: what rules cannot
decide is shown only where words of other lines bear it out.
"""

import re
from collections.abc import Collection, Mapping
from functools import cached_property

from app.briefs.llm.instructions import without_instructions
from app.models import Actor, Interaction, Quote
from app.nlu.dialogue_acts import SpeechAct, staff_act
from app.nlu.words import terms
from app.privacy import Redactor

COPIED = "it repeats the instructions that the model was given"
_COPIED_WORDS = 6
_BORNE_OUT = 0.5
_CONFIDENTIAL = (
    r"(?:pass(?:word|code|phrase)s?|passwor[dt]e?n?|kennwort|mot de passe|contraseña|senha|wachtwoord|pin(?:code)?"
    r"|cvv2?|cvc2?|otp|one-time (?:code|password)|secur\w+ code|card number|kartennummer|ssn|tan)"
)
# What is about a secret asks for none: `your password reset`, `since you changed your password`.
_SECRET_ASKED = re.compile(
    rf"(?<!reset )(?<!reset your )(?<!change your )(?<!changed your )(?<!changing your )(?<!resetting your )"
    rf"(?<!forgot your )(?<!forgotten your )\b{_CONFIDENTIAL}\b"
    r"(?! (?:reset|change|link|e-?mail|page|problem|issue|recovery))",
    re.IGNORECASE,
)
_ASKED = (
    r"(?:tell|give|confirm|provide|read|enter|type|share|send|need|verify|spell|say|nennen|geben|donn\w+"
    r"|dite[sz]?|dígame|diga|indique|informe|geef|noem)"
)
_ASKING = re.compile(rf"\?|\b{_ASKED}\b", re.IGNORECASE)
# Who warns against telling a secret asks for none: `please don't tell anybody your code`.
_WARNING = re.compile(
    rf"\b(?:don['’]t|do not|never|not to|no need to|no|ne|não|nunca)(?: ever| please| just)? {_ASKED}"
    rf"[^.?!,;:]{{0,60}}\b{_CONFIDENTIAL}\b[^.?!,;:]{{0,40}}[.!]?$"
    rf"|\b{_ASKED}(?: \w+){{0,3}} (?:nicht|nie|niemals|keine?n?|niet|nooit|geen)\b[^.?!,;:]{{0,60}}\b{_CONFIDENTIAL}\b",
    re.IGNORECASE,
)
_FIRST_PERSON = re.compile(
    r"\b(?:I(?!\.)|[Mm]e|[Mm]y(?! [A-Z])|[Mm]ine|[Yy]ou|[Yy]our(?! [A-Z])|[Ii]ch|[Mm]eine?|[Yy]o)\b"
    r"|\b(?:[Jj]e (?=suis|vais|veux|peux|dois|serai|ferai)|[Jj]['’]ai\b)"
)
# A brief is ours, and so is its `we`; copied from a customer it would be somebody else's.
_WE = re.compile(r"\b(?:[Ww]e|[Oo]ur(?! [A-Z])|us|Us|[Ww]ir|[Nn]ous|[Nn]osotros)\b")
_QUOTED = re.compile(r"“[^”]{0,1000}+”|\"[^\"]{0,1000}+\"|«[^»]{0,1000}+»|„[^“]{0,1000}+“")
# A sentence that tells whose account it is, or what they want: only they can know that.
_ACCOUNT = re.compile(
    r"\b(?:sa(?:y|ys|id)|claim\w*|report\w*|tells?|told|stat(?:es?|ed)|mention\w*|explain\w*|describ\w*|wants?|wanted|ask\w*"
    r"|expect\w*|request\w*|demand\w*|hop(?:es?|ed)|needs?|needed|complain\w*|insist\w*|believ\w*|thinks?|thought|disput\w*"
    r"|would like|wish\w*|according to|wonder\w*|looking for|prefer\w*|gave"
    r"|sagt\w*|möchte\w*|will|wollte|meldet\w*|fragt\w*|laut|bittet|dit|veut|demande\w*|selon|souhaite\w*|dice|dijo|quiere"
    r"|quería|pide|pidió|según|diz|disse|quer|queria|pede|pediu|segundo|vuole|chiede|secondo|zegt|zei|wil|wilde|vraagt|vroeg"
    r"|volgens|meldde|mówi|chce|говорит|хочет)\b",
    re.IGNORECASE,
)
_MARKUP = re.compile(r"https?:|www\.|://|<[!/a-zA-Z|]|\[[^\[\]]*+\]\(|[{}`]|\]\]>|^t\d+ \| ")


class Screen:
    """What sentences are held against: the lines that were shown, and the instructions that nobody is shown."""

    def __init__(self, shown: Mapping[str, Interaction], instructions: str) -> None:
        self.lines = {alias: without_instructions(interaction) for alias, interaction in shown.items()}
        self._tampered = tampered = [
            interaction for alias, interaction in shown.items() if self.lines[alias] != interaction
        ]
        every = frozenset[str]().union(*self._words.values()) if tampered else frozenset[str]()
        self._planted = frozenset[str]().union(*(terms(written(interaction)) for interaction in tampered)) - every
        self._instructions = runs(instructions)

    def objection(self, text: str) -> str | None:
        """Why a text may not be shown at all, in words; None when it may."""
        if self.is_copied(text):
            return COPIED
        return "it holds a link or markup" if _MARKUP.search(text) else None

    def voice(self, text: str, cited: Collection[str]) -> str | None:
        """Why a sentence is not told of the conversation but said in it; None when it is told.

        Its lines are `cited`, by `interaction_id`.
        """
        bare = _QUOTED.sub("", text)
        spoken = _FIRST_PERSON.search(bare)
        if not spoken and _WE.search(bare) and not _ACCOUNT.search(bare):
            ours = (
                interaction
                for interaction in self.lines.values()
                if interaction.interaction_id in cited and interaction.actor is not Actor.CUSTOMER
            )
            spoken = next(ours, None) is None
        return "it speaks as somebody in the conversation, not about it" if spoken else None

    def is_hearsay(self, text: str, cited: Collection[str]) -> bool:
        """Whether a sentence tells as a fact what the customer alone says: anybody may write anything of us."""
        wanted = frozenset(terms(text))
        theirs, ours = set[str](), set[str]()
        for interaction in self.lines.values():
            if interaction.interaction_id in cited:
                (theirs if interaction.actor is Actor.CUSTOMER else ours).update(
                    self._words[interaction.interaction_id]
                )
        return not _ACCOUNT.search(text) and len(wanted & ours) <= _BORNE_OUT * len(wanted) and bool(wanted & theirs)

    def is_copied(self, text: str) -> bool:
        """Whether a text repeats the model's instructions."""
        return not self._instructions.isdisjoint(runs(text))

    def doubt(self, text: str, cited: Collection[str], quotes: Collection[Quote] = ()) -> str | None:
        """Why a sentence is not shown although no rule refutes it: somebody tells a machine what to write, and the
        lines that it cites, by `interaction_id`, have not half of its words.

        Where words of these lines are quoted, it is enough that it has no word that only the instruction has.
        """
        wanted = frozenset(terms(text))
        if not self._tampered or not wanted:
            return None
        words = frozenset[str]().union(
            *(self._words[interaction_id] for interaction_id in cited if interaction_id in self._words)
        )
        if len(wanted & words) > _BORNE_OUT * len(wanted) or (quotes and not wanted & self._planted):
            return None
        return "a line tells a machine what to write, and no other bears this out"

    @cached_property
    def _words(self) -> Mapping[str, frozenset[str]]:
        return {
            interaction.interaction_id: frozenset(terms(written(interaction))) for interaction in self.lines.values()
        }


def asks_for_secret(sentence: str) -> bool:
    """Whether a sentence asks somebody for a password, a code or a card's number."""
    if not _SECRET_ASKED.search(sentence) or _WARNING.search(sentence):
        return False
    return bool(_ASKING.search(sentence)) or staff_act(sentence) in (SpeechAct.QUESTION, SpeechAct.REQUEST)


def leads_elsewhere(text: str) -> bool:
    """Whether a text holds an address or a number that somebody could be sent to."""
    return Redactor().redact(text) != text


def runs(text: str) -> frozenset[tuple[str, ...]]:
    """Every few words in a row of a text: what two texts have of these in common, one copied from the other."""
    words = re.findall(r"\w+", text.casefold())
    return frozenset(tuple(words[start : start + _COPIED_WORDS]) for start in range(len(words) - _COPIED_WORDS + 1))


def written(interaction: Interaction) -> str:
    """All that stands in an interaction, as one text."""
    return f"{interaction.text} {interaction.name or ''} {dict(interaction.data) or ''} {interaction.outcome or ''}"
