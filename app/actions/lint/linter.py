"""Looks a whole catalogue through and says of everything that is not meant so where it stands and how to mend it."""

import asyncio
import logging
import re
from collections.abc import Sequence
from pathlib import Path

from app.actions.catalogue import Catalogue
from app.actions.catalogue_loader import catalogue_text, read_catalogue
from app.actions.intents import IntentLearner
from app.actions.lint.conditions import remarks_on_policies
from app.actions.lint.needs import remarks_on_parameters
from app.actions.lint.overlaps import Tell, remarks_by_meaning, remarks_by_words
from app.actions.lint.reach import remarks_on_reach
from app.actions.lint.remarks import PathInFile, Remark
from app.actions.lint.wording import remarks_on_words
from app.errors import InvalidRequest, RetrievalUnavailable
from app.models import CatalogueFinding, CatalogueReport
from app.yaml_text import YamlProblem, read_yaml

_log = logging.getLogger(__name__)

_GRAVITY = {"error": 0, "warning": 1, "hint": 2}
_LINE = re.compile(r"^line (\d+): ")
_AFTERWARDS = "Mend this first; all else is looked at once the catalogue loads."


def _tell_nobody(_done: int, _total: int) -> None:
    """Progress that nobody watches."""


class CatalogueLinter:
    """Checks catalogues. With a learner, examples are compared by what they mean, which takes seconds."""

    def __init__(self, learner: IntentLearner | None = None) -> None:
        self._learner = learner

    async def check_named(self, name_or_path: str, *, tell: Tell = _tell_nobody) -> CatalogueReport:
        """All findings about a shipped catalogue or one in a file. Raises ConfigurationError when there is none."""
        text = catalogue_text(name_or_path)
        return await self.check(text, as_json=Path(name_or_path).suffix == ".json", tell=tell)

    async def check(self, text: str, *, as_json: bool = False, tell: Tell = _tell_nobody) -> CatalogueReport:
        """All findings about a catalogue as it is written, its faults where it does not load."""
        try:
            catalogue = await asyncio.to_thread(read_catalogue, text, as_json=as_json)
        except InvalidRequest as failure:
            return _not_loaded(failure)
        remarks = await asyncio.to_thread(remarks_on, catalogue)
        compared = await self._on_examples(catalogue, tell)
        by_meaning = compared is not None
        remarks += compared if compared is not None else await asyncio.to_thread(remarks_by_words, catalogue)
        return CatalogueReport(
            name=catalogue.name,
            intents=len(catalogue.intents),
            actions=len(catalogue.actions),
            examples_compared_by="meaning" if by_meaning else "words",
            findings=_findings(catalogue, remarks, text),
        )

    async def _on_examples(self, catalogue: Catalogue, tell: Tell) -> list[Remark] | None:
        if self._learner is None:
            return None
        try:
            return await remarks_by_meaning(catalogue, self._learner, tell)
        except RetrievalUnavailable as failure:
            _log.warning("examples are compared by words alone: %s", failure.detail)
            return None


def remarks_on(catalogue: Catalogue) -> list[Remark]:
    """All that can be said of a catalogue without comparing its examples."""
    return [
        *remarks_on_reach(catalogue),
        *remarks_on_policies(catalogue),
        *remarks_on_parameters(catalogue),
        *remarks_on_words(catalogue),
    ]


def _findings(catalogue: Catalogue, remarks: Sequence[Remark], text: str) -> tuple[CatalogueFinding, ...]:
    try:
        lines: Sequence[int | None] = read_yaml(text).lines(remark.path for remark in remarks)
    except YamlProblem:
        lines = [None] * len(remarks)
    located = sorted(
        zip(remarks, lines, strict=True),
        key=lambda pair: (pair[1] or 0, _GRAVITY[pair[0].severity], [str(part) for part in pair[0].path]),
    )
    # What an alias of YAML repeats is one thing to mend, and stands on one line.
    on_lines: dict[tuple[int | None, str, str], list[Remark]] = {}
    for remark, line in located:
        on_lines.setdefault((line, remark.code, remark.what), []).append(remark)
    return tuple(_finding(catalogue, line, alike) for (line, _, _), alike in on_lines.items())


def _finding(catalogue: Catalogue, line: int | None, alike: Sequence[Remark]) -> CatalogueFinding:
    first = min(alike, key=lambda remark: [part if isinstance(part, int) else -1 for part in remark.path])
    more = f" (and so in {len(alike) - 1} more)" if len(alike) > 1 else ""
    return CatalogueFinding(
        severity=first.severity,
        code=first.code,
        path=dotted(first.path),
        line=line,
        name=_name_of(catalogue, first.path),
        what=f"{first.what}{more}",
        mend=first.mend,
    )


def dotted(path: PathInFile) -> str:
    """A path as people read it: `actions[2].policy.eligibility[0]`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


def _name_of(catalogue: Catalogue, path: PathInFile) -> str | None:
    if len(path) < 2 or not isinstance(path[1], int):
        return None
    return catalogue.actions[path[1]].id if path[0] == "actions" else catalogue.intents[path[1]].name


def _not_loaded(failure: InvalidRequest) -> CatalogueReport:
    findings: list[CatalogueFinding] = []
    for fault in failure.errors:
        message = str(fault["message"])
        line = _LINE.match(message)
        findings.append(
            CatalogueFinding(
                severity="error",
                code="does_not_load",
                path=str(fault["path"]),
                line=int(line[1]) if line else None,
                what=_LINE.sub("", message),
                mend=_AFTERWARDS,
            )
        )
    return CatalogueReport(name=None, intents=0, actions=0, examples_compared_by="words", findings=tuple(findings))
