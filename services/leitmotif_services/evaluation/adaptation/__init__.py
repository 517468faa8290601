"""Further training of a causal language model on a domain."""
