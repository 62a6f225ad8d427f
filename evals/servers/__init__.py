"""Servers and stores that evals and benches start for themselves."""
