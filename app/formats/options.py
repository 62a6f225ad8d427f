"""What whoever sends a document may say of it, and what an operator has set for all of them."""

from collections.abc import Sequence
from typing import NamedTuple

UTC_NAME = "utc"
REFUSED = "refuse"


class ReadingOptions(NamedTuple):
    """How documents are read.

    `naive_times`: what a time without a zone is taken for: `utc`, the name of a zone, or `refuse`. `our_addresses`: the
    e-mail addresses and domains of ours. `customer`: who of a talk is the customer, by name, label, address or number,
    where its document does not tell.
    """

    naive_times: str = UTC_NAME
    our_addresses: Sequence[str] = ()
    customer: str | None = None

    def is_ours(self, address: str) -> bool:
        """Whether an e-mail address is one of ours, or of a domain of ours or below it."""
        written = address.strip().casefold()
        domain = written.rpartition("@")[2]
        return any(
            written == ours or domain == ours.removeprefix("@") or domain.endswith(f".{ours.removeprefix('@')}")
            for given in self.our_addresses
            if (ours := given.strip().casefold())
        )


DEFAULT_OPTIONS = ReadingOptions()
