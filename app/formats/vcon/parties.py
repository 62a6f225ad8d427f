"""Who is who in a vCon: the drafts name parties, not sides, so the customer has to be found.

1. A party whose role says so is the customer: customer, client, caller, user, visitor and the like.
2. Otherwise the customer is the one party of whom neither role nor type says that it serves: no agent, no bot, no
   organization.
3. Of several such parties it is the one who began the earliest dialog, or else the first of them.

Everyone else serves: a bot when role or type says so, an agent otherwise. What nobody is named for is the system's.
"""

import re
from collections.abc import Sequence
from urllib.parse import unquote

from app.formats.vcon.schema import Dialog, Document, Party
from app.models import Actor, Identifier, Participant

_CUSTOMERS = frozenset(
    "customer client caller consumer user enduser visitor guest subscriber member buyer patient contact holder".split()
)
_SERVING = frozenset(
    "agent representative rep csr operator advisor adviser supervisor manager sme expert specialist employee staff "
    "support host thirdparty party".split()
)
_BOTS = frozenset({"assistant", "ivr", "ai", "machine"})
_AUTOMATED = frozenset({"virtual", "automated", "digital", "ai"})
_MOST_CHARACTERS = 256
_DENIALS = frozenset(
    {"", "none", "no", "false", "failed", "unverified", "not verified", "not validated", "unknown", "pending", "n/a"}
)


class Cast:
    """The parties of one vCon, each with its side."""

    def __init__(self, document: Document) -> None:
        self.parties = document.parties
        stated = [_stated(party) for party in self.parties]
        self._customer = _customer(stated, [dialog for dialog in document.dialog if dialog is not None])
        self._actors = [
            Actor.CUSTOMER if index == self._customer else actor or Actor.AGENT for index, actor in enumerate(stated)
        ]

    def actor(self, party: int | None) -> Actor:
        """The side of a party; the system's when none is named."""
        return Actor.SYSTEM if party is None else self._actors[party]

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
        if self._customer is None:
            return ()
        party = self.parties[self._customer]
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

    def actor_named(self, label: str) -> Actor | None:
        """The side of a speaker who is called by name, by first name or by role; None when the label says nothing."""
        parties = self._called(label)
        return self._actors[parties[0]] if parties else actor_of_role(label)

    def participant_named(self, label: str) -> Participant | None:
        """Who a label means, where only one party is called so; a role that several have names none of them."""
        parties = self._called(label)
        return self.participant(parties[0]) if len(parties) == 1 else None

    def _called(self, label: str) -> Sequence[int]:
        wanted = label.strip().casefold()
        called: list[int] = []
        for index, party in enumerate(self.parties):
            name = (party.name or "").casefold()
            if wanted and wanted in (name, name.partition(" ")[0], (party.role or "").casefold()):
                called.append(index)
        return called


def _stated(party: Party) -> Actor | None:
    by_role = actor_of_role(party.role or "")
    kind = (party.type or "").lower()
    if by_role is Actor.CUSTOMER:
        return by_role
    if kind == "bot":
        return Actor.BOT
    return by_role or (Actor.SYSTEM if kind == "organization" else None)


def actor_of_role(role: str) -> Actor | None:
    """The side that a role's own words name, such as `customer` or `virtual assistant`; None for other words."""
    words = re.findall(r"[a-z]+", role.lower())
    if not words:
        return None
    # The last word is what somebody is; those before it only say of which sort: "customer service agent".
    head = words[-1] if words[-1] in _CUSTOMERS | _SERVING | _BOTS else words[-1].removesuffix("s")
    if head.endswith("bot") or head in _BOTS or (head in _SERVING and _AUTOMATED & set(words)):
        return Actor.BOT
    if head in _CUSTOMERS:
        return Actor.CUSTOMER
    if head in _SERVING:
        return Actor.AGENT
    return Actor.SYSTEM if head == "system" else None


def _customer(stated: Sequence[Actor | None], dialogs: Sequence[Dialog]) -> int | None:
    if Actor.CUSTOMER in stated:
        return stated.index(Actor.CUSTOMER)
    candidates = [index for index, actor in enumerate(stated) if actor is None]
    opener = min(dialogs, key=lambda dialog: dialog.start).sender if dialogs else None
    if opener in candidates:
        return opener
    return candidates[0] if candidates else None


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
