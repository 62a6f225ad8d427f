"""Finds what a catalogue that loads is nevertheless not meant to say.

`reach` looks whether actions can come up, `conditions` at policies (by `terms` and `formulas`), `needs` at parameters,
`wording` at scripts and labels, `overlaps` at examples; `linter` puts them together.
"""

from app.actions.lint.linter import CatalogueLinter

__all__ = ["CatalogueLinter"]
