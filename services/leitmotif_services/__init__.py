"""The services of the Leitmotif platform, one package each, over one shared `runtime`."""
