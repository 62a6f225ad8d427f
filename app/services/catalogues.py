"""Work on catalogues that needs no store: what the command line does with files."""

from app.actions.intents import IntentLearner
from app.actions.lint import CatalogueLinter
from app.actions.lint.overlaps import Tell
from app.models import CatalogueReport


class CatalogueWork:
    """Looks at catalogues in files, by the embedder that `learner` learns by."""

    def __init__(self, learner: IntentLearner) -> None:
        self._linter = CatalogueLinter(learner)

    async def check(self, name_or_path: str, *, tell: Tell) -> CatalogueReport:
        """All findings about a shipped catalogue or one in a file. Raises ConfigurationError where there is none."""
        return await self._linter.check_named(name_or_path, tell=tell)
