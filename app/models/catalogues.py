"""What a look at a catalogue says about it."""

from typing import Literal

from pydantic import Field

from app.models.base import Record

FindingSeverity = Literal["error", "warning", "hint"]


class CatalogueFinding(Record):
    """One thing in a catalogue that is wrong, or probably not meant so: where it stands and how to mend it."""

    severity: FindingSeverity = Field(
        description="`error`: it can never work as written; `warning`: probably not meant so; `hint`: worth a thought"
    )
    code: str = Field(description="the kind of finding, stable from release to release, such as `never_opens`")
    path: str = Field(description="where in the catalogue, such as `actions[2].policy.eligibility[0]`")
    line: int | None = Field(default=None, description="the line in the file that was read; null where it has none")
    name: str | None = Field(default=None, description="the id of the action or the name of the intent; null: neither")
    what: str = Field(description="what is wrong, in words")
    mend: str = Field(description="how to mend it, in words")


class CatalogueReport(Record):
    """All findings about a catalogue, in the order in which they stand in it, the gravest first at each place."""

    name: str | None = Field(description="the catalogue's name; null where it does not load")
    intents: int = Field(description="how many intents it has")
    actions: int = Field(description="how many actions it has")
    examples_compared_by: Literal["meaning", "words"] = Field(
        description="`meaning`: by the embedder; `words`: it did not answer, so only shared words were seen"
    )
    findings: tuple[CatalogueFinding, ...] = Field(description="what was noticed, in the order of the catalogue")

    def count(self, severity: FindingSeverity) -> int:
        """How many findings are of this severity."""
        return sum(finding.severity == severity for finding in self.findings)


class CatalogueDraft(Record):
    """A first catalogue made of conversations, which a person must edit, and what it stands on."""

    catalogue: str = Field(description="the draft, as YAML with comments")
    conversations: int = Field(description="how many conversations were read")
    resolved: int = Field(description="how many of them were resolved; the draft stands on these")
    wishes: int = Field(description="how many different sentences say what customers wished for")
    intents: int = Field(description="how many intents they were grouped into")
    actions: int = Field(description="how many steps became actions")
    missing: tuple[str, ...] = Field(description="what the conversations did not show, in sentences")
    findings: tuple[CatalogueFinding, ...] = Field(description="what the linter says of the draft")
