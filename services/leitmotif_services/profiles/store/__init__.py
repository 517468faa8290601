"""Where profiles are kept: the port, its implementations and their bytes."""
