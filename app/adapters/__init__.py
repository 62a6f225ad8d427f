"""Adapters: each speaks to one vendor and answers through a port."""
