"""Recommenders behind one interface: the platform's own models and the baselines that they are measured against."""
