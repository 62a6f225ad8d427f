"""Checks sentences against interactions: is each borne out, and if not, what is wrong with it.

Every name, number, amount and time of a sentence must stand in its evidence, and enough of its words. What it says of
the customer and of the agent must fit who said and did it, what it denies must be denied there and what it asserts must
not be, a name must not stand where another one belongs, and nothing newer may say otherwise. It is pure and knows no
language model. "The agent" in a sentence is whoever served the customer, bot or person.

Of a sentence in another language than its evidence it checks names, numbers, days, whether it denies and whom it is of,
and says that it did not check the meaning: such a sentence scores 0.5, and one that names nothing is rejected.
"""

from app.brief.verification.across import ACROSS
from app.brief.verification.judging import Statement, ground, verify
from app.brief.verification.naming import proper_names

__all__ = ["ACROSS", "Statement", "ground", "proper_names", "verify"]
