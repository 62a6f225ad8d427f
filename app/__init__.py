"""Warmline keeps a customer's story straight across channels."""
