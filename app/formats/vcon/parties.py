"""Who is who in a vCon: the drafts name parties, not sides, so the customer has to be found.

1. A party whose role, type, name or address (one of ours) says on which side it stands, stands there.
2. Of the others, all are weighed against each other: by their addresses (the only one of another domain is from
   outside), by the names that are said, and by what everybody says (`app.formats.speakers`).
3. Whoever cannot be told apart is on no side, and the customer's addresses are then nobody's.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from urllib.parse import unquote

from app.errors import InvalidRequest
from app.formats import speakers
from app.formats.options import ReadingOptions
from app.formats.roles import actor_of_role, read_label
from app.formats.vcon.schema import Document, Party
from app.models import Actor, Identifier, Participant

_MOST_CHARACTERS = 256
_FROM_OUTSIDE = 4.0
_DENIALS = frozenset(
    {"", "none", "no", "false", "failed", "unverified", "not verified", "not validated", "unknown", "pending", "n/a"}
)


class Cast:
    """The parties of one vCon, each with its side; `settle` adds what their words tell."""

    def __init__(self, document: Document, options: ReadingOptions) -> None:
        self.parties = document.parties
        self.meant = (options.customer or "").strip()
        self._sides = [_stated(party, options) for party in self.parties]
        self._outside = _outside(self.parties)
        chosen = self._called(self.meant) if self.meant else []
        if chosen:
            self._sides = [side if side in (Actor.BOT, Actor.SYSTEM) else Actor.AGENT for side in self._sides]
            self._sides[chosen[0]] = Actor.CUSTOMER

    @property
    def customer(self) -> int | None:
        """The party that is the customer, where that is known."""
        return self._sides.index(Actor.CUSTOMER) if Actor.CUSTOMER in self._sides else None

    def weighed(self) -> Sequence[speakers.WeighedParty]:
        """The parties as they are weighed."""
        return [
            speakers.WeighedParty(self.name(index), side, outside)
            for index, (side, outside) in enumerate(zip(self._sides, self._outside, strict=True))
        ]

    def settle(self, sides: Mapping[int, Actor]) -> None:
        """Take over the sides of parties that were not known."""
        for index, side in sides.items():
            self._sides[index] = self._sides[index] or side

    def actor(self, party: int | None) -> Actor | None:
        """The side of a party; the system's when none is meant, None when it is not known."""
        return Actor.SYSTEM if party is None else self._sides[party]

    def name(self, party: int | None) -> str | None:
        """The name of a party, without a role that stands in it."""
        given = (self.parties[party].name or "") if party is not None else ""
        return read_label(given.replace("\0", "")).name

    def participant(self, party: int | None) -> Participant | None:
        """The name of a party, with its uuid; None where the vCon gives no name."""
        person = None if party is None else self.parties[party]
        name = ((person.name if person else None) or "").replace("\0", "").strip()
        if person is None or not name:
            return None
        uuid = (person.uuid or "").replace("\0", "").strip()
        return Participant(name=name[:_MOST_CHARACTERS], id=uuid[:_MOST_CHARACTERS] or None)

    def identifiers(self) -> tuple[Identifier, ...]:
        """The names by which the customer is known: verified when the vCon says how they were validated."""
        if self.customer is None:
            return ()
        party = self.parties[self.customer]
        method = (party.validation or "").strip()
        verified = method.lower() not in _DENIALS
        values_by_kind = {"phone": _phone(party), "email": _email(party), "sip": _sip(party), "uuid": party.uuid or ""}
        return tuple(
            Identifier(type=kind, value=value.strip(), verified=verified, method=method[:128] if verified else None)
            for kind, value in values_by_kind.items()
            if value.strip()
        )

    def label(self, party: int | None) -> str | None:
        """How people would call a party: by name, by role, or by number."""
        if party is None:
            return None
        person = self.parties[party]
        return person.name or person.role or f"party {party}"

    def names_somebody(self, label: str) -> bool:
        """Whether a label is that of a speaker: a party's name, or a role."""
        return bool(self._called(label)) or read_label(label).side is not None

    def party_named(self, label: str) -> int | None:
        """The only party that is called so: by name, by first name, by role or by address."""
        read = read_label(label)
        called = self._called(label) or (self._called(read.name) if read.name else [])
        return called[0] if len(called) == 1 else None

    def check_that_somebody_is_meant(self, labels: Sequence[str]) -> None:
        """Raises InvalidRequest where the customer that the sender names is neither a party nor a speaker."""
        if self.meant and not self._called(self.meant) and self.meant.casefold() not in map(str.casefold, labels):
            there = [self.label(index) or "" for index in range(len(self.parties))] + list(labels)
            message = f"Nobody here is called {self.meant!r}. Name one of: {', '.join(dict.fromkeys(there))}."
            raise InvalidRequest(f"customer: {message}", [{"path": "customer", "message": message}])

    def _called(self, label: str) -> list[int]:
        wanted = label.strip().casefold()
        called: list[int] = []
        for index, party in enumerate(self.parties):
            name = (self.name(index) or "").casefold()
            written = (party.name or "").casefold()
            roles = {role.casefold() for role in (party.role, party.meta_role) if role}
            if wanted and wanted in {name, written, name.partition(" ")[0], _email(party).casefold(), *roles}:
                called.append(index)
        if not called and wanted == self.meant.casefold() and wanted.isdecimal() and int(wanted) < len(self.parties):
            return [int(wanted)]
        return called


def _stated(party: Party, options: ReadingOptions) -> Actor | None:
    by_role = actor_of_role(party.role or "") or actor_of_role(party.meta_role or "")
    kind = (party.type or "").lower()
    if by_role is Actor.CUSTOMER:
        return by_role
    if kind == "bot":
        return Actor.BOT
    address = _email(party)
    if by_role is None and address and options.our_addresses:
        by_role = Actor.AGENT if options.is_ours(address) else None
    return by_role or read_label(party.name or "").side or (Actor.SYSTEM if kind == "organization" else None)


def _outside(parties: Sequence[Party]) -> Sequence[float]:
    """What the domains of the addresses speak for: among several of one domain, the only one of another is outside."""
    domains = [_email(party).rpartition("@")[2].casefold() for party in parties]
    counts = Counter(domain for domain in domains if domain)
    if sorted(counts.values())[:-1] != [1] or max(counts.values()) < 2:
        return [0.0] * len(parties)
    return [0.0 if not domain else -_FROM_OUTSIDE if counts[domain] == 1 else _FROM_OUTSIDE for domain in domains]


def _phone(party: Party) -> str:
    number = re.sub(r"^tel:", "", (party.tel or "").strip(), flags=re.IGNORECASE)
    # Switches write "anonymous" or "restricted" where no number was sent.
    return number if any(sign.isdigit() for sign in number) else ""


def _email(party: Party) -> str:
    given = (party.mailto or "").strip()
    if given.lower().startswith("mailto:"):
        given = unquote(given[len("mailto:") :].partition("?")[0])
    written_with_a_name = re.search(r"<([^<>]+)>", given)
    address = written_with_a_name[1].strip() if written_with_a_name else given
    return address if "@" in address and " " not in address else ""


def _sip(party: Party) -> str:
    return re.split(r"[;?]", re.sub(r"^sips?:", "", (party.sip or "").strip(), flags=re.IGNORECASE))[0]
