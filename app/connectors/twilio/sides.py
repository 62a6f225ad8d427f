"""Who is who: Twilio names an address or an identity, and says of neither whether it is the customer's.

An address on a channel (a number, a WhatsApp account) is the customer's. A name inside an application is an agent's,
unless the address of the webhook says otherwise: `?bots=helper&customers=user-*&agents=*@shop.example`. Twilio signs
the whole address, so nobody else can say so.
"""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import NamedTuple, Self

from app.connectors.drafting import Doer, identifier, participant
from app.connectors.reading import first_word, word
from app.connectors.twilio.addresses import address
from app.models import Actor

_TRACKS = {"inbound_track": Actor.CUSTOMER, "outbound_track": Actor.AGENT}
# Flex gives an unnamed visitor of a web chat an identity of this form.
_VISITOR, _LENGTH_OF_SID = "FX", 34
_BY_PROGRAM = "API"
_BY_APPLICATION = "SDK"


class Sides(NamedTuple):
    """What the webhook's address says of identities and of the tracks of a call."""

    patterns: Mapping[Actor, tuple[str, ...]]
    tracks: Mapping[str, Actor]

    @classmethod
    def of_query(cls, query: Mapping[str, str]) -> Self:
        """The sides as the query names them; what it does not name is as usual."""
        names = {Actor.BOT: "bots", Actor.CUSTOMER: "customers", Actor.AGENT: "agents"}
        patterns = {
            actor: tuple(pattern for part in query.get(name, "").split(",") if (pattern := part.strip()))
            for actor, name in names.items()
        }
        actors = {actor.value: actor for actor in names}
        tracks = {track: actors.get(query.get(track, ""), usual) for track, usual in _TRACKS.items()}
        return cls(patterns, tracks)

    def author(self, fields: Mapping[str, object]) -> Doer:
        """Who wrote a message of a conversation: its Author, and the Source through which it came."""
        name, source = word(fields, "Author"), word(fields, "Source").upper()
        where = address(name)
        if where.reaches_somebody and source not in (_BY_PROGRAM, _BY_APPLICATION):
            shown = participant("", word(fields, "ParticipantSid"))
            return Doer(Actor.CUSTOMER, shown, where.identifiers("Twilio Conversations"))
        # A program that writes under a number writes under ours.
        return self.identity(name, word(fields, "ParticipantSid"), by_program=source == _BY_PROGRAM)

    def identity(self, name: str, participant_sid: str = "", *, by_program: bool = False) -> Doer:
        """Who has an identity inside the application."""
        shown = participant(name, participant_sid)
        named = next((actor for actor, patterns in self.patterns.items() if _fits(name, patterns)), None)
        if named is Actor.CUSTOMER or (named is None and _is_visitor(name)):
            shown = participant("" if _is_visitor(name) else name, participant_sid or name)
            return Doer(Actor.CUSTOMER, shown, identifier("twilio_identity", name))
        if named is not None:
            return Doer(named, shown)
        if not name or name.lower() == Actor.SYSTEM:
            return Doer(Actor.SYSTEM, participant("", participant_sid))
        return Doer(Actor.BOT if by_program else Actor.AGENT, shown)

    def member(self, fields: Mapping[str, object]) -> Doer:
        """Who joined or left a conversation."""
        bound = address(first_word(fields, "MessagingBinding.Address", "MessagingBinding.AuthorAddress"))
        sid = word(fields, "ParticipantSid")
        if bound.reaches_somebody:
            name = word(fields, "MessagingBinding.Name")
            return Doer(Actor.CUSTOMER, participant(name, sid), bound.identifiers("Twilio Conversations"))
        return self.identity(word(fields, "Identity"), sid)


def _fits(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name.lower(), pattern.lower()) for pattern in patterns)


def _is_visitor(name: str) -> bool:
    return len(name) == _LENGTH_OF_SID and name.startswith(_VISITOR) and name.isalnum()
