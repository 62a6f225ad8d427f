"""Whoever checks sentences against a conversation: rules, a language model, or both."""

from collections.abc import Sequence
from typing import Protocol

from app.models import Checker, Statement, Transcript, Verdict


class Verifier(Protocol):
    """Checks statements against a transcript."""

    @property
    def checker(self) -> Checker:
        """Who judges."""
        ...

    async def check(
        self, statements: Sequence[Statement], transcript: Transcript, *, timeout_s: float
    ) -> Sequence[Verdict]:
        """One verdict a statement, in order; what is not judged within the time is `unverified`.

        Raises ModelTimeout, ModelUnavailable or InvalidModelOutput where a model gave no verdict at all.
        """
        ...
