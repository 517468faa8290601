"""Ranks a catalogue for a profile, explains every score, and shows the prototypes that profiles are made of."""
