"""The evals of single capabilities, each behind a command of `warmline eval`."""
