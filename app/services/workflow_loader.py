"""Builds the workflow on first use: LangGraph takes most of a second to import."""

from typing import TYPE_CHECKING

from app import offline
from app.briefs import CaseReader, Word
from app.models import Check
from app.services.filing import Filer
from app.services.parts import Parts

if TYPE_CHECKING:
    from app.workflow import Workflow


class WorkflowLoader:
    """The workflow of one App, built once."""

    def __init__(self, parts: Parts, word: Word, filer: Filer) -> None:
        self._parts = parts
        self._word = word
        self._filer = filer
        self._workflow: Workflow | None = None

    async def workflow(self) -> "Workflow":
        """The compiled workflow; the first call waits for LangGraph to load."""
        if self._workflow is None:
            self._workflow = await offline.in_turn(self._build)
        return self._workflow

    def check(self) -> Check:
        """Whether the workflow is built."""
        if self._workflow is None:
            return Check(status="loading", detail="loads in the background after the start")
        return Check(status="ok", detail="compiled")

    def _build(self) -> "Workflow":
        with offline.LOADING:
            from app.workflow import Rooms, Workflow

        return Workflow(
            Rooms(
                identities=self._parts.identities,
                gatherer=self._parts.gatherer,
                cases=CaseReader(),
                decisions=self._parts.decisions,
                knowledge=self._parts.knowledge.adviser,
                meanings=self._parts.meanings,
                ladder=self._parts.ladder,
                word=self._word,
                filer=self._filer,
            )
        )
