"""The doors: wire formats in, words and status codes out, and nothing else."""
