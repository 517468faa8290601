"""Texts under a model: every token scored exactly once."""
