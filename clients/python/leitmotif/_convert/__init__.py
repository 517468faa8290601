"""Between messages of the wire and `leitmotif.types`. Total: an enum value of a newer server becomes UNKNOWN."""
