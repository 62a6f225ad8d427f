"""The brief in a model's words: what is sent, what comes back, and what of it may stand."""
