"""Profiles as documents that a person can take along."""
