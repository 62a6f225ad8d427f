"""The ids that stand in paths, described."""

from typing import Annotated

from fastapi import Path

from app.models import ArticleKey

CustomerId = Annotated[str, Path(description="our id of the customer; one that was merged away leads to the survivor")]
ConversationId = Annotated[str, Path(description="the caller's id of the conversation")]
InteractionId = Annotated[str, Path(description="our id of the interaction, as evidence lists name it")]
HandoffId = Annotated[str, Path(description="our id of the handoff")]
ArticleId = Annotated[
    ArticleKey,
    Path(description="the tenant's own id of the article: 1 to 200 characters without / \\ ? # and control characters"),
]
DecisionId = Annotated[str, Path(description="our id of the decision, as next actions and handoffs tell it")]
