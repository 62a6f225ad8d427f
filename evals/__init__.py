"""Offline evals: the same App that the service runs, scored over conversation files."""
