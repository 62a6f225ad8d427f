"""Formats that others speak, read into interactions and written from them: pure functions, no HTTP."""
