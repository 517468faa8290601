"""Finds the best tracks of a catalogue for a profile: scores, exact and approximate indexes, filters, shards."""
