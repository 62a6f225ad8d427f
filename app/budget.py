"""How long the analysis of one request may take: what is not done by then is given up, whatever the texts are like.

Whoever starts an analysis has it done `within` a budget. What may take long asks `spend` on its way, as often as it
likes: it costs less than a microsecond, and where nobody set a budget it does nothing.
"""

from collections.abc import Callable
from contextvars import ContextVar
from time import monotonic
from typing import TypeVar

Result = TypeVar("Result")


class BudgetUsedUp(Exception):
    """The time for this analysis is used up."""


class Budget:
    """So many seconds from now, by a clock that only goes forward."""

    def __init__(self, seconds: float, *, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._until = clock() + seconds
        self.gave_up = False
        """Whether something was left undone."""

    @property
    def is_used_up(self) -> bool:
        """Whether the time is over."""
        return self._clock() >= self._until

    def within(self, work: Callable[[], Result], otherwise: Result) -> Result:
        """What a piece of work comes to; `otherwise` where there is no time for it, or not enough."""
        before = _current.set(self)
        try:
            spend()
            return work()
        except BudgetUsedUp:
            self.gave_up = True
            return otherwise
        finally:
            _current.reset(before)


_current: ContextVar[Budget | None] = ContextVar("budget", default=None)


def spend() -> None:
    """Go on, unless the budget of the work under way is used up. Raises BudgetUsedUp, which `within` catches."""
    budget = _current.get()
    if budget is not None and budget.is_used_up:
        raise BudgetUsedUp
