"""What is known of a challenger beside its champion."""

from typing import Literal

from pydantic import Field

from app.models.base import Confidence, Record

# Smaller differences of mean success are not worth another catalogue.
LEAST_DIFFERENCE = 0.03


class ComparisonArm(Record):
    """The figures of one arm."""

    decisions: int = Field(description="how many decisions it made since the challenger was put")
    customers: int = Field(description="how many customers have a decision of which an outcome is known")
    mean: Confidence = Field(description="mean over customers of how well what was offered served, 0..1")


class ArmComparison(Record):
    """Whether the challenger is better, by an interval that holds however often it is looked at."""

    verdict: Literal["continue", "champion_better", "challenger_better", "no_difference_worth_it"] = Field(
        description="what can be said by now; anything but `continue` may be acted upon"
    )
    difference: float = Field(description="challenger's mean less champion's, -1..1")
    ci_low: float = Field(description="lower end of its interval, which holds at all times in 95 of 100 comparisons")
    ci_high: float = Field(description="upper end of its interval")
    least_difference: float = Field(description="the smallest difference that is worth it, as asked for")
    champion: ComparisonArm = Field(description="the catalogue in force")
    challenger: ComparisonArm = Field(description="the catalogue that decides for a share of the customers")
    experiment: str = Field(default="", description="version of the challenger's catalogue")
