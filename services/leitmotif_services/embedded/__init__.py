"""Everything on one machine: the composition behind `leitmotif up` and `leitmotif demo`, with a Redis of its own."""
