"""The `leitmotif` command line."""
