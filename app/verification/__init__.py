"""Checks sentences against a transcript by rules: pure, without a model, the same for everybody's sentences."""

from app.verification.checks import CHECKS
from app.verification.verifier import RuleVerifier, check, refusing_rules

__all__ = ["CHECKS", "RuleVerifier", "check", "refusing_rules"]
