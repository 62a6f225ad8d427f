"""The eval suite: frozen cases through the App that the service runs, scored, kept case by case, resumable."""

from importlib.resources import files
from pathlib import Path

CASES = Path(str(files("evals"))) / "cases" / "journeys"
"""The gold cases that ship with Warmline."""
