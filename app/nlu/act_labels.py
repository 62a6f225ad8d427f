"""What one sentence of service talk does, whoever says it and in whatever language."""

from enum import StrEnum


class Act(StrEnum):
    """The main thing that a sentence does. `evals/labels/README.md` says what each means, with examples."""

    PROMISE = "promise"
    REFUSAL = "refusal"
    OFFER = "offer"
    REQUEST = "request"
    QUESTION = "question"
    REPORT = "report"
    WITHDRAWAL = "withdrawal"
    CONDITION = "condition"
    COMPLAINT = "complaint"
    ANSWER = "answer"
    THANKS = "thanks"
    FAREWELL = "farewell"
    GREETING = "greeting"
    OTHER = "other"
