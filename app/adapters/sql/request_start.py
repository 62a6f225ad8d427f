"""What a request starts from, read in one go: whose it is, and what is newest of theirs.

A filed interaction never changes but by being blanked or edited, so rows that were read before are only asked for
whether they are still there: telling that takes a fraction of the time that reading them anew would.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, BindParameter, Connection, Executable, Select, bindparam, exists, func, select

from app.adapters.sql.chunks import chunks
from app.adapters.sql.rows import CHANNELS, INTERACTION_COLUMNS, KINDS, conversation_of, holding_of
from app.adapters.sql.tables import holdings, identities, interactions, seats, tenants
from app.models import Interaction
from app.ports import InteractionRef, RecentHistory, ResolvedCustomer

# Some 70 MB at most: a row whose analysis every room has read takes up to 18 KB.
REMEMBERED = 4_000
LONGEST_REMEMBERED = 2_000
MOST_FIELDS = 20
# So many rows are cheaper to ask for by their ids than together with all the others.
FEW = 40

_INTERACTION = [interactions.c[name] for name in INTERACTION_COLUMNS]
_STANDING = [interactions.c[name] for name in ("interaction_id", "seq", "redacted", "edits")]

_TENANT: BindParameter[str] = bindparam("tenant")
_VALUES: BindParameter[str] = bindparam("values", expanding=True)
HEAD = select(tenants.c.last_seq).where(tenants.c.tenant == _TENANT)
BY_IDS = select(*_INTERACTION).where(interactions.c.tenant == _TENANT, interactions.c.interaction_id.in_(_VALUES))
BY_CALLER_IDS = select(*_INTERACTION).where(interactions.c.tenant == _TENANT, interactions.c.caller_id.in_(_VALUES))

_OUTLINED = ("occurred_at", "seq", "interaction_id", "channel", "kind", "conversation_id")
OUTLINE = select(*[interactions.c[name] for name in _OUTLINED]).where(
    interactions.c.tenant == _TENANT,
    interactions.c.identity_id.in_(_VALUES),
    interactions.c.seq <= bindparam("up_to_seq"),
)
_NEWEST_OF = (
    select(
        *[interactions.c[name] for name in _OUTLINED],
        func.row_number()
        .over(partition_by=interactions.c.conversation_id, order_by=interactions.c.seq.desc())
        .label("place"),
    )
    .where(
        interactions.c.tenant == _TENANT,
        interactions.c.conversation_id.in_(_VALUES),
        interactions.c.seq <= bindparam("up_to_seq", type_=BigInteger),
    )
    .subquery()
)
OUTLINE_OF = select(*[_NEWEST_OF.c[name] for name in _OUTLINED]).where(_NEWEST_OF.c.place <= bindparam("limit"))
_PATTERN: BindParameter[str] = bindparam("pattern")
MENTIONING: Select[*tuple[Any, ...]] = (
    select(*_INTERACTION)
    .where(
        interactions.c.tenant == _TENANT,
        interactions.c.seq > bindparam("after_seq"),
        func.lower(interactions.c.text).like(_PATTERN, escape="\\")
        | func.lower(interactions.c.data).like(_PATTERN, escape="\\")
        | (interactions.c.caller_id == bindparam("words")),
    )
    .order_by(interactions.c.seq.desc())
    .limit(bindparam("limit"))
)

# Above every sequence number.
NO_SEQ = 2**62
_LATER = interactions.alias()
# It walks back from the newest row, as far as the page needs.
LAST_OF_CONVERSATIONS: Select[*tuple[Any, ...]] = (
    select(*_INTERACTION)
    .where(
        interactions.c.tenant == _TENANT,
        interactions.c.seq < bindparam("before_seq", type_=BigInteger),
        interactions.c.seq <= bindparam("up_to_seq", type_=BigInteger),
        interactions.c.conversation_id.is_not(None),
        ~exists().where(
            _LATER.c.tenant == interactions.c.tenant,
            _LATER.c.conversation_id == interactions.c.conversation_id,
            _LATER.c.seq > interactions.c.seq,
            _LATER.c.seq <= bindparam("up_to_seq", type_=BigInteger),
        ),
    )
    .order_by(interactions.c.seq.desc())
    .limit(bindparam("limit"))
)
CUSTOMERS: Select[*tuple[Any, ...]] = (
    select(identities.c.customer_id)
    .where(identities.c.tenant == _TENANT, identities.c.identity_id == identities.c.customer_id)
    .order_by(identities.c.customer_id.desc())
    .limit(bindparam("limit"))
)
CUSTOMERS_BEFORE = CUSTOMERS.where(identities.c.customer_id < bindparam("before"))

_KNOWN = identities.alias()
_PARTY: Select[*tuple[Any, ...]] = (
    select(
        identities.c.customer_id,
        identities.c.identity_id,
        *[holdings.c[name] for name in ("type", "value", "verified", "verified_at", "method", "interaction_id")],
    )
    .select_from(_KNOWN)
    .join(identities, (identities.c.tenant == _KNOWN.c.tenant) & (identities.c.customer_id == _KNOWN.c.customer_id))
    .outerjoin(holdings, holdings.c.identity_id == identities.c.identity_id)
    .where(_KNOWN.c.tenant == _TENANT)
    .order_by(identities.c.identity_id, holdings.c.type, holdings.c.value)
)
_PARTY_OF = _PARTY.where(_KNOWN.c.identity_id == bindparam("id"))
_PARTY_IN = _PARTY.where(
    _KNOWN.c.identity_id
    == select(seats.c.identity_id)
    .where(seats.c.tenant == _TENANT, seats.c.conversation_id == bindparam("id"))
    .scalar_subquery()
)


def outlined(row: Sequence[Any]) -> InteractionRef:
    """A row with the columns of `OUTLINE` as a record."""
    occurred_at, seq, interaction_id, channel, kind, conversation_id = row
    moment = datetime.fromisoformat(occurred_at)
    return InteractionRef(moment, seq, interaction_id, CHANNELS[channel], KINDS[kind], conversation_id)


def pattern_of(words: str) -> str:
    """What LIKE compares lower-case texts with to find these words anywhere in them; the escape is a backslash."""
    return "%" + re.sub(r"[\\%_]", lambda sign: "\\" + sign.group(), words.lower()) + "%"


class Remembered:
    """The interactions read last; what has been read again stays, and the rest goes by turns.

    Several threads may share one: a row that two of them read at once is read twice and no more.
    """

    def __init__(self) -> None:
        self._fresh: dict[tuple[str, str], Interaction] = {}
        self._stale: dict[tuple[str, str], Interaction] = {}

    def forget(self) -> None:
        """Keep nothing of what was read."""
        self._fresh, self._stale = {}, {}

    def get(self, tenant: str, interaction_id: str) -> Interaction | None:
        """The interaction as it was read, or None."""
        key = (tenant, interaction_id)
        interaction = self._fresh.get(key)
        if interaction is None:
            interaction = self._stale.get(key)
            if interaction is not None:
                self._fresh[key] = interaction
        return interaction

    def same(self, tenant: str, rows: Sequence[Interaction]) -> list[Interaction]:
        """These rows, which were just read, each as it was read before: what was worked out of it since stays with it.

        One that was blanked or reworded since is as it was just read.
        """
        earlier = [self.get(tenant, row.interaction_id) for row in rows]
        same = [row if before is None or before != row else before for before, row in zip(earlier, rows, strict=True)]
        self.add(tenant, same)
        return same

    def add(self, tenant: str, rows: Iterable[Interaction]) -> None:
        """Remember interactions, but for very long ones."""
        for row in rows:
            if len(row.text) <= LONGEST_REMEMBERED and len(row.data) <= MOST_FIELDS:
                self._fresh[tenant, row.interaction_id] = row
        if len(self._fresh) > REMEMBERED // 2:
            self._fresh, self._stale = {}, self._fresh


def party(
    connection: Connection, tenant: str, *, known_as: str | None, conversation_id: str | None
) -> ResolvedCustomer | None:
    """The customer that an id leads to, or else whom a conversation belongs to; None where nobody is known by it."""
    statement, name = (_PARTY_OF, known_as) if known_as is not None else (_PARTY_IN, conversation_id)
    rows = connection.execute(statement, {"tenant": tenant, "id": name}).all()
    if not rows:
        return None
    identifier_holdings = tuple(holding_of(row) for row in rows if row.type is not None)
    return ResolvedCustomer(
        rows[0].customer_id, tuple(dict.fromkeys(row.identity_id for row in rows)), identifier_holdings
    )


def lately(
    connection: Connection,
    remembered: Remembered,
    tenant: str,
    identity_ids: Collection[str],
    *,
    conversation_id: str | None,
    limit: int,
    most: int,
) -> RecentHistory:
    """The tenant's head and, up to it, the newest interactions of these identities and of their conversation."""
    head = connection.scalar(HEAD, {"tenant": tenant}) or 0
    given: dict[str, Any] = {"tenant": tenant, "after_seq": 0, "up_to_seq": head}
    newest = _newest(connection, remembered, identity_ids, given | {"limit": limit}, ())
    if conversation_id is None:
        return RecentHistory(head, newest, ())
    if len(newest) < min(limit, most):  # there is nothing else
        return RecentHistory(head, newest, tuple(row for row in newest if row.conversation_id == conversation_id))
    asked = given | {"limit": most, "conversation_id": conversation_id}
    return RecentHistory(head, newest, _newest(connection, remembered, identity_ids, asked, ("conversation_id",)))


def _newest(
    connection: Connection,
    remembered: Remembered,
    identity_ids: Collection[str],
    given: dict[str, Any],
    narrowed: tuple[str, ...],
) -> tuple[Interaction, ...]:
    def rows(*, standing: bool) -> Sequence[Any]:
        statement = newest_of(narrowed, True, len(identity_ids) == 1, True, standing=standing)
        parts = [connection.execute(statement, {**given, "values": chunk}).all() for chunk in chunks(identity_ids)]
        return parts[0] if len(parts) == 1 else [row for part in parts for row in part]

    tenant = given["tenant"]
    # A row that was blanked or edited since it was read is read anew.
    standing = sorted(
        ((seq, interaction_id, (redacted, edits)) for interaction_id, seq, redacted, edits in rows(standing=True)),
        reverse=True,
    )
    wanted = [(interaction_id, state) for _, interaction_id, state in standing[: given["limit"]]][::-1]
    rows_by_id = {
        interaction_id: row
        for interaction_id, state in wanted
        if (row := remembered.get(tenant, interaction_id)) and (row.redacted, len(row.revisions)) == state
    }
    missing = [interaction_id for interaction_id, _ in wanted if interaction_id not in rows_by_id]
    if len(missing) > FEW:
        fresh = conversation_of([row for row in rows(standing=False) if row[0] not in rows_by_id])
    else:
        read = (connection.execute(BY_IDS, {"tenant": tenant, "values": chunk}) for chunk in chunks(missing))
        fresh = conversation_of([row for part in read for row in part])
    remembered.add(tenant, fresh)
    rows_by_id |= {row.interaction_id: row for row in fresh}
    # What was erased between two of these questions is gone.
    return tuple(rows_by_id[interaction_id] for interaction_id, _ in wanted if interaction_id in rows_by_id)


@cache
def newest_of(
    narrowed: tuple[str, ...], has_end: bool, of_one_identity: bool, newest_first: bool, *, standing: bool = False
) -> Executable:
    """Interactions of identities by seq; with `standing`, only which they are and whether they were blanked."""
    of = interactions.c
    columns: Sequence[Any] = _STANDING if standing else _INTERACTION
    statement: Select[*tuple[Any, ...]] = select(*columns).where(
        of.tenant == _TENANT, of.identity_id.in_(_VALUES), of.seq > bindparam("after_seq")
    )
    for name in narrowed:
        statement = statement.where(of[name] == bindparam(name))
    if has_end:
        statement = statement.where(of.seq <= bindparam("up_to_seq"))
    # Asked for several identities in order, a database reads the whole tenant by seq until it has found enough;
    # a sum that it cannot look up makes it go by identity, and sort what little it finds there.
    order = of.seq if of_one_identity else of.seq + 0
    return statement.order_by(order.desc() if newest_first else order).limit(bindparam("limit"))
