"""Puts tracks in order for a profile, and says why each stands where it does."""
